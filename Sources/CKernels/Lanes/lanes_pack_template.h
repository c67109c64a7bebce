// Packing and unpacking of squares of 16 samples × 16 elements, for one instruction set.

#include "lanes_vector_template.h"

typedef float APUS_FN(lanes_unaligned) __attribute__((vector_size(64), aligned(4)));
typedef uint8_t APUS_FN(lanes_bytes) __attribute__((vector_size(16), aligned(1)));

/// Transposes a square in place: four rounds that swap ever larger pieces.
LANES_INLINE void APUS_FN(transpose)(VE *r) {
    VE t[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
        t[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13,
                                           29);
        t[2 * i + 1] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14,
                                               30, 15, 31);
    }
    // Now t[2i] holds elements 0, 1 and t[2i + 1] elements 2, 3 of each quarter, of samples 2i and 2i + 1.
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < 2; j++) {
            VE a = t[4 * i + j], b = t[4 * i + j + 2];
            r[4 * i + 2 * j] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            r[4 * i + 2 * j + 1] = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30,
                                                           31);
        }
    // r[4i + e] holds, in its quarter q, element 4q + e of samples 4i..<4i + 4. Now gather quarters.
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++)
#pragma clang loop unroll(full)
        for (int e = 0; e < 4; e++) {
            VE a = r[8 * i + e], b = r[8 * i + 4 + e];
            t[8 * i + e] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
            t[8 * i + 4 + e] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30,
                                                       31);
        }
    // t[8i + 4h + e]: elements 4h + e and 8 + 4h + e of samples 8i..<8i + 8, in halves.
#pragma clang loop unroll(full)
    for (int e = 0; e < 8; e++) {
        VE a = t[e], b = t[8 + e];
        r[e] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        r[8 + e] = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
}

/// The squares `first..<last` of one block.
static void APUS_FN(pack_squares)(const apus_lanes_pack_parameters *p, const void *x, float *y, int64_t block,
                                  int64_t first, int64_t last) {
    const int64_t area = p->height * p->width, elements = area * p->channels;
    const int64_t samples = lanes_minimum(p->samples - block * ELEMENT, ELEMENT);
    const float scale = p->scale, offset = p->offset;
    const bool bytes = p->type == APUS_UINT8;
    y += block * elements * ELEMENT;
    int64_t channel = first * ELEMENT % p->channels, pixel = first * ELEMENT / p->channels;
    for (int64_t square = first; square < last; square++) {
        const int64_t start = square * ELEMENT, count = lanes_minimum(elements - start, ELEMENT);
        VE rows[16];
        for (int sample = 0; sample < 16; sample++) {
            if (sample >= samples) {
                rows[sample] = (VE){0};
                continue;
            }
            const int64_t at = (block * ELEMENT + sample) * elements + start;
            if (bytes) {
                uint8_t tail[16] = {0};
                const uint8_t *from = (const uint8_t *)x + at;
                if (count < ELEMENT) from = memcpy(tail, from, (size_t)count);
                rows[sample] = __builtin_convertvector(*(const APUS_FN(lanes_bytes) *)from, VE);
            } else {
                float tail[16] = {0};
                const float *from = (const float *)x + at;
                if (count < ELEMENT) from = memcpy(tail, from, (size_t)count * sizeof(float));
                rows[sample] = *(const APUS_FN(lanes_unaligned) *)from;
            }
            rows[sample] = rows[sample] * scale + offset;
        }
        APUS_FN(transpose)(rows);
        for (int64_t i = 0; i < count; i++) {
            *(VE *)(y + (channel * area + pixel) * ELEMENT) = rows[i];
            if (++channel == p->channels) channel = 0, pixel++;
        }
    }
}

static void APUS_FN(unpack_squares)(const apus_lanes_pack_parameters *p, const void *x, float *y, int64_t block,
                                    int64_t first, int64_t last) {
    const int64_t area = p->height * p->width, elements = area * p->channels;
    const int64_t samples = lanes_minimum(p->samples - block * ELEMENT, ELEMENT);
    const float *from = (const float *)x + block * elements * ELEMENT;
    y += block * ELEMENT * elements;
    int64_t channel = first * ELEMENT % p->channels, pixel = first * ELEMENT / p->channels;
    for (int64_t square = first; square < last; square++) {
        const int64_t start = square * ELEMENT, count = lanes_minimum(elements - start, ELEMENT);
        VE rows[16];
        for (int64_t i = 0; i < 16; i++) {
            if (i >= count) {
                rows[i] = (VE){0};
                continue;
            }
            rows[i] = *(const VE *)(from + (channel * area + pixel) * ELEMENT);
            if (++channel == p->channels) channel = 0, pixel++;
        }
        APUS_FN(transpose)(rows);
        for (int64_t sample = 0; sample < samples; sample++) {
            float *to = y + sample * elements + start;
            if (count == ELEMENT)
                *(APUS_FN(lanes_unaligned) *)to = rows[sample];
            else
                memcpy(to, &rows[sample], (size_t)count * sizeof(float));
        }
    }
}
