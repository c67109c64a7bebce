// 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3): 36 multiplications for 16 results instead of 144. Images of
// float32 or bfloat16; kernels, and all that is computed between loads and stores, of float32.
#ifndef APUS_WINOGRAD_H
#define APUS_WINOGRAD_H

#include "apus_base.h"

typedef struct {
    /// x is [samples, height, width, channels_in], w [3, 3, channels_in, channels_out] and
    /// y [samples, height + pad_top + pad_bottom - 2, width + pad_left + pad_right - 2, channels_out].
    int64_t samples, height, width, channels_in, channels_out;
    /// Zeros around x, each 0...2.
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    /// The most threads that take part, at least 1: each needs scratch of its own. Set it to `apus_thread_count()`. The
    /// results do not depend on it, nor on the number of threads there are later.
    int64_t threads;
    /// Forward only: y = max(0, y).
    int32_t relu;
    /// The enum apus_type of the images x, y and of their gradients dx, g: APUS_FLOAT32, which is 0, or APUS_BFLOAT16.
    /// Results of the latter are rounded to the nearest, ties to even; NaN stays NaN. w, bias and dw are float32.
    int32_t type;
} apus_winograd_parameters;

/// Whether the kernels below compute this convolution; otherwise they return APUS_STATUS_UNSUPPORTED.
bool apus_winograd_supports(const apus_winograd_parameters *parameters);

/// y = x * w + bias (a correlation: the kernel is not turned), then the ReLU if asked for.
///
/// Relative L2 error against float64: 0.6e-6 with 64 channels, 2e-6 with 512; that of bfloat16 results is the error of
/// their rounding, 1.7e-3. An infinity or NaN in x spreads over the
/// tiles of 4 x 4 results, counted from the top left, that it takes part in.
/// Buffers: x, w, bias [channels_out] or NULL, y, scratch.
int apus_winograd(void *const *buffers, const void *parameters);
int64_t apus_winograd_scratch_bytes(const apus_winograd_parameters *parameters);

/// The gradient to x, given the gradient g to x * w + bias.
/// Buffers: g, w, dx, scratch.
int apus_winograd_gradient_x(void *const *buffers, const void *parameters);
int64_t apus_winograd_gradient_x_scratch_bytes(const apus_winograd_parameters *parameters);

/// The gradient to w. (That to the bias is a sum over all but the last axis of g.)
/// Buffers: x, g, dw, scratch.
int apus_winograd_gradient_w(void *const *buffers, const void *parameters);
int64_t apus_winograd_gradient_w_scratch_bytes(const apus_winograd_parameters *parameters);

#endif
