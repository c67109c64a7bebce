// Speed of the Winograd convolution against oneDNN's best direct one on the layers of ResNet-18 and VGG-16.
//
// `make bench-kernels` builds and runs it: .build/winograd_bench [threads [name]].
//
// GFLOP/s count the operations of the direct convolution. oneDNN computes images in N H W C with kernels in the order
// it likes best; "with reorder" includes bringing the kernel, or its gradient, from or to [3, 3, in, out]. Ours always
// includes that. Each time is the least of many runs, ours and theirs alternating, with the operands in the caches as
// far as they fit. A second row gives the time of ours with images of bfloat16, and its ratio to that with float32.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_winograd.h"
#include "onednn_plan.h"
#include "seconds.h"

static void *filled(int64_t bytes) {
    float *p = aligned_alloc(1 << 21, (size_t)(bytes + (1 << 21)) >> 21 << 21);
    for (int64_t i = 0; i < bytes / 4; i++) p[i] = (float)(i * 7919 % 1009) / 1009.0f - 0.5f;
    return p;
}

/// The same numbers as bfloat16.
static void *narrowed(const float *from, int64_t count) {
    uint16_t *p = filled(count * 2);
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &from[i], sizeof bits);
        p[i] = (uint16_t)((bits + 0x8000) >> 16);
    }
    return p;
}

static void keep_least(double *least, double start) {
    double time = seconds() - start;
    if (time < *least) *least = time;
}

typedef struct {
    const char *name;
    int64_t samples, in, out, size;
} layer;

static const layer layers[] = {
    {"ResNet-18 CIFAR", 32, 64, 64, 32}, {"ResNet-18 CIFAR", 32, 128, 128, 16}, {"ResNet-18 CIFAR", 32, 256, 256, 8},
    {"ResNet-18 CIFAR", 32, 512, 512, 4}, {"ResNet-18 224", 8, 64, 64, 56}, {"ResNet-18 224", 8, 128, 128, 28},
    {"ResNet-18 224", 8, 256, 256, 14}, {"ResNet-18 224", 8, 512, 512, 7}, {"VGG-16", 8, 64, 64, 224},
    {"VGG-16", 8, 64, 128, 112}, {"VGG-16", 8, 128, 128, 112}, {"VGG-16", 8, 128, 256, 56}, {"VGG-16", 8, 256, 256, 56},
    {"VGG-16", 8, 256, 512, 28}, {"VGG-16", 8, 512, 512, 28}, {"VGG-16", 8, 512, 512, 14},
};

typedef struct {
    double own, narrow, reordered, alone;
    const char *name;
} result;

