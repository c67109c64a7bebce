// Pooling of N H W C tensors. Types: float32, bfloat16 (float32 inside), float64.
#ifndef APUS_POOL_H
#define APUS_POOL_H

#include "apus_base.h"
#include "apus_movement.h"

typedef struct {
    /// x is [samples, height, width, channels].
    int64_t samples, height, width, channels;
    int64_t window_height, window_width;
    int64_t stride_height, stride_width;
    /// Each less than the window, so that every window holds at least one element of x.
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    /// enum apus_type.
    int64_t type;
    /// Average: 1 divides by the window's size, 0 by the number of its elements that are not padding.
    int64_t count_padding;
} apus_pool_parameters;

/// The result is [samples, out height, out width, channels], out = (size + both pads - window) / stride + 1.
int64_t apus_pool_height(const apus_pool_parameters *parameters);
int64_t apus_pool_width(const apus_pool_parameters *parameters);

/// The maximum of each window; NaN when it holds a NaN. Padding counts as -infinity.
/// Buffers: x, y.
int apus_max_pool(void *const *buffers, const void *parameters);

/// The gradient to x: each g goes to the first maximum of its window in row-major order (the first NaN, if there is
/// one); where windows overlap, the shares add up.
/// Buffers: x, g, dx, scratch.
int apus_max_pool_gradient(void *const *buffers, const void *parameters);

/// Bytes of scratch of both gradients: 0 but for bfloat16 with overlapping windows.
int64_t apus_pool_gradient_scratch_bytes(const apus_pool_parameters *parameters);

/// y = v at the position of each window's first maximum in x: the transpose of apus_max_pool_gradient.
/// Buffers: x, v (shape of x), y.
int apus_max_pool_select(void *const *buffers, const void *parameters);

/// As apus_max_pool, and where the maxima were: the position row * window_width + column of the first maximum (the
/// first NaN, if there is one) in its window, padding counted. Windows of at most 256 elements.
/// Buffers: x, y, indices (bytes, shape of y).
int apus_max_pool_indexed(void *const *buffers, const void *parameters);

/// apus_max_pool_gradient from these indices in place of x; without scratch.
/// Buffers: g, indices, dx.
int apus_max_pool_indexed_gradient(void *const *buffers, const void *parameters);

/// The mean of each window.
/// Buffers: x, y.
int apus_average_pool(void *const *buffers, const void *parameters);

/// The gradient of apus_average_pool to x.
/// Buffers: g, dx, scratch.
int apus_average_pool_gradient(void *const *buffers, const void *parameters);

#endif
