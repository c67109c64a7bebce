// Register tiles of the input gradient, for one instruction set.
//
// A tile takes `columns` elements of the gradient and spreads them over the `columns + taps - 1` input elements that
// they came from, in `ins` input channels: so nothing is multiplied with padding. Sums stay in registers over all
// output channels and kernel rows, then are added to a row in memory where neighbouring tiles overlap.

#include "lanes_vector_template.h"
#include "lanes_expand_template.h"

// Registers: ins × (columns + taps - 1) sums; and the columns and a weight, of which 32 registers hold 2 × 9 + 5 + 1, or the weights
// and a column, of which 16 hold 2 × 6 + 2 + 1 for one tap. A sum takes a product of every tap, one after the other: two of them are
// ins × columns products apart, and 8 hide the time that one takes.
#undef MOST_TAPS
#define MOST_INS 2
#if APUS_LANES == 16 || defined(__aarch64__)
#define MOST_TAPS 5
#define MOST_COLUMNS 5
#else
#define MOST_TAPS 1
#define MOST_COLUMNS 6
#endif

LANES_INLINE void APUS_FN(input_compute)(const int ins, const int taps, const int columns, const input_tile *t) {
    const int width = columns + taps - 1;
    VF sums[MOST_INS * (MOST_COLUMNS + MOST_TAPS - 1)];
#pragma clang loop unroll(full)
    for (int i = 0; i < ins; i++)
#pragma clang loop unroll(full)
        for (int c = 0; c < width; c++)
            sums[i * width + c] = *(const VF *)(t->sums + i * t->sums_channel + c * ELEMENT);
    const int64_t kernel_rows = t->kernel_rows, g_row = t->g_row;
    const float *g_channel = t->g, *w_channel = t->w;
    for (int64_t out = 0; out < t->channels_out; out++, g_channel += t->g_channel, w_channel += t->w_channel) {
        const float *g = g_channel, *w = w_channel;
        for (int64_t ky = 0; ky < kernel_rows; ky++, g -= g_row, w += taps * ins) {
#if MOST_TAPS == 1
            VF weights[MOST_INS];
#pragma clang loop unroll(full)
            for (int i = 0; i < ins; i++) weights[i] = APUS_FN(splat)(w[i]);
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) {
                VF gradient = LANES_LOAD_HERE(g + c * ELEMENT);
#pragma clang loop unroll(full)
                for (int i = 0; i < ins; i++) sums[i * width + c] += weights[i] * gradient;
            }
#else
            VF gradients[MOST_COLUMNS];
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) gradients[c] = *(const VF *)(g + c * ELEMENT);
#pragma clang loop unroll(full)
            for (int k = 0; k < taps; k++)
#pragma clang loop unroll(full)
                for (int i = 0; i < ins; i++) {
                    VF weight = APUS_FN(splat)(w[k * ins + i]);
#pragma clang loop unroll(full)
                    for (int c = 0; c < columns; c++) sums[i * width + c + k] += weight * gradients[c];
                }
#endif
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < ins; i++)
#pragma clang loop unroll(full)
        for (int c = 0; c < width; c++) *(VF *)(t->sums + i * t->sums_channel + c * ELEMENT) = sums[i * width + c];
}

#undef TILE
#define TILE(ins, taps, columns) \
    static void APUS_FN(input_tile_##ins##_##taps##_##columns)(const input_tile *t) { \
        APUS_FN(input_compute)(ins, taps, columns, t); \
    }
#undef TILES
#undef NAME
#undef NAMES
#undef ROW
#define NAME(ins, taps, columns) APUS_FN(input_tile_##ins##_##taps##_##columns)
#if MOST_TAPS == 5
#define TILES(ins, taps) TILE(ins, taps, 1) TILE(ins, taps, 2) TILE(ins, taps, 3) TILE(ins, taps, 4) TILE(ins, taps, 5)
#define NAMES(ins, taps) \
    {NAME(ins, taps, 1), NAME(ins, taps, 2), NAME(ins, taps, 3), NAME(ins, taps, 4), NAME(ins, taps, 5)}
