// Convolutions and matrix products by oneDNN, in terms of this project: describe, plan, run. The same over oneDNN 2.x
// and 3.x.
#ifndef APUS_ONEDNN_H
#define APUS_ONEDNN_H

#include "apus_base.h"

/// The version of the library that is loaded. Returns 0.
int apus_onednn_version(int *major, int *minor, int *patch);

// MARK: Plans

/// A computation that is ready to run. A plan may run on any thread, but on one at a time: it remembers where its
/// buffers were.
typedef struct apus_onednn_plan apus_onednn_plan;

/// The kernel: runs a plan on the buffers that the plan's constructor documents, all 64-byte aligned. Returns 0, or 100
/// plus oneDNN's status; 102 (invalid arguments) also if a buffer is missing. oneDNN sums in an order of its own:
/// results may differ in their last bits between thread counts, and its calls take and release small heap blocks.
int apus_onednn_run(void *const *buffers, const void *plan);

/// The bytes of the scratch buffer; with 0 it may be NULL.
int64_t apus_onednn_plan_scratch_bytes(const apus_onednn_plan *plan);

/// oneDNN's name of the implementation, such as `brgconv:avx512_core`.
const char *apus_onednn_plan_name(const apus_onednn_plan *plan);

/// Frees a plan; NULL is fine.
void apus_onednn_plan_destroy(apus_onednn_plan *plan);

// Every constructor of a plan returns NULL if the shape is wrong or oneDNN has nothing better than its reference loops
// for it (bfloat16 on older CPUs, say), with 100 plus oneDNN's status in `*status` and a sentence in `message`; both
// may be NULL.

// MARK: Convolutions

/// A convolution of images [n, h, w, in_channels] with a kernel [kernel_h, kernel_w, in_channels / groups,
/// out_channels], whose output channels are ordered by group. Its result has ⌊(h + pad_top + pad_bottom - dilation_h
/// (kernel_h - 1) - 1) / stride_h⌋ + 1 rows, and columns likewise. With h = kernel_h = 1 it is a convolution of
/// sequences. Kernels, biases and their gradients are float32; where oneDNN prefers another order or type, the plan
/// converts them in its scratch memory.
typedef struct {
    int64_t n, h, w, in_channels, out_channels;
    int64_t kernel_h, kernel_w;
    int64_t stride_h, stride_w;
    /// Zeros around the image.
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    /// 1: the window is dense.
    int64_t dilation_h, dilation_w;
    int64_t groups;
    /// APUS_FLOAT32 or APUS_BFLOAT16: of images, results and their gradients.
    int32_t type;
    /// Whether there is a bias [out_channels], or its gradient is wanted. Not for the input gradient.
    int32_t has_bias;
    /// Whether the result is max(0, ...). Forward only.
    int32_t relu;
    /// Whether the kernel is the result of `apus_onednn_kernel_preparation`. Forward only.
    int32_t prepared;
} apus_convolution_shape;

/// y[n,i,j,o] = Σ x[n, i stride_h + u dilation_h - pad_top, j stride_w + v dilation_w - pad_left, c] kernel[u,v,c,o] +
/// bias[o] over u, v and the channels c of o's group. Buffers: x, kernel, bias (or NULL), y, scratch.
apus_onednn_plan *apus_onednn_convolution_forward(const apus_convolution_shape *shape, int *status, char *message,
                                                  size_t message_size);

/// Brings the kernel of a convolution into the library's order, once for many runs; `*bytes` becomes the size of the
/// result. NULL also where the kernel can be used as it is. Buffers: kernel, result, scratch.
apus_onednn_plan *apus_onednn_kernel_preparation(const apus_convolution_shape *shape, int64_t *bytes);

/// The gradient to x, which is also the transposed convolution of g. Buffers: g (the gradient of y), kernel, gradient
/// of x, scratch.
apus_onednn_plan *apus_onednn_convolution_input_gradient(const apus_convolution_shape *shape, int *status,
                                                         char *message, size_t message_size);

/// The gradients to kernel and bias, summed in float32. Buffers: x, g (the gradient of y), gradient of the kernel,
/// gradient of the bias (or NULL), scratch.
apus_onednn_plan *apus_onednn_convolution_kernel_gradient(const apus_convolution_shape *shape, int *status,
                                                          char *message, size_t message_size);

/// The same three by number.
enum apus_onednn_direction {
    APUS_ONEDNN_FORWARD = 0,
    APUS_ONEDNN_INPUT_GRADIENT = 1,
    APUS_ONEDNN_KERNEL_GRADIENT = 2,
};

typedef apus_convolution_shape apus_onednn_convolution_shape;

apus_onednn_plan *apus_onednn_plan_convolution(enum apus_onednn_direction direction,
                                               const apus_convolution_shape *shape, char *message, size_t message_size);

// MARK: Matrix products

/// A batch of products: C is m x n, A is m x k, B is k x n. Strides count elements.
typedef struct {
    int64_t batch, m, n, k;
    /// Column stride 1 is A as written, row stride 1 its transpose; one of both must be 1. A batch stride of 0 uses one
    /// matrix for all products.
    int64_t a_batch_stride, a_row_stride, a_column_stride;
    int64_t b_batch_stride, b_row_stride, b_column_stride;
    /// The columns of C are contiguous.
    int64_t c_batch_stride, c_row_stride;
    /// APUS_FLOAT32 or APUS_BFLOAT16: of A and B.
    int32_t type;
    /// Of C: APUS_FLOAT32, or `type`.
    int32_t result_type;
} apus_onednn_matrix_shape;

/// C = A B for each matrix of the batch, summed in float32. Buffers: A, B, C, scratch.
apus_onednn_plan *apus_onednn_matrix_product(const apus_onednn_matrix_shape *shape, int *status, char *message,
                                             size_t message_size);

#endif
