// Register tiles of the lanes convolution, for one instruction set.
//
// A tile is `outs` output channels × `rows` × `columns` convolution elements, all in registers. For every input
// channel and kernel tap it loads the elements, broadcasts the weights, and multiplies each with each. With pooling a
// tile has two rows, and its windows are reduced before they are stored, so that the full-size image never exists.

#include "lanes_vector_template.h"

// Registers: outs × rows × columns accumulators; and rows × columns inputs and a weight, of which 32 registers hold 6 × 4 or
// 2 × 8, or the weights and an input, of which 16 hold 3 × 4 or 1 × 8.
#undef MOST_OUTS
#undef WIDE_OUTS
#undef HOLDS_WEIGHTS
#if APUS_LANES == 16 || defined(__aarch64__)
#define MOST_OUTS 6
#define WIDE_OUTS 2
#define HOLDS_WEIGHTS 0
#else
#define MOST_OUTS 3
#define WIDE_OUTS 1
#define HOLDS_WEIGHTS 1
#endif

#if !LANES_INTRINSICS
typedef bool APUS_FN(lanes_bits) __attribute__((ext_vector_type(APUS_LANES)));
#endif

/// A bit for each lane in which a > b.
LANES_INLINE uint32_t APUS_FN(greater)(VF a, VF b) {
#if LANES_INTRINSICS
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
#else
    APUS_FN(lanes_bits) bits = __builtin_convertvector(a > b, APUS_FN(lanes_bits));
    uint8_t byte;
    memcpy(&byte, &bits, 1);
    return byte & ((1u << APUS_LANES) - 1);
#endif
}

/// The larger of each lane, b if one is NaN.
LANES_INLINE VF APUS_FN(larger)(VF a, VF b) {
#if LANES_INTRINSICS
    return (VF)_mm512_max_ps((__m512)a, (__m512)b);
#else
    VI chosen = a > b;
    return (VF)((chosen & (VI)a) | (~chosen & (VI)b));
#endif
}

/// `value`, but NaN in the lanes where one of a, b, c, d is NaN.
LANES_INLINE VF APUS_FN(keep_nan)(VF value, VF a, VF b, VF c, VF d) {
#if LANES_INTRINSICS
    __mmask16 lost = _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q)
        | _mm512_cmp_ps_mask((__m512)c, (__m512)d, _CMP_UNORD_Q);
    return (VF)_mm512_mask_mov_ps((__m512)value, lost, _mm512_set1_ps(__builtin_nanf("")));
#else
    VI lost = (a != a) | (b != b) | (c != c) | (d != d);
    return (VF)((VI)value | lost);  // all bits set is a NaN
#endif
}

/// Adds the bits of this part of the lanes to a mask.
LANES_INLINE void APUS_FN(store_bits)(uint16_t *mask, int part, uint32_t bits) {
    if (APUS_LANES == 16 || part == 0) *mask = (uint16_t)bits;
    else *mask |= (uint16_t)(bits << (part * APUS_LANES));
}

LANES_INLINE void APUS_FN(store_masks)(uint16_t *masks, int part, uint32_t first, uint32_t second, uint32_t third,
                                       uint32_t fourth) {
    if (APUS_LANES == 16) {
        uint64_t all = first | second << 16 | (uint64_t)(third | fourth << 16) << 32;
        memcpy(masks, &all, sizeof all);
    } else {
        APUS_FN(store_bits)(masks, part, first);
        APUS_FN(store_bits)(masks + 1, part, second);
        APUS_FN(store_bits)(masks + 2, part, third);
        APUS_FN(store_bits)(masks + 3, part, fourth);
    }
}

