// Speed of the matrix product, as GFLOP/s and as a fraction of the machine's measured peak.
//
// `make bench-kernels` builds and runs it. APUS_ISA=avx2 or baseline measures the other versions; their peak is measured with the same vectors. Times are the
// least of many runs, with the operands as warm in the caches as they fit.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "apus_gemm.h"
#include "seconds.h"

// MARK: Peak

// Twelve independent chains x = x * s + t a round; `volatile` asm keeps the compiler from shortening them.
#define PEAK(name, target, lanes) \
    target static void name(void *context, int64_t first, int64_t last) { \
        typedef float vector __attribute__((vector_size(4 * lanes))); \
        (void)context; \
        vector x[12], s = (vector){0} + 0.999f, t = (vector){0} + 1e-6f; \
        for (int i = 0; i < 12; i++) x[i] = (vector){0} + (float)i; \
        for (int64_t task = first; task < last; task++) \
            for (int k = 0; k < 2000; k++) { \
                _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++) x[i] = x[i] * s + t; \
                PEAK_KEEP(x[0]); \
            } \
        for (int i = 1; i < 12; i++) x[0] += x[i]; \
        PEAK_KEEP(x[0]); \
    }

#if defined(__x86_64__)
#define PEAK_KEEP(x) __asm__ volatile("" : "+v"(x))
PEAK(peak_avx512, __attribute__((target("avx512f"))), 16)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), 8)
#undef PEAK_KEEP
#define PEAK_KEEP(x) __asm__ volatile("" : "+x"(x))
#else
#define PEAK_KEEP(x) __asm__ volatile("" : "+w"(x))
#endif
PEAK(peak_baseline, , 4)

static double peak(void) {
    apus_loop_body body = peak_baseline;
    double lanes = 4;
#if defined(__x86_64__)
    if (apus_isa() == APUS_ISA_AVX512) body = peak_avx512, lanes = 16;
    if (apus_isa() == APUS_ISA_AVX2) body = peak_avx2, lanes = 8;
#endif
    int64_t tasks = 100 * apus_thread_count();
    double best = 1e9;
    for (int i = 0; i < 20; i++) {
        double start = seconds();
        apus_parallel_for(tasks, body, NULL);
        double time = seconds() - start;
        if (time < best) best = time;
    }
    return (double)tasks * 2000 * 12 * lanes * 2 / best * 1e-9;
}

// MARK: Products

typedef struct {
    const char *name;
    int64_t m, k, n;
    int a_transposed, b_transposed, activation, bias, derivative, column_sums;
} product;

static const product products[] = {
    {"784-256 forward ReLU", 128, 784, 256, 0, 0, APUS_ACTIVATION_RELU, 1, 0, 0},
    {"784-256 weights + bias", 784, 128, 256, 1, 0, 0, 0, 0, 1},
    {"784-256 input", 128, 256, 784, 0, 1, 0, 0, 0, 0},
    {"256-128 forward ReLU", 128, 256, 128, 0, 0, APUS_ACTIVATION_RELU, 1, 0, 0},
    {"256-128 forward sigmoid", 128, 256, 128, 0, 0, APUS_ACTIVATION_SIGMOID, 1, 0, 0},
    {"256-128 weights + bias", 256, 128, 128, 1, 0, 0, 0, 0, 1},
    {"256-128 input, ReLU mask", 128, 128, 256, 0, 1, APUS_ACTIVATION_RELU, 0, 1, 0},
    {"128-10 forward", 128, 128, 10, 0, 0, 0, 1, 0, 0},
    {"128-10 weights + bias", 128, 128, 10, 1, 0, 0, 0, 0, 1},
    {"128-10 input, ReLU mask", 128, 10, 128, 0, 1, APUS_ACTIVATION_RELU, 0, 1, 0},
    {"100^3 sigmoid", 100, 100, 100, 0, 0, APUS_ACTIVATION_SIGMOID, 1, 0, 0},
    {"100^3 weights + bias", 100, 100, 100, 1, 0, 0, 0, 0, 1},
    {"100^3 input, sigmoid'", 100, 100, 100, 0, 1, APUS_ACTIVATION_SIGMOID, 0, 1, 0},
    {"one row 784-256", 1, 784, 256, 0, 0, APUS_ACTIVATION_RELU, 1, 0, 0},
    {"one row, B transposed", 1, 784, 256, 0, 1, 0, 0, 0, 0},
    {"eight rows 784-256", 8, 784, 256, 0, 0, APUS_ACTIVATION_RELU, 1, 0, 0},
    {"512^3", 512, 512, 512, 0, 0, 0, 0, 0, 0},
    {"512^3 A transposed", 512, 512, 512, 1, 0, 0, 0, 0, 0},
    {"512^3 B transposed", 512, 512, 512, 0, 1, 0, 0, 0, 0},
    {"1024^3", 1024, 1024, 1024, 0, 0, 0, 0, 0, 0},
    {"1024^3 A transposed", 1024, 1024, 1024, 1, 0, 0, 0, 0, 0},
    {"1024^3 B transposed", 1024, 1024, 1024, 0, 1, 0, 0, 0, 0},
    {"2048^3", 2048, 2048, 2048, 0, 0, 0, 0, 0, 0},
    {"64-256 kernel gradient", 64, 25088, 256, 1, 0, 0, 0, 0, 0},
    {"256-64 kernel gradient", 256, 25088, 64, 1, 0, 0, 0, 0, 0},
    {"256-128 kernel gradient", 256, 25088, 128, 1, 0, 0, 0, 0, 0},
    {"128-512 kernel gradient", 128, 6272, 512, 1, 0, 0, 0, 0, 0},
    {"512-128 kernel gradient", 512, 6272, 128, 1, 0, 0, 0, 0, 0},
    {"64-256 pixels", 25088, 64, 256, 0, 0, 0, 1, 0, 0},
    {"2048^3 A transposed", 2048, 2048, 2048, 1, 0, 0, 0, 0, 0},
};

