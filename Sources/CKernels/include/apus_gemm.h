// Matrix product of float32 matrices with fused bias, activation or its derivative.
#ifndef APUS_GEMM_H
#define APUS_GEMM_H

#include "apus_base.h"

/// The function applied to each element of a product.
enum apus_activation {
    APUS_ACTIVATION_NONE = 0,
    APUS_ACTIVATION_RELU = 1,
    APUS_ACTIVATION_SIGMOID = 2,
    APUS_ACTIVATION_TANH = 3,
};

/// The parameters of `apus_gemm_float32`. Strides count elements.
typedef struct {
    /// The number of products, and the extents of each: C is m x n, A is m x k, B is k x n.
    int64_t batch, m, n, k;
    /// Any strides; a batch stride of 0 uses one matrix for all products. Column stride 1 is A as written, row stride
    /// 1 its transpose.
    int64_t a_batch_stride, a_row_stride, a_column_stride;
    /// Any strides. B with column stride 1 may be read in place; other strides are packed into the scratch.
    int64_t b_batch_stride, b_row_stride, b_column_stride;
    /// The columns of C are contiguous.
    int64_t c_batch_stride, c_row_stride;
    /// An `apus_activation`.
    int32_t activation;
    /// Adds bias[n], one value a column, before the activation.
    int32_t has_bias;
    /// Multiplies the product by act'(x), given y = act(x) in a tensor laid out as C, instead of applying the
    /// activation: y > 0 for ReLU (else the result is 0), y (1 - y) for the sigmoid, 1 - y² for tanh.
    int32_t derivative;
    /// Adds a tensor laid out as C, which may be C itself, before the activation or its derivative.
    int32_t adds;
    /// Also writes s[batch][n], the sum of B over k: the gradient of the bias when C = X^T G is that of the weights.
    int32_t column_sums;
    /// Scales the product, before the bias is added.
    float alpha;
} apus_gemm_parameters;

/// C = act(alpha A B + R + bias), or C = (alpha A B + R + bias) * act'(y), for each matrix of the batch; R is what is
/// added.
///
/// Buffers: A, B, C, bias (or NULL), y (or NULL), column sums (or NULL), R (or NULL), scratch (or NULL if none is needed).
/// C overlaps no other buffer, but R may be C. Infinities and NaN propagate as in the formula, NaN
/// also through the ReLU. With k = 0 the product is 0. Each element is summed over k in an order that depends on the
/// shape only: the result does not depend on the number of threads.
int apus_gemm_float32(void *const *buffers, const void *parameters);

/// The bytes of scratch that `apus_gemm_float32` needs, 64-byte aligned; 0 for most products with an untransposed B.
int64_t apus_gemm_scratch_bytes(const apus_gemm_parameters *parameters);

/// The same on a CPU with a second-level cache of so many bytes: a B that does not stay in it is copied.
int64_t apus_gemm_scratch_bytes_with(const apus_gemm_parameters *parameters, int64_t second_cache_bytes);

#endif
