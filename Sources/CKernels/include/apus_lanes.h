// The "batch in lanes" layout: convolution chains of few channels with 16 samples side by side in the vector lanes.
//
// A tensor of N samples with C channels of H × W is float32 `[ceil(N / 16)][C][H][W][16]`: a block holds 16 samples,
// and the innermost dimension is the sample within the block. Vector width is then full whatever the channel count.
// Lanes beyond N are zero in packed tensors; what kernels make of them never mixes with real samples, and gradients
// of the lanes beyond N must be zero (they are, when they were packed).
#ifndef APUS_LANES_H
#define APUS_LANES_H

#include "apus_base.h"

/// Samples in a block of the lanes layout.
#define APUS_LANES_BLOCK 16

// MARK: Conversion

/// `[samples][height][width][channels]` to lanes and back.
typedef struct {
    int64_t samples, height, width, channels;
    /// Element type of the dense tensor: `APUS_FLOAT32` or `APUS_UINT8` for packing; unpacking makes float32 only.
    int32_t type;
    /// Packing stores `x * scale + offset`; not used by unpacking.
    float scale, offset;
} apus_lanes_pack_parameters;

/// Dense to lanes: `y = x * scale + offset`, lanes beyond `samples` 0. Buffers: x, y. Status 1: another element type.
int apus_lanes_pack(void *const *buffers, const void *parameters);

/// Lanes to dense float32. Buffers: x, y.
int apus_lanes_unpack(void *const *buffers, const void *parameters);

/// Sets the lanes beyond `samples` to 0, in place: for gradients that were computed in lanes. Buffers: x.
int apus_lanes_clear_padding(void *const *buffers, const void *parameters);

// MARK: Convolution

/// A convolution of stride 1 with zero padding, then ReLU if `relu`, then 2×2 max pooling of stride 2 if `pool`.
///
/// The convolution's image is `height + pad_top + pad_bottom - kernel_height + 1` rows high, and as wide accordingly;
/// pooling halves both, rounding down (an odd last row or column is dropped, and its gradient is 0).
typedef struct {
    int64_t samples, channels_in, channels_out, height, width;
    int64_t kernel_height, kernel_width;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    int32_t relu, pool;
} apus_lanes_convolution_parameters;

/// Bytes of the masks that a convolution with `relu` or `pool` stores for its gradient, 0 without both.
///
/// For each element of the result (16 lanes) `positions` uint16, where `positions` is 4 with `pool` (the window in
/// row-major order) and 1 without: `[ceil(N / 16)][channels_out][rows][columns][positions]`. A bit says that this
/// lane's gradient goes to this position: that of the first maximum, and with `relu` only if the result is > 0.
int64_t apus_lanes_convolution_mask_bytes(const apus_lanes_convolution_parameters *parameters);

int64_t apus_lanes_convolution_scratch_bytes(const apus_lanes_convolution_parameters *parameters);

/// y = pool(relu(x ⊛ w + bias)). Buffers: x (lanes), w `[kernel_height][kernel_width][in][out]`, bias `[out]` or
/// NULL, y (lanes), masks or NULL, scratch. NaN passes through ReLU and pooling.
int apus_lanes_convolution(void *const *buffers, const void *parameters);

int64_t apus_lanes_convolution_gradient_scratch_bytes(const apus_lanes_convolution_parameters *parameters);

/// The gradient of `apus_lanes_convolution`. Buffers: x, w, g (the gradient of y), masks (NULL if neither `relu` nor
/// `pool`), dx (lanes), dw (as w), db `[out]`, scratch. Each of dx, dw, db may be NULL: not wanted. x is read for dw
/// only, w for dx only. Status 1: masks missing.
int apus_lanes_convolution_gradient(void *const *buffers, const void *parameters);

// MARK: Pooling

/// A window that slides over each channel. The result has `(height + pad_top + pad_bottom - window_height) /
/// stride_height + 1` rows (rounded down), and columns accordingly. Padding must be smaller than the window.
typedef struct {
    int64_t samples, channels, height, width;
    int64_t window_height, window_width, stride_height, stride_width;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    /// Average only: whether padding counts in the divisor.
    int32_t count_padding;
} apus_lanes_pool_parameters;

/// The maximum of each window; padding counts as −∞. NaN passes through. Buffers: x, y.
int apus_lanes_max_pool(void *const *buffers, const void *parameters);

/// The gradient goes to the first maximum of each window. Buffers: x, g, dx.
int apus_lanes_max_pool_gradient(void *const *buffers, const void *parameters);

/// The mean of each window. Buffers: x, y.
int apus_lanes_average_pool(void *const *buffers, const void *parameters);

/// Buffers: g, dx.
int apus_lanes_average_pool_gradient(void *const *buffers, const void *parameters);

#endif
