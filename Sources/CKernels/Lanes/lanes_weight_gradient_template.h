// Register tiles of the weight gradient, for one instruction set.
//
// A tile is `taps` neighbouring kernel taps (or, for 1×1 kernels, input channels) × `outs` output channels. It runs
// over all elements of a band with its sums in registers, then adds them up over the lanes.

#include "lanes_vector_template.h"
#include "lanes_expand_template.h"

// 32 registers hold 5 × 4 sums, 5 inputs and a gradient; 16 hold 3 × 4.
#undef MOST_TAPS
#undef MOST_OUTS
#define MOST_OUTS 4
#if APUS_LANES == 16 || defined(__aarch64__)
#define MOST_TAPS 5
#else
#define MOST_TAPS 3
#endif

/// Adds the lanes' sum of each of `count` <= 16 vectors to `results[i]`, in a fixed order.
LANES_INLINE void APUS_FN(add_lanes)(const int count, const VF *v, float *results) {
#if APUS_LANES == 16
    // A tree: each step adds halves of two vectors side by side, until one vector holds all the sums.
    VF a[8], b[4], c[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
        VF even = 2 * i < count ? v[2 * i] : (VF){0}, odd = 2 * i + 1 < count ? v[2 * i + 1] : (VF){0};
        a[i] = __builtin_shufflevector(even, odd, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
            + __builtin_shufflevector(even, odd, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++)
        b[i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
            + __builtin_shufflevector(a[2 * i], a[2 * i + 1], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30,
                                      31);
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++)
        c[i] = __builtin_shufflevector(b[2 * i], b[2 * i + 1], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27)
            + __builtin_shufflevector(b[2 * i], b[2 * i + 1], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30,
                                      31);
    VF d = __builtin_shufflevector(c[0], c[1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
        + __builtin_shufflevector(c[0], c[1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    float sums[16];
    memcpy(sums, &d, sizeof sums);
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) results[i] = sums[i];
#elif APUS_LANES == 8
    // The same tree over eight vectors at a time.
#pragma clang loop unroll(full)
    for (int first = 0; first < count; first += 8) {
        VF a[4], b[2];
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
            int even_index = first + 2 * i, odd_index = even_index + 1;
            VF even = even_index < count ? v[even_index] : (VF){0}, odd = odd_index < count ? v[odd_index] : (VF){0};
            a[i] = __builtin_shufflevector(even, odd, 0, 8, 2, 10, 4, 12, 6, 14)
                + __builtin_shufflevector(even, odd, 1, 9, 3, 11, 5, 13, 7, 15);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 2; i++)
            b[i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13)
                + __builtin_shufflevector(a[2 * i], a[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
        VF c = __builtin_shufflevector(b[0], b[1], 0, 1, 2, 3, 8, 9, 10, 11)
            + __builtin_shufflevector(b[0], b[1], 4, 5, 6, 7, 12, 13, 14, 15);
        float sums[8];
        memcpy(sums, &c, sizeof sums);
#pragma clang loop unroll(full)
        for (int i = first; i < count && i < first + 8; i++) results[i] = sums[i - first];
    }
#else
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) {
        float f[APUS_LANES];
        memcpy(f, &v[i], sizeof f);
        for (int half = APUS_LANES / 2; half; half /= 2)
            for (int j = 0; j < half; j++) f[j] += f[j + half];
        results[i] = f[0];
    }
#endif
}

LANES_INLINE void APUS_FN(weight_compute)(const int taps, const int outs, const weight_tile *t, int64_t dw_tap,
                                          float *dw) {
    VF sums[MOST_TAPS * MOST_OUTS];
#pragma clang loop unroll(full)
    for (int i = 0; i < taps * outs; i++) sums[i] = (VF){0};
    const int64_t x_tap = t->x_tap, g_channel = t->g_channel;
    for (int part = 0; part < ELEMENT / APUS_LANES; part++) {
        for (int64_t row = 0; row < t->rows; row++) {
            const float *x = t->x + row * t->x_row + part * APUS_LANES;
            const float *g = t->g + row * t->g_row + part * APUS_LANES;
            for (int64_t column = t->columns; column > 0; column--, x += ELEMENT, g += ELEMENT) {
                VF inputs[MOST_TAPS];
#pragma clang loop unroll(full)
                for (int k = 0; k < taps; k++) inputs[k] = *(const VF *)(x + k * x_tap);
#pragma clang loop unroll(full)
                for (int o = 0; o < outs; o++) {
                    VF gradient = *(const VF *)(g + o * g_channel);
#pragma clang loop unroll(full)
                    for (int k = 0; k < taps; k++) sums[k * outs + o] += gradient * inputs[k];
                }
            }
        }
    }
    float results[MOST_TAPS * MOST_OUTS];
    APUS_FN(add_lanes)(taps * outs < 16 ? taps * outs : 16, sums, results);
    if (taps * outs > 16) APUS_FN(add_lanes)(taps * outs - 16, sums + 16, results + 16);
#pragma clang loop unroll(full)
    for (int k = 0; k < taps; k++)
#pragma clang loop unroll(full)
        for (int o = 0; o < outs; o++) dw[k * dw_tap + o] += results[k * outs + o];
}

#undef TILE
#define TILE(taps, outs) \
    static void APUS_FN(weight_tile_##taps##_##outs)(const weight_tile *t, int64_t dw_tap, float *dw) { \
        APUS_FN(weight_compute)(taps, outs, t, dw_tap, dw); \
    }
#undef TILES
#define TILES(taps) TILE(taps, 1) TILE(taps, 2) TILE(taps, 3) TILE(taps, 4)
TILES(1) TILES(2) TILES(3)
#if MOST_TAPS > 3
TILES(4) TILES(5)
#endif

static void (*const APUS_FN(weight_tiles)[MOST_TAPS][MOST_OUTS])(const weight_tile *, int64_t dw_tap, float *dw) = {
#undef ROW
#define ROW(taps) \
    {APUS_FN(weight_tile_##taps##_1), APUS_FN(weight_tile_##taps##_2), APUS_FN(weight_tile_##taps##_3), \
     APUS_FN(weight_tile_##taps##_4)}
    ROW(1), ROW(2), ROW(3),
#if MOST_TAPS > 3
    ROW(4), ROW(5),
#endif
};

/// The rows that are expanded at a time of as many as there is memory for: half of them where CPUs with such vectors mostly have a
/// first-level cache of 32 KB and not of 48.
static int64_t APUS_FN(rows_of)(int64_t most) {
    return APUS_LANES == 16 || MOST_TAPS > 3 ? most : lanes_maximum(most / 2, 1);
}

/// Adds the products of one band with `outs` <= 4 output channels to dw, which points at the first of these channels.
static void APUS_FN(weight_taps)(const apus_lanes_convolution_parameters *p, const weight_tile *band, int64_t x_channel,
                                 int64_t outs, float *dw) {
    const bool single = p->kernel_width == 1;  // then a tile's taps are input channels
    const int64_t tap_count = single ? p->channels_in : p->kernel_width;
    const int64_t dw_tap = single ? p->channels_out : p->channels_in * p->channels_out;
    const int64_t pieces = lanes_divide_up(tap_count, MOST_TAPS);
    for (int64_t channel = 0; channel < (single ? 1 : p->channels_in); channel++)
        for (int64_t ky = 0; ky < p->kernel_height; ky++)
            for (int64_t piece = 0; piece < pieces; piece++) {
                int64_t tap = lanes_part(tap_count, pieces, piece);
                int64_t taps = lanes_part(tap_count, pieces, piece + 1) - tap;
                weight_tile t = *band;
                t.x_tap = single ? x_channel : ELEMENT;
                t.x += channel * x_channel + ky * t.x_row + tap * t.x_tap;
                int64_t at = (ky * p->kernel_width * p->channels_in + channel) * p->channels_out + tap * dw_tap;
                APUS_FN(weight_tiles)[taps - 1][outs - 1](&t, dw_tap, dw + at);
            }
}

/// Adds the sum of `elements` elements of each channel to `sums`.
static void APUS_FN(sum_channels)(const float *g, int64_t channels, int64_t stride, int64_t elements, float *sums) {
    for (int64_t channel = 0; channel < channels; channel++) {
        VE sum = (VE){0};
        for (int64_t i = 0; i < elements; i++) sum += *(const VE *)(g + channel * stride + i * ELEMENT);
        sums[channel] += APUS_FN(sum)(sum);
    }
}
