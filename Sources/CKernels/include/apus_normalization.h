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
    /// Per channel: 1 has mean and variance in one buffer [2, channels], given in the place of the mean, and the
    /// gradients dscale and doffset in another, in the place of dscale; the other entry of each pair is ignored.
    int64_t joined;
    /// With relu: 1 makes apus_batch_norm write where y > 0, one bit an element, and apus_batch_norm_gradient read that
    /// in place of y.
    int64_t masked;
} apus_normalization_parameters;

/// Bytes of scratch of every kernel here that has one.
int64_t apus_normalization_scratch_bytes(const apus_normalization_parameters *parameters);

/// Whether these channels can have a mask: a multiple of 16. Otherwise `masked` with relu is not supported.
bool apus_normalization_supports_mask(const apus_normalization_parameters *parameters);

/// Bytes of the mask: bit i % 8 of byte i / 8 is set where the stored element i of y [rows, channels] is > 0.
int64_t apus_normalization_mask_bytes(const apus_normalization_parameters *parameters);

// MARK: Per channel

/// mean[c] and the biased variance[c] = mean over rows of (x - mean)², accurate also where |mean| is much greater than
/// the standard deviation. Any of the results may be NULL.
/// Buffers: x, mean [channels], variance [channels], scratch.
int apus_moments(void *const *buffers, const void *parameters);

/// y = (x - mean) / sqrt(variance + epsilon) * scale + offset [+ residual] [, max(y, 0)]. y may be x or residual.
/// Buffers: x, mean, variance, scale or NULL (1), offset or NULL (0), residual or NULL, y,
///     mask or NULL (only with relu and masked is there such an entry).
int apus_batch_norm(void *const *buffers, const void *parameters);

/// Gradients of apus_batch_norm when mean and variance are those of x (training). The incoming gradient is d = g + g2
/// where there is a g2, added in float32; with `relu`, d counts only where the result y of apus_batch_norm is > 0.
/// With n = rows, r = 1/sqrt(variance + epsilon), h = (x - mean) * r:
///     dresidual = d,  doffset = sum d,  dscale = sum d*h,  dx = scale * r * (d - doffset/n - h * dscale/n),
/// where d, if dresidual is wanted, is rounded to the type first. Each result may be NULL; without dx there is one pass
/// only. dx may be g, g2 or x; dresidual may be g or g2.
/// Buffers: x, g, mean, variance, scale or NULL (1), y or the mask (NULL without relu), g2 or NULL, dx, dscale,
///     doffset, dresidual, scratch.
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
