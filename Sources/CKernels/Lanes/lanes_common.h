// What the batch-in-lanes kernels share: geometry, balanced splits, padded strips. Private.
#ifndef LANES_COMMON_H
#define LANES_COMMON_H

#include "apus_lanes.h"

#include <string.h>

/// Floats of one element of a lanes tensor.
#define ELEMENT APUS_LANES_BLOCK

/// Most chunks that a kernel's tasks are gathered into: each chunk may need a scratch slot of its own.
#define LANES_MAXIMUM_CHUNKS 64

static inline int64_t lanes_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t lanes_maximum(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t lanes_divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t lanes_round_up(int64_t a, int64_t b) { return lanes_divide_up(a, b) * b; }

/// Where part `index` begins when `count` things are split into `parts` almost equal parts.
static inline int64_t lanes_part(int64_t count, int64_t parts, int64_t index) { return count * index / parts; }

/// The shapes of a convolution.
typedef struct {
    int64_t blocks;
    /// Rows and columns of the convolution that count: both even with pooling.
    int64_t rows, columns;
    /// Rows and columns of the result.
    int64_t rows_out, columns_out;
    /// Convolution rows, columns a result element (1 or 2), and their product.
    int64_t pool, positions;
    int64_t padded_width;
    bool padded;
} lanes_geometry;

static inline lanes_geometry lanes_geometry_of(const apus_lanes_convolution_parameters *p) {
    lanes_geometry g;
    g.blocks = lanes_divide_up(p->samples, APUS_LANES_BLOCK);
    g.pool = p->pool ? 2 : 1;
    g.positions = g.pool * g.pool;
    g.rows_out = (p->height + p->pad_top + p->pad_bottom - p->kernel_height + 1) / g.pool;
    g.columns_out = (p->width + p->pad_left + p->pad_right - p->kernel_width + 1) / g.pool;
    g.rows = g.rows_out * g.pool;
    g.columns = g.columns_out * g.pool;
    g.padded_width = p->width + p->pad_left + p->pad_right;
    g.padded = p->pad_top || p->pad_left || p->pad_bottom || p->pad_right;
    return g;
}

/// Copies `rows` rows of the padded image, from its row `first` on, of all input channels of one block:
/// `strip[channel][rows][padded_width][16]`.
static inline void lanes_copy_strip(const apus_lanes_convolution_parameters *p, const float *x, int64_t first,
                                    int64_t rows, float *strip) {
    int64_t padded_width = p->width + p->pad_left + p->pad_right;
    size_t left = (size_t)(p->pad_left * ELEMENT), right = (size_t)(p->pad_right * ELEMENT);
    size_t middle = (size_t)(p->width * ELEMENT);
    for (int64_t channel = 0; channel < p->channels_in; channel++) {
        const float *plane = x + channel * p->height * p->width * ELEMENT;
        for (int64_t i = 0; i < rows; i++) {
            float *to = strip + (channel * rows + i) * padded_width * ELEMENT;
            int64_t row = first + i - p->pad_top;
            if (row < 0 || row >= p->height) {
                memset(to, 0, (left + middle + right) * sizeof(float));
            } else {
                memset(to, 0, left * sizeof(float));
                memcpy(to + left, plane + row * p->width * ELEMENT, middle * sizeof(float));
                memset(to + left + middle, 0, right * sizeof(float));
            }
        }
    }
}

/// How a convolution's rows are cut into bands, so that a padded strip stays in the first-level cache and so that a
/// few blocks still make work for several threads. Depends on the shape only.
typedef struct {
    /// Bands of a block; a band is some rows of the result.
    int64_t count;
    /// Bytes of a padded strip for the largest band, 0 without padding.
    int64_t strip_bytes;
} lanes_bands;

static inline lanes_bands lanes_bands_of(const apus_lanes_convolution_parameters *p, const lanes_geometry *g,
                                         int64_t cache_bytes) {
    lanes_bands bands = {0, 0};
    if (g->rows_out <= 0 || g->columns_out <= 0 || g->blocks <= 0) return bands;
    int64_t wanted = lanes_minimum(lanes_divide_up(8, g->blocks), g->rows_out);
    if (!g->padded) {
        bands.count = wanted;
        return bands;
    }
    int64_t row_bytes = p->channels_in * g->padded_width * ELEMENT * (int64_t)sizeof(float);
    int64_t fitting = (cache_bytes / row_bytes - p->kernel_height + 1) / g->pool;
    bands.count = lanes_maximum(wanted, lanes_divide_up(g->rows_out, lanes_maximum(fitting, 1)));
    int64_t largest = lanes_divide_up(g->rows_out, bands.count) * g->pool;
    bands.strip_bytes = (largest + p->kernel_height - 1) * row_bytes;
    return bands;
}

#endif
