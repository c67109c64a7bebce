// Times the elementwise engine: cycles of an instruction on a block, fused programs against plain loops, optimizers,
// random numbers. `make bench-kernels` builds and runs it.
#define _GNU_SOURCE
#include "apus_elementwise.h"
#include "apus_random.h"
#include "seconds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The least time of a call, in seconds.
static double least(apus_kernel kernel, void *const *buffers, const void *parameters, int repeats) {
    double best = 1;
    for (int i = 0; i < repeats; i++) {
        double t = seconds();
        for (int j = 0; j < 4; j++) kernel(buffers, parameters);
        t = (seconds() - t) / 4;
        if (t < best) best = t;
    }
    return best;
}

static float *floats(int64_t count) {
    float *p = aligned_alloc(64, (size_t)(count * 4 + 63) / 64 * 64);
    for (int64_t i = 0; i < count; i++) p[i] = (float)(i % 997) * 0.002f + 0.001f;
    return p;
}

enum { O = APUS_EW_OPERAND, I = APUS_EW_IMMEDIATE, I2 = APUS_EW_IMMEDIATE2, NONE = APUS_EW_NONE };

static apus_ew_instruction step(int opcode, int d, int a, int b, int c, int e, double immediate, double immediate2) {
    return (apus_ew_instruction){
        .opcode = (uint16_t)opcode, .destination = (uint16_t)d, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)c,
        .d = (uint16_t)e, .immediate = immediate, .immediate2 = immediate2};
}

static apus_ew_operand tensor(int buffer, int access, bool output) {
    return (apus_ew_operand){.buffer = buffer, .access = (uint8_t)access, .is_output = output};
}

/// One instruction in registers, 64 times, on one block: nanoseconds for 1024 elements.
static void instructions(void) {
    static const struct { const char *name; int opcode, sources; } list[] = {
        {"neg", APUS_EW_NEG, 1}, {"relu", APUS_EW_RELU, 1}, {"exp", APUS_EW_EXP, 1}, {"expm1", APUS_EW_EXPM1, 1},
        {"log", APUS_EW_LOG, 1}, {"log1p", APUS_EW_LOG1P, 1}, {"sqrt", APUS_EW_SQRT, 1}, {"rsqrt", APUS_EW_RSQRT, 1},
        {"sin", APUS_EW_SIN, 1}, {"tanh", APUS_EW_TANH, 1}, {"sigmoid", APUS_EW_SIGMOID, 1}, {"erf", APUS_EW_ERF, 1},
        {"add", APUS_EW_ADD, 2}, {"mul", APUS_EW_MUL, 2}, {"div", APUS_EW_DIV, 2}, {"max", APUS_EW_MAX, 2},
        {"relu mask", APUS_EW_RELU_MASK, 2}, {"fma", APUS_EW_FMA, 3}, {"pow", APUS_EW_POW, 2},
    };
    float *x = floats(1024), *y = floats(1024), *z = floats(1024);
    void *buffers[] = {x, y, z};
    apus_ew_operand operands[] = {tensor(0, 0, false), tensor(1, 0, false), tensor(2, 0, true)};
    apus_ew_segment segment = {1024, 0};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        double times[2];
        for (int many = 0; many < 2; many++) {
            apus_ew_instruction tape[66];
            int n = many ? 64 : 1;
            for (int j = 0; j < n; j++) tape[j] = step(list[i].opcode, j % 4, O, O + 1, O, NONE, 0, 0);
            tape[n] = step(APUS_EW_COPY, O + 2, 0, NONE, NONE, NONE, 0, 0);
            apus_ew_program *p = apus_elementwise_create(tape, n + 1, operands, 3, &segment, 1);
            times[many] = least(apus_elementwise, buffers, p, 200);
            apus_elementwise_destroy(p);
        }
        printf("%-10s %7.1f ns a block of 1024\n", list[i].name, (times[1] - times[0]) / 63 * 1e9);
    }
    free(x), free(y), free(z);
}

/// sigmoid(x*a + b)*y + z.
static void fusion(int64_t count) {
    apus_ew_instruction tape[] = {
        step(APUS_EW_FMA, 0, O, I, I2, NONE, 1.5, 0.25), step(APUS_EW_SIGMOID, 0, 0, NONE, NONE, NONE, 0, 0),
        step(APUS_EW_FMA, O + 3, 0, O + 1, O + 2, NONE, 0, 0)};
    apus_ew_operand operands[] = {tensor(0, 0, false), tensor(1, 0, false), tensor(2, 0, false), tensor(3, 0, true)};
    void *buffers[] = {floats(count), floats(count), floats(count), floats(count)};
    apus_ew_segment segment = {count, 0};
    apus_ew_program *p = apus_elementwise_create(tape, 3, operands, 4, &segment, 1);
    double t = least(apus_elementwise, buffers, p, count > 1000000 ? 10 : 300);
    printf("sigmoid(x*a+b)*y+z  %8ld elements %9.2f us  %.1f GB/s\n", (long)count,
           t * 1e6, 16.0 * (double)count / t / 1e9);
    apus_elementwise_destroy(p);
    for (int i = 0; i < 4; i++) free(buffers[i]);
}

