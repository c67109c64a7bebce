// What the reductions share: number formats and the table of loops for one operation and type. Private.
#ifndef REDUCE_COMMON_H
#define REDUCE_COMMON_H

#include "apus_reduce.h"
#include "bfloat16.h"

#include <math.h>
#include <string.h>

static inline int64_t reduce_type_bytes(int64_t type) {
    switch (type) {
    case APUS_FLOAT64:
    case APUS_INT64: return 8;
    case APUS_FLOAT32:
    case APUS_INT32: return 4;
    case APUS_BFLOAT16: return 2;
    default: return 1;
    }
}

static inline int64_t reduce_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t reduce_maximum(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t reduce_divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Accumulators are arrays of `accumulator` (an enum apus_type, never bfloat16 or bool).
typedef struct {
    int accumulator;
    void (*initialize)(void *accumulators, int64_t count);
    /// accumulators[i] takes in x[i * stride + 0..<length] for every line i.
    void (*lines)(const void *x, int64_t stride, int64_t lines, int64_t length, void *accumulators);
    /// accumulators[j] takes in x[i * stride + j] for every row i and j in 0..<width.
    void (*rows)(const void *x, int64_t stride, int64_t rows, int64_t width, void *accumulators);
    /// accumulators[j] takes in others[j].
    void (*combine)(void *accumulators, const void *others, int64_t count);
} reduce_loops;

#endif
