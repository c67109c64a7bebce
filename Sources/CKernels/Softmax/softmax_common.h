// Number formats of the softmax kernels. Private.
#ifndef SOFTMAX_COMMON_H
#define SOFTMAX_COMMON_H

#include "apus_softmax.h"

#include <math.h>
#include <string.h>

/// Columns that are done together when the axis is not the last one.
enum { SOFTMAX_COLUMNS = 64 };

static inline int64_t softmax_minimum(int64_t a, int64_t b) { return a < b ? a : b; }

static inline int64_t softmax_type_bytes(int64_t type) {
    return type == APUS_FLOAT64 ? 8 : type == APUS_FLOAT32 ? 4 : 2;
}

static inline float softmax_float_of_bfloat16(uint16_t b) {
    uint32_t bits = (uint32_t)b << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static inline uint16_t softmax_bfloat16_of_float(float f) {
    uint32_t bits;
    memcpy(&bits, &f, 4);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (uint16_t)(f != f ? bits >> 16 | 0x40 : rounded);
}

#endif
