// What the normalization kernels share. Private.
#ifndef NORMALIZATION_COMMON_H
#define NORMALIZATION_COMMON_H

#include "include/apus_normalization.h"

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

/// Images from some element on; all but x may be NULL.
typedef struct {
    const void *x;
    /// Gradients to the result, which are added.
    const void *g, *g2;
    /// The result, or the bits of its positive elements: where ReLU let the gradient through.
    const void *y;
    const uint8_t *mask;
    void *dx, *dresidual;
} normalization_images;

/// Everything that a row needs of its channels.
typedef struct {
    /// Forward: y = (x - mean) * factor + offset. Backward: dx = g * factor + (x - mean) * slope + offset.
    float mean[STRIP], factor[STRIP], slope[STRIP], offset[STRIP];
} normalization_channels;

#endif