static float *allocate(int64_t bytes) {
    size_t size = ((size_t)bytes + 63) / 64 * 64;
    float *p = aligned_alloc(64, size + 64);
    memset(p, 0, size + 64);
    return p;
}

static float *random_floats(int64_t count) {
    float *p = allocate(count * 4);
    for (int64_t i = 0; i < count; i++) p[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return p;
}

static double measure(const product *x) {
    apus_gemm_parameters p = {.batch = 1, .m = x->m, .n = x->n, .k = x->k, .c_row_stride = x->n, .alpha = 1};
    p.a_row_stride = x->a_transposed ? 1 : x->k;
    p.a_column_stride = x->a_transposed ? x->m : 1;
    p.b_row_stride = x->b_transposed ? 1 : x->n;
    p.b_column_stride = x->b_transposed ? x->k : 1;
    p.activation = x->activation;
    p.has_bias = x->bias;
    p.derivative = x->derivative;
    p.column_sums = x->column_sums;
    int64_t scratch = apus_gemm_scratch_bytes(&p);
    void *buffers[8] = {random_floats(x->m * x->k), random_floats(x->k * x->n), random_floats(x->m * x->n),
                        random_floats(x->n), random_floats(x->m * x->n), random_floats(x->n), NULL, allocate(scratch)};
    double work = 2.0 * (double)x->m * (double)x->n * (double)x->k, best = 1e9, begin = seconds();
    // Groups of calls of about 20 us, so that the clock's own time does not count.
    int group = work < 2e6 ? (int)(2e6 / work) + 1 : 1;
    for (int i = 0; i < 20 || (seconds() - begin < 0.1 && i < 3000); i++) {
        double start = seconds();
        for (int j = 0; j < group; j++) apus_gemm_float32(buffers, &p);
        double time = (seconds() - start) / group;
        if (time < best) best = time;
        if (work > 1e10 && i > 4) break;
    }
    for (int i = 0; i < 8; i++) free(buffers[i]);
    return best;
}

int main(int count, char **arguments) {
    static const char *const isas[] = {"baseline", "avx2", "avx512"};
    double peaks[3];
    printf("%s", isas[apus_isa()]);
    for (int threads = 1; threads <= 2; threads++) {
        apus_set_thread_count(threads);
        peaks[threads] = peak();
        printf("  peak with %d thread%s %.0f GF/s", threads, threads > 1 ? "s" : "", peaks[threads]);
    }
    printf("\n%-26s %-16s %28s %28s\n", "", "M x K x N", "1 thread", "2 threads");
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        const product *x = &products[i];
        if (count > 1 && !strstr(x->name, arguments[1])) continue;
        char shape[64];
        snprintf(shape, sizeof shape, "%lldx%lldx%lld", (long long)x->m, (long long)x->k, (long long)x->n);
        printf("%-26s %-16s", x->name, shape);
        for (int threads = 1; threads <= 2; threads++) {
            apus_set_thread_count(threads);
            double time = measure(x), speed = 2.0 * (double)x->m * (double)x->n * (double)x->k / time * 1e-9;
            printf(" %10.2f us %4.0f GF/s %3.0f %%", time * 1e6, speed, speed / peaks[threads] * 100);
        }
        printf("\n");
    }
    return 0;
}
