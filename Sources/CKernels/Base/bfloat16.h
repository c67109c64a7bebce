// bfloat16 numbers, one at a time: the upper half of a float32. Private.
#ifndef BFLOAT16_H
#define BFLOAT16_H

#include <stdint.h>
#include <string.h>

static inline float float_of_bfloat16(uint16_t b) {
    uint32_t bits = (uint32_t)b << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

/// The nearest, halves to even; NaN stays NaN.
static inline uint16_t bfloat16_of_float(float f) {
    uint32_t bits;
    memcpy(&bits, &f, 4);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (uint16_t)(f != f ? bits >> 16 | 0x40 : rounded);
}

#endif
