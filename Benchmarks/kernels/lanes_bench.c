// Times the batch-in-lanes kernels on the two convolution stages of LeNet-5.
// `make bench-kernels` builds and runs it: .build/lanes_bench [threads].
#include "apus_lanes.h"
#include "seconds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float *filled(int64_t count) {
    float *values = aligned_alloc(64, (size_t)((count * 4 + 63) / 64 * 64));
    for (int64_t i = 0; i < count; i++) values[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return values;
}

static void *bytes(int64_t count) {
    void *memory = aligned_alloc(64, (size_t)((count + 127) / 64 * 64));
    memset(memory, 0, (size_t)((count + 127) / 64 * 64));
    return memory;
}

typedef struct {
    const char *name;
    apus_kernel kernel;
    void *buffers[8];
    const void *parameters;
    double flops, bytes, best, sum;
} stage;

static void run(int64_t samples) {
    int64_t blocks = (samples + 15) / 16;
    apus_lanes_pack_parameters input = {samples, 28, 28, 1, APUS_FLOAT32, 1, 0};
    apus_lanes_pack_parameters images = {samples, 28, 28, 1, APUS_UINT8, 1 / 255.0f, 0};
    apus_lanes_pack_parameters output = {samples, 5, 5, 16, APUS_FLOAT32, 1, 0};
    apus_lanes_convolution_parameters first = {samples, 1, 6, 28, 28, 5, 5, 2, 2, 2, 2, 1, 1};
    apus_lanes_convolution_parameters second = {samples, 6, 16, 14, 14, 5, 5, 0, 0, 0, 0, 1, 1};
    float *dense = filled(samples * 784), *x = filled(blocks * 784 * 16), *y1 = filled(blocks * 6 * 196 * 16);
    float *y2 = filled(blocks * 400 * 16), *flat = filled(samples * 400), *g2 = filled(blocks * 400 * 16);
    float *g1 = filled(blocks * 6 * 196 * 16), *w1 = filled(150), *w2 = filled(2400), *b1 = filled(6), *b2 = filled(16);
    float *dw1 = filled(150), *dw2 = filled(2400), *db1 = filled(6), *db2 = filled(16);
    void *masks1 = bytes(apus_lanes_convolution_mask_bytes(&first));
    void *masks2 = bytes(apus_lanes_convolution_mask_bytes(&second));
    void *s1 = bytes(apus_lanes_convolution_scratch_bytes(&first));
    void *s2 = bytes(apus_lanes_convolution_scratch_bytes(&second));
    void *t1 = bytes(apus_lanes_convolution_gradient_scratch_bytes(&first));
    void *t2 = bytes(apus_lanes_convolution_gradient_scratch_bytes(&second));
    double work1 = 2.0 * 784 * 150 * (double)samples, work2 = 2.0 * 100 * 2400 * (double)samples;
    stage stages[] = {
        {"pack float32", apus_lanes_pack, {dense, x}, &input, 0, 784.0 * 8 * (double)samples, 1e9, 0},
        {"pack uint8", apus_lanes_pack, {dense, x}, &images, 0, 784.0 * 5 * (double)samples, 1e9, 0},
        {"pack float32", apus_lanes_pack, {dense, x}, &input, 0, 784.0 * 8 * (double)samples, 1e9, 0},
        {"convolution 1", apus_lanes_convolution, {x, w1, b1, y1, masks1, s1}, &first, work1, 0, 1e9, 0},
        {"convolution 2", apus_lanes_convolution, {y1, w2, b2, y2, masks2, s2}, &second, work2, 0, 1e9, 0},
        {"unpack", apus_lanes_unpack, {y2, flat}, &output, 0, 400.0 * 8 * (double)samples, 1e9, 0},
        {"gradient 2: dw, db", apus_lanes_convolution_gradient, {y1, w2, g2, masks2, NULL, dw2, db2, t2}, &second,
         work2, 0, 1e9, 0},
        {"gradient 2: dx", apus_lanes_convolution_gradient, {y1, w2, g2, masks2, g1, NULL, NULL, t2}, &second, work2,
         0, 1e9, 0},
        {"gradient 1: dw, db", apus_lanes_convolution_gradient, {x, w1, g1, masks1, NULL, dw1, db1, t1}, &first,
         work1, 0, 1e9, 0},
    };
    int count = sizeof stages / sizeof *stages, rounds = 400;
    double best_forward = 1e9, best_backward = 1e9;
    for (int round = 0; round < rounds; round++) {
        double forward = 0, backward = 0;
        for (int i = 0; i < count; i++) {
            double start = seconds();
            stages[i].kernel(stages[i].buffers, stages[i].parameters);
            double time = seconds() - start;
            if (time < stages[i].best) stages[i].best = time;
            stages[i].sum += time;
            if (i == 3 || i == 4) forward += time;
            if (i >= 6) backward += time;
        }
        if (forward < best_forward) best_forward = forward;
        if (backward < best_backward) best_backward = backward;
    }
    printf("batch %lld, %d threads, isa %d\n", (long long)samples, apus_thread_count(), (int)apus_isa());
    for (int i = 0; i < count; i++)
        printf("  %-20s %7.1f us (mean %7.1f) %7.1f %s\n", stages[i].name, stages[i].best * 1e6,
               stages[i].sum / rounds * 1e6,
               (stages[i].flops ? stages[i].flops : stages[i].bytes) / stages[i].best * 1e-9,
                   stages[i].flops ? "GFLOP/s" : "GB/s");
    printf("  convolutions forward %.3f ms, backward %.3f ms; scratch %lld, %lld bytes\n", best_forward * 1e3,
           best_backward * 1e3,
           (long long)apus_lanes_convolution_gradient_scratch_bytes(&first),
           (long long)apus_lanes_convolution_gradient_scratch_bytes(&second));
}

int main(int argc, char **argv) {
    if (argc > 1) apus_set_thread_count(atoi(argv[1]));
    run(128);
    run(32);
    run(16);
    return 0;
}
