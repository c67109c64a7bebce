// Convolutions as products of matrices: the pixels that a result sees are copied to a row, and rows are multiplied with the kernel by the
// own product. Type: float32.
#ifndef APUS_CONVOLUTION_UNFOLDED_H
#define APUS_CONVOLUTION_UNFOLDED_H

#include "apus_convolution_direct.h"

typedef struct {
    /// Of one group; the type is float32.
    apus_direct_convolution_parameters convolution;
    /// Forward only: y = max(0, y).
    int32_t relu;
    /// Forward only: a tensor of y's shape is added before the ReLU.
    int32_t adds;
} apus_unfolded_parameters;

/// y = x * w + bias + r (a correlation: the kernel is not turned), then the ReLU if asked for.
/// Buffers: x, w, bias [channels_out] or NULL, y, r or NULL, scratch.
int apus_unfolded_convolution(void *const *buffers, const void *parameters);
int64_t apus_unfolded_convolution_scratch_bytes(const apus_unfolded_parameters *parameters);

/// The gradient to x.
/// Buffers: g, w, dx, scratch.
int apus_unfolded_convolution_gradient_x(void *const *buffers, const void *parameters);
int64_t apus_unfolded_convolution_gradient_x_scratch_bytes(const apus_unfolded_parameters *parameters);

/// The gradient to w. (That to the bias is a sum over all but the last axis of g.)
/// Buffers: x, g, dw, scratch.
int apus_unfolded_convolution_gradient_w(void *const *buffers, const void *parameters);
int64_t apus_unfolded_convolution_gradient_w_scratch_bytes(const apus_unfolded_parameters *parameters);

#endif
