// The geometry of pooling. Private.
#ifndef POOL_COMMON_H
#define POOL_COMMON_H

#include "apus_pool.h"

#include <math.h>
#include <string.h>

static inline int64_t pool_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t pool_maximum(int64_t a, int64_t b) { return a > b ? a : b; }

static inline int64_t pool_out(int64_t size, int64_t before, int64_t after, int64_t window, int64_t stride) {
    int64_t room = size + before + after - window;
    return room < 0 ? 0 : room / stride + 1;
}

/// The part of a window that lies in x: rows top..<bottom, columns left..<right.
typedef struct {
    int64_t top, bottom, left, right;
} pool_window;

static inline pool_window pool_window_at(const apus_pool_parameters *p, int64_t row, int64_t column) {
    int64_t top = row * p->stride_height - p->pad_top, left = column * p->stride_width - p->pad_left;
    return (pool_window){
        pool_maximum(top, 0),
        pool_minimum(top + p->window_height, p->height),
        pool_maximum(left, 0),
        pool_minimum(left + p->window_width, p->width),
    };
}

/// Windows first..<end.
typedef struct {
    int64_t first, end;
} pool_range;

/// The windows of one axis that hold position `at` (which counts the padding before it).
static inline pool_range pool_windows_of(int64_t at, int64_t window, int64_t stride, int64_t windows) {
    return (pool_range){
        at < window ? 0 : (at - window) / stride + 1,
        pool_minimum(at / stride + 1, windows),
    };
}

/// What an average divides by.
static inline int64_t pool_divisor(const apus_pool_parameters *p, pool_window w) {
    return p->count_padding ? p->window_height * p->window_width : (w.bottom - w.top) * (w.right - w.left);
}

typedef struct {
    const apus_pool_parameters *p;
    int64_t out_height, out_width;
    /// x: the operand whose maxima count. v: select's other operand. y: results. g, dx: gradients.
    const void *x, *v, *g;
    void *y, *dx;
    /// Positions of maxima in their windows.
    uint8_t *taps;
    /// Overlapping bfloat16 windows add up here, in float32.
    float *sums;
    /// Channels first..<last of a task; tasks a sample.
    int64_t channel_block, channel_blocks;
} pool_job;

#endif
