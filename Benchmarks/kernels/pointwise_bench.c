// Speed of 1×1 convolutions as own matrix products against oneDNN, on layers of ResNet-50, MobileNetV2 and Inception.
//
// `make bench-kernels` builds and runs it: .build/pointwise_bench [threads [name]].
//
// Each time is the median of many runs, ours and theirs alternating. As in a network, images and results are not in the
// caches: every run takes others, which are 128 MB together.
// "prepared" is the forward pass with a kernel that is in oneDNN's order already, as at inference.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "apus_gemm.h"
#include "onednn_plan.h"
#include "seconds.h"

static void *filled(int64_t bytes) {
    size_t size = (size_t)(bytes + (1 << 21)) >> 21 << 21;
    float *p = aligned_alloc(1 << 21, size);
    madvise(p, size, MADV_HUGEPAGE);
    for (int64_t i = 0; i < bytes / 4; i++) p[i] = (float)(i * 7919 % 1009) / 1009.0f - 0.5f;
    return p;
}

enum { MOST_RUNS = 400, MOST_COPIES = 64 };

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times, int count) {
    qsort(times, (size_t)count, sizeof *times, compare);
    return times[count / 2];
}

typedef struct {
    const char *name;
    int64_t size, in, out;
} layer;

static const layer layers[] = {
    {"ResNet-50", 56, 64, 64}, {"ResNet-50", 56, 64, 256}, {"ResNet-50", 56, 256, 64}, {"ResNet-50", 56, 256, 128},
    {"ResNet-50", 28, 128, 512}, {"ResNet-50", 28, 512, 128}, {"ResNet-50", 28, 512, 256},
    {"ResNet-50", 14, 256, 1024}, {"ResNet-50", 14, 1024, 256}, {"ResNet-50", 14, 1024, 512},
    {"ResNet-50", 7, 512, 2048}, {"ResNet-50", 7, 2048, 512}, {"MobileNetV2", 112, 16, 96},
    {"MobileNetV2", 112, 32, 16}, {"MobileNetV2", 56, 96, 24}, {"MobileNetV2", 56, 24, 144},
    {"MobileNetV2", 28, 32, 192}, {"MobileNetV2", 28, 192, 32}, {"MobileNetV2", 14, 64, 384},
    {"MobileNetV2", 14, 576, 96}, {"MobileNetV2", 7, 160, 960}, {"MobileNetV2", 7, 960, 160},
    {"MobileNetV2", 7, 320, 1280}, {"Inception", 28, 192, 16}, {"Inception", 28, 256, 32}, {"Inception", 14, 512, 24},
    {"Inception", 7, 832, 384}, {"small", 8, 16, 16}, {"small", 8, 64, 64}, {"small", 4, 8, 8}, {"small", 32, 3, 16},
    {"small", 4, 256, 256}, {"small", 1, 512, 512},
};

/// The product that a 1×1 convolution or a gradient of it is.
static apus_gemm_parameters product(int direction, int64_t pixels, int64_t in, int64_t out) {
    switch (direction) {
    case 0:
        return (apus_gemm_parameters){.batch = 1, .m = pixels, .n = out, .k = in, .a_row_stride = in,
                                      .a_column_stride = 1, .b_row_stride = out, .b_column_stride = 1,
                                      .c_row_stride = out, .alpha = 1};
    case 1:
        return (apus_gemm_parameters){.batch = 1, .m = pixels, .n = in, .k = out, .a_row_stride = out,
                                      .a_column_stride = 1, .b_row_stride = 1, .b_column_stride = out,
                                      .c_row_stride = in, .alpha = 1};
    default:
        return (apus_gemm_parameters){.batch = 1, .m = in, .n = out, .k = pixels, .a_row_stride = 1,
                                      .a_column_stride = in, .b_row_stride = out, .b_column_stride = 1,
                                      .c_row_stride = out, .alpha = 1};
    }
}

