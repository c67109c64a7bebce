// What the normalization kernels share. Private.
#ifndef NORMALIZATION_COMMON_H
#define NORMALIZATION_COMMON_H

#include "apus_normalization.h"

#include <math.h>
#include <string.h>

/// Channels of a strip, the unit of a task; few channels are grouped to about the second.
enum { STRIP = 256, GROUPED = 64 };
/// Elements below which one thread does all.
enum { NORMALIZATION_SHARED = 32768 };

static inline int64_t normalization_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t normalization_maximum(int64_t a, int64_t b) { return a > b ? a : b; }

/// x seen with several short rows as one long row, so that few channels fill registers. The last `rest` rows of x do
/// not make a whole group.
typedef struct {
    int64_t group, rows, width, rest, strips;
    /// Parts of the rows for sums over them.
    int64_t parts;
} normalization_view;

static inline normalization_view normalization_view_of(const apus_normalization_parameters *p) {
    normalization_view v;
    v.group = p->channels > 0 && p->channels < GROUPED ? GROUPED / p->channels : 1;
    v.rows = p->rows / v.group;
    v.width = p->channels * v.group;
    v.rest = p->rows % v.group;
    v.strips = (v.width + STRIP - 1) / STRIP;
    int64_t tasks = normalization_maximum(1, v.strips);
    v.parts = normalization_minimum(v.rows * v.width / 8192 / tasks, (32 + tasks - 1) / tasks);
    v.parts = normalization_maximum(1, normalization_minimum(v.parts, v.rows / 32));
    return v;
}

/// Everything that a row needs of its channels.
typedef struct {
    /// Forward: y = (x - mean) * factor + offset. Backward: dx = d * factor + (x - mean) * slope + offset.
    _Alignas(64) float mean[STRIP], factor[STRIP], slope[STRIP], offset[STRIP];
} normalization_channels;

/// Which elements of an incoming gradient count: all; those with y > 0, told by y or by a mask of bits. The last also
/// counts all, and has the mean and factor of x by row.
typedef enum { GATE_NONE, GATE_RESULT, GATE_MASK, GATE_NONE_BY_ROW } normalization_gate;

/// What happens last to a result: nothing; ReLU; ReLU and the mask of it.
typedef enum { FINISH_PLAIN, FINISH_RELU, FINISH_MASK } normalization_finish;

/// A strip of some rows: pointers to its first element, NULL for what there is not, and the elements from row to row.
typedef struct {
    const void *x, *residual, *g, *g2;
    /// GATE_RESULT: y, a tensor as the others. GATE_MASK: the byte of the strip's first bit.
    const void *gate;
    /// FINISH_MASK: as the mask to be read.
    uint8_t *mask;
    void *y, *dx, *dresidual;
    const float *row_mean, *row_factor;
    int64_t stride, rows, width;
} normalization_rows;

/// Partial results of parts of the rows: doubles [parts][2][width]; `rows` of x in each.
typedef struct {
    const double *sums;
    int64_t width, channels, group, parts, rest;
    /// Rows (of a view) of all whole parts.
    int64_t rows;
} normalization_parts;

#endif