/// Stores the maximum of a window and where it came from.
LANES_INLINE void APUS_FN(store_window)(VF a, VF b, VF c, VF d, int relu, float *y, uint16_t *masks, int part) {
    VF top = APUS_FN(larger)(b, a), bottom = APUS_FN(larger)(d, c), all = APUS_FN(larger)(bottom, top);
    if (masks) {
        uint32_t second = APUS_FN(greater)(b, a), fourth = APUS_FN(greater)(d, c);
        uint32_t below = APUS_FN(greater)(bottom, top);
        uint32_t live = relu ? APUS_FN(greater)(all, (VF){0}) : (1u << APUS_LANES) - 1;
        uint32_t above = live & ~below;
        below &= live;
        APUS_FN(store_masks)(masks, part, above & ~second, above & second, below & ~fourth, below & fourth);
    }
    if (relu) all = APUS_FN(larger)((VF){0}, all);
    *(VF *)y = APUS_FN(keep_nan)(all, a, b, c, d);
}

LANES_INLINE void APUS_FN(convolution_compute)(const int outs, const int rows, const int columns,
                                               const convolution_tile *t,
                                               const convolution_constants *k) {
    const int area = rows * columns;
    VF sums[4 * MOST_OUTS > 8 * WIDE_OUTS ? 4 * MOST_OUTS : 8 * WIDE_OUTS];
#pragma clang loop unroll(full)
    for (int o = 0; o < outs; o++) {
        VF start = APUS_FN(splat)(t->bias ? t->bias[o] : 0.0f);
#pragma clang loop unroll(full)
        for (int i = 0; i < area; i++) sums[o * area + i] = start;
    }
    const int64_t x_row = k->x_row, w_tap = k->w_tap, kernel_width = k->kernel_width, kernel_height = k->kernel_height;
    for (int64_t channel = 0; channel < k->channels_in; channel++) {
        const float *x_line = t->x + channel * k->x_channel;
        const float *w = t->w + channel * k->w_channel;
        for (int64_t ky = 0; ky < kernel_height; ky++, x_line += x_row) {
            const float *x = x_line;
            for (int64_t kx = 0; kx < kernel_width; kx++, x += ELEMENT, w += w_tap) {
#if HOLDS_WEIGHTS
                VF weights[MOST_OUTS];
#pragma clang loop unroll(full)
                for (int o = 0; o < outs; o++) weights[o] = APUS_FN(splat)(w[o]);
#pragma clang loop unroll(full)
                for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
                    for (int c = 0; c < columns; c++) {
                        VF input = LANES_LOAD_HERE(x + r * x_row + c * ELEMENT);
#pragma clang loop unroll(full)
                        for (int o = 0; o < outs; o++) sums[o * area + r * columns + c] += weights[o] * input;
                    }
#else
                VF inputs[8];
#pragma clang loop unroll(full)
                for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
                    for (int c = 0; c < columns; c++)
                        inputs[r * columns + c] = *(const VF *)(x + r * x_row + c * ELEMENT);
#pragma clang loop unroll(full)
                for (int o = 0; o < outs; o++) {
                    VF weight = APUS_FN(splat)(w[o]);
#pragma clang loop unroll(full)
                    for (int i = 0; i < area; i++) sums[o * area + i] += weight * inputs[i];
                }
#endif
            }
        }
    }
#pragma clang loop unroll(full)
    for (int o = 0; o < outs; o++) {
        float *y = t->y + o * k->y_channel;
        uint16_t *masks = t->masks ? t->masks + o * k->mask_channel : NULL;
        const VF *s = sums + o * area;
        if (rows == 2) {
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c += 2)
                APUS_FN(store_window)(s[c], s[c + 1], s[columns + c], s[columns + c + 1], k->relu, y + c / 2 * ELEMENT,
                                      masks ? masks + c / 2 * 4 : NULL, t->part);
        } else {
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) {
                VF value = s[c];
                if (k->relu) {
                    if (masks) APUS_FN(store_bits)(masks + c, t->part, APUS_FN(greater)(value, (VF){0}));
                    value = APUS_FN(larger)((VF){0}, value);
                }
                *(VF *)(y + c * ELEMENT) = value;
            }
        }
    }
}

