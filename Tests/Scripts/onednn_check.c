// Runs the oneDNN shim on a few convolutions and compares them with plain loops: for any version of the library.
#include "apus_onednn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef apus_onednn_convolution_shape shape;

static int64_t rows(const shape *s) {
    return (s->h + s->pad_top + s->pad_bottom - s->dilation_h * (s->kernel_h - 1) - 1) / s->stride_h + 1;
}

static int64_t columns(const shape *s) {
    return (s->w + s->pad_left + s->pad_right - s->dilation_w * (s->kernel_w - 1) - 1) / s->stride_w + 1;
}

/// One element of the result, from the definition.
static double expected(const shape *s, const float *x, const float *kernel, int64_t n, int64_t i, int64_t j, int64_t o) {
    int64_t group_in = s->in_channels / s->groups, group_out = s->out_channels / s->groups;
    double sum = 0;
    for (int64_t u = 0; u < s->kernel_h; u++)
        for (int64_t v = 0; v < s->kernel_w; v++) {
            int64_t row = i * s->stride_h + u * s->dilation_h - s->pad_top;
            int64_t column = j * s->stride_w + v * s->dilation_w - s->pad_left;
            if (row < 0 || column < 0 || row >= s->h || column >= s->w) continue;
            for (int64_t c = 0; c < group_in; c++)
                sum += (double)x[((n * s->h + row) * s->w + column) * s->in_channels + o / group_out * group_in + c]
                    * kernel[((u * s->kernel_w + v) * group_in + c) * s->out_channels + o];
        }
    return sum;
}

static float *numbers(int64_t count) {
    float *p = aligned_alloc(64, (size_t)(count * 4 + 63) / 64 * 64);
    for (int64_t i = 0; i < count; i++) p[i] = (float)(rand() % 129 - 64) / 64;
    return p;
}

/// The relative error of the forward pass; negative if something failed.
static double check(const shape *s) {
    char message[256] = "";
    apus_onednn_plan *plan = apus_onednn_plan_convolution(APUS_ONEDNN_FORWARD, s, message, sizeof message);
    if (!plan) {
        printf("%s\n", message);
        return -1;
    }
    float *x = numbers(s->n * s->h * s->w * s->in_channels);
    float *kernel = numbers(s->kernel_h * s->kernel_w * s->in_channels / s->groups * s->out_channels);
    float *y = numbers(s->n * rows(s) * columns(s) * s->out_channels);
    void *scratch = aligned_alloc(64, (size_t)apus_onednn_plan_scratch_bytes(plan) + 64);
    void *buffers[] = {x, kernel, NULL, y, scratch};
    int status = apus_onednn_run(buffers, plan);
    double difference = 0, norm = 0;
    int64_t index = 0;
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t i = 0; i < rows(s); i++)
            for (int64_t j = 0; j < columns(s); j++)
                for (int64_t o = 0; o < s->out_channels; o++, index++) {
                    double e = expected(s, x, kernel, n, i, j, o);
                    difference += (y[index] - e) * (y[index] - e);
                    norm += e * e;
                }
    printf("%-32s status %d, relative error %.1e\n", apus_onednn_plan_name(plan), status, sqrt(difference / norm));
    apus_onednn_plan_destroy(plan);
    free(x), free(kernel), free(y), free(scratch);
    return status ? -1 : sqrt(difference / norm);
}

int main(void) {
    const shape shapes[] = {
        {.n = 2, .h = 7, .w = 5, .in_channels = 3, .out_channels = 4, .kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1,
         .dilation_h = 1, .dilation_w = 1, .groups = 1},
        {.n = 2, .h = 9, .w = 9, .in_channels = 16, .out_channels = 32, .kernel_h = 3, .kernel_w = 3, .stride_h = 2,
         .stride_w = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .dilation_h = 1, .dilation_w = 1, .groups = 1},
        {.n = 2, .h = 11, .w = 11, .in_channels = 4, .out_channels = 6, .kernel_h = 3, .kernel_w = 3, .stride_h = 1,
         .stride_w = 1, .dilation_h = 2, .dilation_w = 2, .groups = 2},
        {.n = 1, .h = 8, .w = 8, .in_channels = 64, .out_channels = 32, .kernel_h = 5, .kernel_w = 5, .stride_h = 1,
         .stride_w = 1, .pad_top = 2, .pad_left = 2, .pad_bottom = 2, .pad_right = 2, .dilation_h = 1, .dilation_w = 1, .groups = 1},
    };
    int major, minor, patch, failures = 0;
    apus_onednn_version(&major, &minor, &patch);
    printf("oneDNN %d.%d.%d\n", major, minor, patch);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        double error = check(&shapes[i]);
        if (!(error >= 0 && error <= 1e-6)) failures++;
    }
    return failures;
}