#define ROW(ins) {NAMES(ins, 1), NAMES(ins, 2), NAMES(ins, 3), NAMES(ins, 4), NAMES(ins, 5)}
TILES(1, 1) TILES(1, 2) TILES(1, 3) TILES(1, 4) TILES(1, 5)
TILES(2, 1) TILES(2, 2) TILES(2, 3) TILES(2, 4) TILES(2, 5)
#else
#define TILES(ins) TILE(ins, 1, 1) TILE(ins, 1, 2) TILE(ins, 1, 3) TILE(ins, 1, 4) TILE(ins, 1, 5) TILE(ins, 1, 6)
#define ROW(ins) \
    {{NAME(ins, 1, 1), NAME(ins, 1, 2), NAME(ins, 1, 3), NAME(ins, 1, 4), NAME(ins, 1, 5), NAME(ins, 1, 6)}}
TILES(1) TILES(2)
#endif

static void (*const APUS_FN(input_tiles)[MOST_INS][MOST_TAPS][MOST_COLUMNS])(const input_tile *) = {ROW(1), ROW(2)};

static input_cut APUS_FN(cut_of)(const apus_lanes_convolution_parameters *p) {
    return (input_cut){lanes_divide_up(p->kernel_width, MOST_TAPS), MOST_INS};
}

/// The input rows of `band`, all channels. `w` is the copied kernel.
static void APUS_FN(input_rows)(const apus_lanes_convolution_parameters *p, const lanes_geometry *geometry,
                                input_cut cut,
                                const float *w, const input_band *band) {
    const int64_t groups = lanes_divide_up(p->channels_in, cut.most_ins), columns = geometry->columns;
    const int64_t parts = lanes_divide_up(columns, MOST_COLUMNS), plane = p->height * p->width * ELEMENT;
    const int64_t row_elements = p->channels_out * p->kernel_height;
    // Where the convolution needs every input column exactly, sums go to dx itself.
    const bool direct = !p->pad_left && !p->pad_right;
    for (int64_t group = 0; group < groups; group++) {
        int64_t in = lanes_part(p->channels_in, groups, group);
        int64_t ins = lanes_part(p->channels_in, groups, group + 1) - in;
        for (int64_t row = band->row; row < band->row + band->rows; row++) {
            float *dx = band->dx + in * plane + row * p->width * ELEMENT;
            float *sums = direct ? dx : band->sums;
            int64_t sums_channel = direct ? plane : geometry->padded_width * ELEMENT;
            for (int64_t i = 0; i < ins; i++)
                memset(sums + i * sums_channel, 0, (size_t)(geometry->padded_width * ELEMENT) * sizeof(float));
            // Kernel row ky meets convolution row `row + pad_top - ky`, which must be there.
            int64_t ky = lanes_maximum(row + p->pad_top - band->last_row + 1, 0);
            int64_t last_ky = lanes_minimum(row + p->pad_top - band->first_row + 1, p->kernel_height);
            int64_t g_row = row + p->pad_top - ky - band->first_row;
            for (int64_t part = 0; part < parts && ky < last_ky; part++) {
                int64_t column = lanes_part(columns, parts, part);
                int64_t count = lanes_part(columns, parts, part + 1) - column;
                // Columns of all channels stay in the first-level cache, whole rows would not.
                for (int64_t piece = 0; piece < cut.pieces; piece++) {
                    int64_t tap = lanes_part(p->kernel_width, cut.pieces, piece);
                    int64_t taps = lanes_part(p->kernel_width, cut.pieces, piece + 1) - tap;
                    for (int lanes = 0; lanes < ELEMENT; lanes += APUS_LANES) {
                        input_tile t = {
                            .g = band->g + g_row * band->g_row + column * ELEMENT + lanes,
                            .g_channel = band->g_channel,
                            .g_row = band->g_row,
                            .w = w + (in * p->kernel_width + tap * ins) * row_elements + ky * taps * ins,
                            .w_channel = p->kernel_height * taps * ins,
                            .channels_out = p->channels_out,
                            .kernel_rows = last_ky - ky,
                            .sums = sums + (column + tap) * ELEMENT + lanes,
                            .sums_channel = sums_channel,
                        };
                        APUS_FN(input_tiles)[ins - 1][taps - 1][count - 1](&t);
                    }
                }
            }
            for (int64_t i = 0; i < ins && !direct; i++)
                memcpy(dx + i * plane, sums + i * sums_channel + p->pad_left * ELEMENT,
                       (size_t)(p->width * ELEMENT) * sizeof(float));
        }
    }
}
#undef MOST_INS
#undef MOST_COLUMNS
