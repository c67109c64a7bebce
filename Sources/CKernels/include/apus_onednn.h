// Convolutions by oneDNN, in terms of this project. The same interface over oneDNN 2.x and 3.x.
#ifndef APUS_ONEDNN_H
#define APUS_ONEDNN_H

#include "apus_base.h"

enum apus_onednn_direction {
    /// y = x * kernel + bias [, ReLU]. Buffers: x, kernel, bias or NULL, y, scratch.
    APUS_ONEDNN_FORWARD = 0,
    /// The gradient to x. Buffers: gradient of y, kernel, gradient of x, scratch.
    APUS_ONEDNN_INPUT_GRADIENT = 1,
    /// The gradient to kernel and bias. Buffers: x, gradient of y, gradient of the kernel, gradient of the bias or NULL, scratch.
    APUS_ONEDNN_KERNEL_GRADIENT = 2,
};

/// A convolution of images [n, h, w, in_channels] with a kernel [kernel_h, kernel_w, in_channels / groups, out_channels], whose
/// output channels are ordered by group. Kernels, biases and their gradients are float32.
typedef struct {
    int64_t n, h, w, in_channels, out_channels;
    int64_t kernel_h, kernel_w;
    int64_t stride_h, stride_w;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    /// 1: the window is dense.
    int64_t dilation_h, dilation_w;
    int64_t groups;
    /// APUS_FLOAT32 or APUS_BFLOAT16: of images and their gradients.
    int32_t type;
    int32_t has_bias;
    /// Forward only.
    int32_t relu;
} apus_onednn_convolution_shape;

/// A convolution that is ready to run.
typedef struct apus_onednn_plan apus_onednn_plan;

/// Plans a convolution. Kernels are read and written as they are; where oneDNN prefers another order, the plan converts them
/// in its scratch memory. Returns NULL with a text in `message` if oneDNN has no implementation better than its reference.
apus_onednn_plan *apus_onednn_plan_convolution(
    enum apus_onednn_direction direction, const apus_onednn_convolution_shape *shape, char *message, size_t message_size);

void apus_onednn_plan_destroy(apus_onednn_plan *plan);

/// The bytes of scratch that a run needs.
int64_t apus_onednn_plan_scratch_bytes(const apus_onednn_plan *plan);

/// oneDNN's name of the implementation, such as `brgconv:avx512_core`.
const char *apus_onednn_plan_name(const apus_onednn_plan *plan);

/// The kernel: runs `plan`. Returns 0, or 100 plus oneDNN's status.
int apus_onednn_run(void *const *buffers, const void *plan);

/// oneDNN's version.
void apus_onednn_version(int *major, int *minor, int *patch);

#endif
