// Normalization of x [rows, channels]: per channel over the rows (batch norm) and per row (layer norm).
// Statistics, scales, offsets and their gradients are float32; x, y, g, dx are float32 or bfloat16 (float32 inside).
#ifndef APUS_NORMALIZATION_H
#define APUS_NORMALIZATION_H

#include "apus_base.h"
#include "apus_movement.h"

typedef struct {
    int64_t rows, channels;
    /// enum apus_type of x, y, residual, g, dx: APUS_FLOAT32 or APUS_BFLOAT16.
    int64_t type;
    double epsilon;
    /// apus_batch_norm, apus_batch_norm_gradient: 1 applies ReLU last.
    int64_t relu;
    /// Batch norm: 1 if mean and variance lie behind each other, [2, channels], in the place of the mean, and dscale and
    /// doffset in that of dscale; the other places are then ignored.
    int64_t joined;
    /// Batch norm with ReLU: 1 if what passed the ReLU is told by a bit mask: bit i % 8 of byte i / 8 is set where element i of
    /// the result, as it was stored, is > 0.
    int64_t masked;
} apus_normalization_parameters;

/// Bytes of scratch of every kernel here that has one.
int64_t apus_normalization_scratch_bytes(const apus_normalization_parameters *parameters);

/// Whether there may be a mask: rows must start at whole bytes, with any vectors; and its size.
bool apus_normalization_supports_mask(const apus_normalization_parameters *parameters);
int64_t apus_normalization_mask_bytes(const apus_normalization_parameters *parameters);

// MARK: Per channel

/// mean[c] and the biased variance[c] = mean over rows of (x - mean)², accurate also where |mean| is much greater than
/// the standard deviation. Any of the results may be NULL.
/// Buffers: x, mean [channels], variance [channels], scratch.
int apus_moments(void *const *buffers, const void *parameters);

/// y = (x - mean) / sqrt(variance + epsilon) * scale + offset [+ residual] [, max(y, 0)]. y may be x or residual.
/// Buffers: x, mean, variance, scale or NULL (1), offset or NULL (0), residual or NULL, y, mask or NULL.
int apus_batch_norm(void *const *buffers, const void *parameters);

/// Gradients of apus_batch_norm when mean and variance are those of x (training). The gradient g to its result y may be a
/// sum of two; with `relu`, it counts only where y > 0. With n = rows, r = 1/sqrt(variance + epsilon), h = (x - mean) * r:
///     doffset = sum g,  dscale = sum g*h,  dx = scale * r * (g - doffset/n - h * dscale/n),  dresidual = g.
/// Each result may be NULL. dx may be g, g2 or x, dresidual may be g or g2.
/// Buffers: x, g, mean, variance, scale or NULL (1), y or mask (NULL without relu), g2 or NULL, dx, dscale, doffset,
/// dresidual, scratch.
int apus_batch_norm_gradient(void *const *buffers, const void *parameters);

// MARK: Per row

/// mean[r], rstd[r] = 1/sqrt(variance + epsilon), y = (x - mean) * rstd * scale + offset. Mean and rstd may be NULL.
/// y may be x.
/// Buffers: x, scale [channels] or NULL (1), offset [channels] or NULL (0), y, mean [rows], rstd [rows].
int apus_layer_norm(void *const *buffers, const void *parameters);

/// Gradients of apus_layer_norm from the saved mean and rstd. With h = (x - mean) * rstd, p = g * scale:
///     dx = rstd * (p - mean_c(p) - h * mean_c(p*h)),  dscale = sum_rows g*h,  doffset = sum_rows g.
/// Each result may be NULL. dx may be g or x.
/// Buffers: x, g, scale or NULL (1), mean, rstd, dx, dscale, doffset, scratch.
int apus_layer_norm_gradient(void *const *buffers, const void *parameters);

#endif