/// Bias and ReLU over [rows, columns].
static void bias(int64_t rows, int64_t columns) {
    apus_ew_instruction tape[] = {
        step(APUS_EW_ADD, 0, O, O + 1, NONE, NONE, 0, 0), step(APUS_EW_RELU, O + 2, 0, NONE, NONE, NONE, 0, 0)};
    apus_ew_operand operands[] = {tensor(0, 0, false), tensor(1, APUS_EW_PERIODIC, false), tensor(2, 0, true)};
    operands[1].inner = columns;
    void *buffers[] = {floats(rows * columns), floats(columns), floats(rows * columns)};
    apus_ew_segment segment = {rows * columns, 0};
    apus_ew_program *p = apus_elementwise_create(tape, 2, operands, 3, &segment, 1);
    double t = least(apus_elementwise, buffers, p, 300);
    printf("relu(x + bias)      %4ld x %4ld         %9.2f us\n", (long)rows, (long)columns, t * 1e6);
    apus_elementwise_destroy(p);
    for (int i = 0; i < 3; i++) free(buffers[i]);
}

static void adam(int64_t count) {
    apus_ew_instruction tape[] = {
        step(APUS_EW_AXPBY, O + 2, O + 2, I, O + 1, I2, 0.9, 0.1),
        step(APUS_EW_SQUARE, 0, O + 1, NONE, NONE, NONE, 0, 0),
        step(APUS_EW_AXPBY, O + 3, O + 3, I, 0, I2, 0.999, 0.001), step(APUS_EW_SQRT, 1, O + 3, NONE, NONE, NONE, 0, 0),
        step(APUS_EW_ADD, 1, 1, I, NONE, NONE, 1e-8, 0), step(APUS_EW_MUL, 2, O + 2, O + 4, NONE, NONE, 0, 0),
        step(APUS_EW_DIV, 2, 2, 1, NONE, NONE, 0, 0), step(APUS_EW_SUB, O, O, 2, NONE, NONE, 0, 0)};
    apus_ew_operand operands[] = {
        tensor(0, 0, true), tensor(1, 0, false), tensor(2, 0, true), tensor(3, 0, true),
        tensor(4, APUS_EW_SCALAR, false)};
    void *buffers[] = {floats(count), floats(count), floats(count), floats(count), floats(1)};
    *(float *)buffers[4] = 1e-6f;
    apus_ew_segment segment = {count, 0};
    for (int disabled = 1; disabled >= 0; disabled--) {
        apus_elementwise_disable_specializations(disabled);
        apus_ew_program *p = apus_elementwise_create(tape, 8, operands, 5, &segment, 1);
        double t = least(apus_elementwise, buffers, p, 200);
        printf("Adam %8ld %-12s %9.2f us  %.0f GB/s\n", (long)count, disabled ? "interpreted" : "fused", t * 1e6,
               28.0 * (double)count / t / 1e9);
        apus_elementwise_destroy(p);
    }
    apus_elementwise_disable_specializations(false);
    for (int i = 0; i < 5; i++) free(buffers[i]);
}

static void numbers(void) {
    static const char *names[] = {"uniform", "normal", "truncated", "Bernoulli"};
    int64_t key[2] = {1, 2};
    enum { COUNT = 1 << 18 };
    void *buffers[] = {key, floats(COUNT)};
    for (int d = 0; d < 4; d++) {
        apus_random_parameters p = {.distribution = d, .type = d == 3 ? APUS_BOOL : APUS_FLOAT32, .count = COUNT,
                                    .first = d == 3 ? 0.5 : 0, .second = 1};
        printf("random %-10s %.2f G elements/s\n", names[d], COUNT / least(apus_random, buffers, &p, 100) / 1e9);
    }
    free(buffers[1]);
}

int main(void) {
    for (int threads = 1; threads <= 2; threads++) {
        apus_set_thread_count(threads);
        printf("%d thread%s\n", threads, threads > 1 ? "s" : "");
        if (threads == 1) instructions();
        for (int64_t count = 1000; count <= 4 << 20; count = count == 1000 ? 16 << 10 : count * 16) fusion(count);
        bias(100, 10), bias(128, 100), bias(8192, 64);
        adam(235146);
        adam(4 << 20);
        numbers();
    }
}