/// Times one direction. Images of float32 and of bfloat16.
static result measure(enum apus_onednn_direction direction, const apus_winograd_parameters *p, float *w, float *x,
                      float *y, void *narrow_x, void *narrow_y) {
    static const apus_kernel kernels[] = {apus_winograd, apus_winograd_gradient_x, apus_winograd_gradient_w};
    int64_t (*const sizes[])(const apus_winograd_parameters *) = {
        apus_winograd_scratch_bytes, apus_winograd_gradient_x_scratch_bytes, apus_winograd_gradient_w_scratch_bytes};
    apus_convolution_shape shape = {
        .n = p->samples, .h = p->height, .w = p->width, .in_channels = p->channels_in, .out_channels = p->channels_out,
        .kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1,
        .pad_right = 1, .dilation_h = 1, .dilation_w = 1, .groups = 1, .type = APUS_FLOAT32,
    };
    char message[256];
    apus_onednn_plan *plan = apus_onednn_plan_convolution(direction, &shape, message, sizeof message);
    if (!plan) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
    void *scratch = filled(sizes[direction](p)), *their_scratch = filled(apus_onednn_plan_scratch_bytes(plan) + 64);
    void *all[3][5] = {{x, w, NULL, y, scratch}, {y, w, x, scratch}, {x, y, w, scratch}};
    void *narrow[3][5] = {{narrow_x, w, NULL, narrow_y, scratch}, {narrow_y, w, narrow_x, scratch},
                          {narrow_x, narrow_y, w, scratch}};
    apus_winograd_parameters narrow_p = *p;
    narrow_p.type = APUS_BFLOAT16;
    void *theirs[3][5] = {{x, w, NULL, y, their_scratch}, {y, w, x, their_scratch}, {x, y, w, NULL, their_scratch}};
    const_dnnl_primitive_desc_t described;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_get_primitive_desc(plan->steps[0].primitive, &described);
    dnnl_primitive_desc_query(described, dnnl_query_engine, 0, &engine);
    dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);

    static char names[3][64];
    snprintf(names[direction], sizeof names[direction], "%s", apus_onednn_plan_name(plan));
    result r = {1e9, 1e9, 1e9, 1e9, names[direction]};
    double end = seconds() + 0.6;
    for (int run = 0; run < 4 || seconds() < end; run++) {
        // Each twice in a row: the second finds what it needs in the caches, as far as it fits.
        for (int twice = 0; twice < 2; twice++) {
            double start = seconds();
            kernels[direction](all[direction], p);
            keep_least(&r.own, start);
        }
        for (int twice = 0; twice < 2; twice++) {
            double start = seconds();
            kernels[direction](narrow[direction], &narrow_p);
            keep_least(&r.narrow, start);
        }
        for (int twice = 0; twice < 2; twice++) {
            double start = seconds();
            apus_onednn_run(theirs[direction], plan);
            keep_least(&r.reordered, start);
        }
        // The convolution is the longest step of the plan.
        double alone = 0;
        for (int i = 0; i < plan->step_count; i++) {
            double least = 1e9;
            for (int twice = 0; twice < 2; twice++) {
                double start = seconds();
                if (dnnl_primitive_execute(plan->steps[i].primitive, stream, plan->steps[i].argument_count,
                                           plan->steps[i].arguments) != dnnl_success)
                    exit(1);
                dnnl_stream_wait(stream);
                keep_least(&least, start);
            }
            if (least > alone) alone = least;
        }
        if (alone < r.alone) r.alone = alone;
    }
    dnnl_stream_destroy(stream);
    apus_onednn_plan_destroy(plan);
    free(scratch), free(their_scratch);
    return r;
}

void omp_set_num_threads(int count);

int main(int count, char **arguments) {
    int threads = count > 1 ? atoi(arguments[1]) : apus_thread_count();
    apus_set_thread_count(threads);
    omp_set_num_threads(threads);
    printf("%d threads; effective GFLOP/s: ours | oneDNN alone, with reorder | ours / alone\n", threads);
    static const char *const directions[] = {"forward", "gradient x", "gradient w"};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const layer *l = &layers[i];
        char name[64];
        snprintf(name, sizeof name, "%s %d->%d x %d", l->name, (int)l->in, (int)l->out, (int)l->size);
        if (count > 2 && !strstr(name, arguments[2])) continue;
        apus_winograd_parameters p = {
            .samples = l->samples, .height = l->size, .width = l->size, .channels_in = l->in, .channels_out = l->out,
            .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .threads = threads,
        };
        double pixels = (double)(l->samples * l->size * l->size);
        double work = 18 * pixels * (double)(l->in * l->out) * 1e-9;
        float *x = filled((int64_t)pixels * l->in * 4), *y = filled((int64_t)pixels * l->out * 4);
        float *w = filled(9 * l->in * l->out * 4);
        void *narrow_x = narrowed(x, (int64_t)pixels * l->in), *narrow_y = narrowed(y, (int64_t)pixels * l->out);
        printf("%-30s", name);
        for (int d = 0; d < 3; d++) {
            result r = measure((enum apus_onednn_direction)d, &p, w, x, y, narrow_x, narrow_y);
            printf("%*s%-10s %5.0f | %4.0f %4.0f | %.2fx %6.2f ms  (%s)\n", d ? 31 : 1, "", directions[d],
                   work / r.own, work / r.alone, work / r.reordered, r.alone / r.own, r.own * 1e3, r.name);
            printf("%31s%-10s %5.0f | %9s | %.2fx %6.2f ms\n", "", "  bfloat16", work / r.narrow, "", r.own / r.narrow,
                   r.narrow * 1e3);
        }
        fflush(stdout);
        free(x), free(w), free(y), free(narrow_x), free(narrow_y);
    }
}
