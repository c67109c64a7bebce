// What factorizations and systems share: matrices as float64, scratch, the loop over a batch. Private.
#ifndef LINEAR_ALGEBRA_COMMON_H
#define LINEAR_ALGEBRA_COMMON_H

#include "apus_linear_algebra.h"
#include "apus_movement.h"
#include "bfloat16.h"
#include "lapack.h"

#include <math.h>

static inline double linear_load(const void *x, int64_t type, int64_t at) {
    switch (type) {
    case APUS_FLOAT32: return (double)((const float *)x)[at];
    case APUS_BFLOAT16: return (double)float_of_bfloat16(((const uint16_t *)x)[at]);
    default: return ((const double *)x)[at];
    }
}

static inline void linear_store(void *y, int64_t type, int64_t at, double value) {
    switch (type) {
    case APUS_FLOAT32: ((float *)y)[at] = (float)value; break;
    case APUS_BFLOAT16: ((uint16_t *)y)[at] = bfloat16_of_float((float)value); break;
    default: ((double *)y)[at] = value;
    }
}

static inline bool linear_is_floating(int64_t type) {
    return type == APUS_FLOAT32 || type == APUS_BFLOAT16 || type == APUS_FLOAT64;
}

static inline int64_t linear_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t linear_maximum(int64_t a, int64_t b) { return a > b ? a : b; }

/// Into how many chunks a batch is divided, each with scratch of its own. Its size alone decides.
static inline int64_t linear_chunks(int64_t count, int64_t slot_bytes) {
    enum { CHUNKS = 16, SCRATCH = 64 << 20 };
    int64_t fitting = linear_maximum(2, linear_minimum(CHUNKS, SCRATCH / linear_maximum(1, slot_bytes)));
    return linear_maximum(1, linear_minimum(count, fitting));
}

typedef struct {
    apus_loop_body body;
    void *context;
} linear_loop;

static inline void linear_share(void *pointer, int64_t first, int64_t last) {
    const linear_loop *loop = pointer;
    int threads = lapack_take_one_thread();
    loop->body(loop->context, first, last);
    lapack_give_back_threads(threads);
}

/// Runs `body` over the chunks of a batch while denormal numbers count.
static inline void linear_for_chunks(int64_t chunks, double flops, apus_loop_body body, void *context) {
    linear_loop loop = {body, context};
    uint64_t mode = apus_keep_denormals();
    if (flops < 100000 || !lapack_is_concurrent())
        linear_share(&loop, 0, chunks);
    else
        apus_parallel_for(chunks, linear_share, &loop);
    apus_restore_denormals(mode);
}

#endif
