// Number formats of the softmax kernels. Private.
#ifndef SOFTMAX_COMMON_H
#define SOFTMAX_COMMON_H

#include "apus_softmax.h"
#include "bfloat16.h"

#include <math.h>
#include <string.h>

/// Columns that are done together when the axis is not the last one.
enum { SOFTMAX_COLUMNS = 64 };

static inline int64_t softmax_minimum(int64_t a, int64_t b) { return a < b ? a : b; }

static inline int64_t softmax_type_bytes(int64_t type) {
    return type == APUS_FLOAT64 ? 8 : type == APUS_FLOAT32 ? 4 : 2;
}

#endif
