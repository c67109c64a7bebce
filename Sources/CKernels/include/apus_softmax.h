// Softmax, log-softmax, softmax cross-entropy, and their gradients. Types: float32, bfloat16 (float32 inside), float64.
#ifndef APUS_SOFTMAX_H
#define APUS_SOFTMAX_H

#include "apus_base.h"
#include "apus_movement.h"

// MARK: Softmax

typedef struct {
    /// Tensors are [outer, axis, inner]; softmax runs along the axis.
    int64_t outer, axis, inner;
    /// enum apus_type: APUS_FLOAT32, APUS_BFLOAT16 or APUS_FLOAT64.
    int64_t type;
    /// 0: softmax, 1: its logarithm.
    int64_t logarithm;
} apus_softmax_parameters;

/// y = exp(x) / sum exp(x), or y = x - log sum exp(x). y may be x.
/// Buffers: x, y.
int apus_softmax(void *const *buffers, const void *parameters);

/// The gradient to x from y, the result of apus_softmax, and g, the gradient to y:
/// dx = y * (g - sum(g*y)), or with `logarithm` dx = g - exp(y) * sum(g). dx may be g or y.
/// Buffers: y, g, dx.
int apus_softmax_gradient(void *const *buffers, const void *parameters);

// MARK: Softmax cross-entropy

enum apus_label_form {
    /// One class index a sample, APUS_INT32, APUS_INT64 or APUS_UINT8.
    APUS_LABELS_INDEX = 0,
    /// [samples, classes] weights of the type of the logits, as a rule with sum 1.
    APUS_LABELS_DENSE = 1,
};

typedef struct {
    int64_t samples, classes;
    /// enum apus_type of logits, losses, probabilities, gradients: APUS_FLOAT32, APUS_BFLOAT16 or APUS_FLOAT64.
    int64_t type;
    /// enum apus_label_form, and the enum apus_type of index labels.
    int64_t label_form, label_type;
} apus_cross_entropy_parameters;

/// loss[n] = logsumexp(z[n]) - z[n, label[n]], where logsumexp(z[n]) = log sum_c exp(z[n, c]);
/// with dense labels sum_c label[n, c] * (logsumexp(z[n]) - z[n, c]).
/// Each result may be NULL: the losses, the softmax probabilities, the mean of the losses over the samples (one
/// element), and the gradient of that mean to the logits: softmax(z) - onehot(label), divided by the number of samples
/// (dense: softmax(z) * sum(label) - label).
/// Index labels out of range: APUS_STATUS_LABEL_OUT_OF_RANGE.
/// Buffers: logits, labels, losses or NULL, probabilities or NULL, mean or NULL, gradient or NULL, scratch.
int apus_cross_entropy(void *const *buffers, const void *parameters);
int64_t apus_cross_entropy_scratch_bytes(const apus_cross_entropy_parameters *parameters);

typedef struct {
    apus_cross_entropy_parameters loss;
    /// 1: the first buffer holds the logits; 0: the probabilities that apus_cross_entropy saved.
    int64_t from_logits;
    /// 1: g is one element for all samples; 0: [samples].
    int64_t scalar;
    /// Multiplies g: 1 for the gradient of the losses, 1/samples for that of their mean (with scalar g).
    double factor;
} apus_cross_entropy_gradient_parameters;

/// The gradient to the logits: (softmax - onehot(label)) * g[n] * factor (dense: softmax * sum(label) - label).
/// Buffers: logits or probabilities, labels, g, gradient (may be the first).
int apus_cross_entropy_gradient(void *const *buffers, const void *parameters);

#endif