#undef TILE
#define TILE(outs, rows, columns) \
    static void APUS_FN(convolution_tile_##outs##_##rows##_##columns)(const convolution_tile *t, \
            const convolution_constants *k) { \
        APUS_FN(convolution_compute)(outs, rows, columns, t, k); \
    }
#undef TILES
#define TILES(outs) TILE(outs, 1, 1) TILE(outs, 1, 2) TILE(outs, 1, 3) TILE(outs, 1, 4) TILE(outs, 2, 2)
TILES(1) TILES(2) TILES(3) TILE(1, 1, 8) TILE(1, 2, 4)
#if MOST_OUTS > 3
TILES(4) TILES(5) TILES(6) TILE(2, 1, 8) TILE(2, 2, 4)
#endif

/// Index: outs - 1, then 1, 2, 3, 4, 8 columns of one row, 2, 4 columns of two rows.
static void (*const APUS_FN(convolution_tiles)[MOST_OUTS][7])(const convolution_tile *,
                                                              const convolution_constants *) = {
#undef NAME
#undef ROW
#define NAME(outs, rows, columns) APUS_FN(convolution_tile_##outs##_##rows##_##columns)
#define ROW(outs) NAME(outs, 1, 1), NAME(outs, 1, 2), NAME(outs, 1, 3), NAME(outs, 1, 4)
    {ROW(1), NAME(1, 1, 8), NAME(1, 2, 2), NAME(1, 2, 4)},
#if WIDE_OUTS == 2
    {ROW(2), NAME(2, 1, 8), NAME(2, 2, 2), NAME(2, 2, 4)},
#else
    {ROW(2), 0, NAME(2, 2, 2), 0},
#endif
    {ROW(3), 0, NAME(3, 2, 2), 0},
#if MOST_OUTS > 3
    {ROW(4), 0, NAME(4, 2, 2), 0},
    {ROW(5), 0, NAME(5, 2, 2), 0},
    {ROW(6), 0, NAME(6, 2, 2), 0},
#endif
};

/// `rows` rows of the result of one block. `x`, `y`, `masks` point at the first of them (`x` at the first padded row
/// that they need).
static void APUS_FN(convolution_band)(const apus_lanes_convolution_parameters *p, const lanes_geometry *g,
                                      const convolution_constants *constants, const float *x, const float *w,
                                      const float *bias, float *y, uint16_t *masks, int64_t rows) {
    const int64_t pool = g->pool, columns = g->columns_out;
    int64_t groups = lanes_divide_up(p->channels_out, MOST_OUTS);
    for (int64_t group = 0; group < groups; group++) {
        int64_t out = lanes_part(p->channels_out, groups, group);
        int64_t outs = lanes_part(p->channels_out, groups, group + 1) - out;
        // Few output channels leave registers for more columns.
        int64_t most = outs <= WIDE_OUTS ? 8 : 4;
        for (int64_t row = 0; row < rows; row++) {
            for (int part = 0; part < ELEMENT / APUS_LANES; part++) {
                for (int64_t column = 0; column < columns;) {
                    int64_t left = columns - column, width, kind;
                    if (pool == 2) {
                        width = most == 8 && left >= 2 ? 2 : 1;
                        kind = width == 2 ? 6 : 5;
                    } else if (most == 8 && left >= 8) {
                        width = 8;
                        kind = 4;
                    } else {
                        width = lanes_divide_up(left, lanes_divide_up(left, 4));
                        kind = width - 1;
                    }
                    int64_t at = row * columns + column;
                    convolution_tile tile = {
                        .x = x + row * pool * constants->x_row + column * pool * ELEMENT + part * APUS_LANES,
                        .w = w + out,
                        .bias = bias ? bias + out : NULL,
                        .y = y + out * constants->y_channel + at * ELEMENT + part * APUS_LANES,
                        .masks = masks ? masks + out * constants->mask_channel + at * g->positions : NULL,
                        .part = part,
                    };
                    APUS_FN(convolution_tiles)[outs - 1][kind](&tile, constants);
                    column += width;
                }
            }
        }
    }
}
