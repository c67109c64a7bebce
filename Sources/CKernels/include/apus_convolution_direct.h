// A plain direct convolution for every stride, padding, dilation and group: the fallback. Types: float32, float64.
#ifndef APUS_CONVOLUTION_DIRECT_H
#define APUS_CONVOLUTION_DIRECT_H

#include "apus_base.h"
#include "apus_movement.h"

typedef struct {
    /// x is [samples, height, width, channels_in], y [samples, out height, out width, channels_out],
    /// w [kernel_height, kernel_width, channels_in / groups, channels_out].
    int64_t samples, height, width, channels_in, channels_out;
    int64_t kernel_height, kernel_width;
    int64_t stride_height, stride_width;
    int64_t dilation_height, dilation_width;
    /// Zeros around x; may be negative (cuts x).
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    /// Divides both channel counts; output channel o belongs to group o / (channels_out / groups).
    int64_t groups;
    /// APUS_FLOAT32 or APUS_FLOAT64.
    int64_t type;
} apus_direct_convolution_parameters;

/// (size + both pads - dilation * (kernel - 1) - 1) / stride + 1, or 0.
int64_t apus_direct_convolution_height(const apus_direct_convolution_parameters *parameters);
int64_t apus_direct_convolution_width(const apus_direct_convolution_parameters *parameters);

/// y = x * w + bias (a correlation: the kernel is not turned).
/// Buffers: x, w, bias [channels_out] or NULL, y.
int apus_direct_convolution(void *const *buffers, const void *parameters);

/// The gradient to x: also the transposed convolution of g.
/// Buffers: g, w, dx.
int apus_direct_convolution_gradient_x(void *const *buffers, const void *parameters);

/// The gradient to w. (That to the bias is a sum over all but the last axis of g.)
/// Buffers: x, g, dw.
int apus_direct_convolution_gradient_w(void *const *buffers, const void *parameters);

#endif