void omp_set_num_threads(int count);

int main(int count, char **arguments) {
    int threads = count > 1 ? atoi(arguments[1]) : apus_thread_count();
    apus_set_thread_count(threads);
    omp_set_num_threads(threads);
    printf("%d threads; GFLOP/s: ours, oneDNN, ours / oneDNN\n", threads);
    static const char *const directions[] = {"forward", "input gradient", "kernel gradient", "prepared"};
    static const int64_t batches[] = {1, 8, 32};
    for (size_t i = 0; i < sizeof layers / sizeof *layers * 3; i++) {
        const layer *l = &layers[i / 3];
        int64_t n = batches[i % 3], pixels = n * l->size * l->size, x_count = pixels * l->in, y_count = pixels * l->out;
        if (x_count + y_count > 1 << 25) continue;
        char name[64];
        snprintf(name, sizeof name, "%s %d->%d, %d, %d", l->name, (int)l->in, (int)l->out, (int)l->size, (int)n);
        if (count > 2 && !strstr(name, arguments[2])) continue;
        double work = 2e-9 * (double)pixels * (double)(l->in * l->out);
        int64_t bytes = (x_count + y_count) * 4, copies = ((int64_t)1 << 27) / bytes + 2;
        if (copies > MOST_COPIES) copies = MOST_COPIES;
        float *x[MOST_COPIES], *y[MOST_COPIES], *w = filled(l->in * l->out * 4 + (1 << 20));
        for (int c = 0; c < copies; c++) x[c] = filled(x_count * 4), y[c] = filled(y_count * 4);
        printf("%-28s", name);
        for (int d = 0; d < 4; d++) {
            apus_convolution_shape shape = {
                .n = n, .h = l->size, .w = l->size, .in_channels = l->in, .out_channels = l->out, .kernel_h = 1,
                .kernel_w = 1, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .groups = 1,
                .type = APUS_FLOAT32, .prepared = d == 3,
            };
            int direction = d % 3;
            apus_gemm_parameters p = product(direction, pixels, l->in, l->out);
            apus_onednn_plan *plan =
                apus_onednn_plan_convolution((enum apus_onednn_direction)direction, &shape, NULL, 0);
            if (!plan) {
                printf(" | %s none", directions[d]);
                continue;
            }
            void *scratch = filled(apus_gemm_scratch_bytes(&p));
            void *their_scratch = filled(apus_onednn_plan_scratch_bytes(plan) + 64);
            double own[MOST_RUNS], library[MOST_RUNS], end = seconds() + 0.15;
            int runs = 0;
            for (int copy = 0; runs < MOST_RUNS && (runs < 5 || seconds() < end); runs++) {
                for (int side = 0; side < 2; side++, copy++) {
                    float *image = x[copy % copies], *result = y[copy % copies];
                    void *all[3][3] = {{image, w, result}, {result, w, image}, {image, result, w}};
                    void **now = all[direction];
                    double start = seconds();
                    if (side == 0) {
                        void *ours[8] = {now[0], now[1], now[2], NULL, NULL, NULL, NULL, scratch};
                        apus_gemm_float32(ours, &p);
                        own[runs] = seconds() - start;
                    } else {
                        void *theirs[3][5] = {{image, w, NULL, result, their_scratch},
                                              {result, w, image, their_scratch},
                                              {image, result, w, NULL, their_scratch}};
                        apus_onednn_run(theirs[direction], plan);
                        library[runs] = seconds() - start;
                    }
                }
            }
            double own_time = median(own, runs), library_time = median(library, runs);
            printf(" | %s %4.0f %4.0f %4.2f", directions[d], work / own_time, work / library_time,
                   library_time / own_time);
            apus_onednn_plan_destroy(plan);
            free(scratch), free(their_scratch);
        }
        printf("\n");
        fflush(stdout);
        for (int c = 0; c < copies; c++) free(x[c]), free(y[c]);
        free(w);
    }
}
