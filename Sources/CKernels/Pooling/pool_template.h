// Pooling loops for one instruction set: channels in vectors, windows in scalar loops.
#include "vector_math.h"
#include "movement_vectors.h"

// Positions in windows: bytes in memory, int32 in vectors.
#define vtaps APUS_FN(vtaps)
#define vload_taps APUS_FN(vload_taps)
#define vload_first_taps APUS_FN(vload_first_taps)
#define vstore_taps APUS_FN(vstore_taps)
#define vstore_first_taps APUS_FN(vstore_first_taps)

typedef uint8_t vtaps __attribute__((vector_size(APUS_LANES)));

MATH_INLINE vint vload_taps(const uint8_t *p) {
    vtaps bytes;
    memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(bytes, vint);
}

MATH_INLINE vint vload_first_taps(const uint8_t *p, int64_t n) {
    vint taps = {0};
    for (int64_t i = 0; i < n; i++) taps[i] = p[i];
    return taps;
}

MATH_INLINE void vstore_taps(uint8_t *p, vint taps) {
    vtaps bytes = __builtin_convertvector(taps, vtaps);
    memcpy(p, &bytes, sizeof bytes);
}

MATH_INLINE void vstore_first_taps(uint8_t *p, vint taps, int64_t n) {
    vtaps bytes = __builtin_convertvector(taps, vtaps);
    for (int64_t i = 0; i < n; i++) p[i] = bytes[i];
}

#define POOL_FN(name) APUS_FN(name##_float32)
#define POOL_TYPE float
#define POOL_LOAD vload
#define POOL_LOAD_FIRST vload_first
#define POOL_STORE vstore
#define POOL_STORE_FIRST vstore_first
#define POOL_VECTOR vfloat
#define POOL_MASK vint
#define POOL_SUM float
#define POOL_LANES APUS_LANES
#define POOL_SELECT vselect
#include "pool_body.h"
#include "pool_indexed_body.h"
#include "pool_undefine.h"

#define POOL_FN(name) APUS_FN(name##_bfloat16)
#define POOL_TYPE uint16_t
#define POOL_LOAD vload_bfloat16
#define POOL_LOAD_FIRST vload_first_bfloat16
#define POOL_STORE vstore_bfloat16
#define POOL_STORE_FIRST vstore_first_bfloat16
#define POOL_VECTOR vfloat
#define POOL_MASK vint
#define POOL_SUM float
#define POOL_LANES APUS_LANES
#define POOL_SELECT vselect
#include "pool_body.h"
#include "pool_indexed_body.h"
#include "pool_undefine.h"

// float64: one "lane".
#undef POOL_DOUBLE_LOAD
#undef POOL_DOUBLE_LOAD_FIRST
#undef POOL_DOUBLE_STORE
#undef POOL_DOUBLE_STORE_FIRST
#undef POOL_DOUBLE_SELECT
#define POOL_DOUBLE_LOAD(p) (*(p))
#define POOL_DOUBLE_LOAD_FIRST(p, n) (*(p))
#define POOL_DOUBLE_STORE(p, x) (*(p) = (x))
#define POOL_DOUBLE_STORE_FIRST(p, x, n) (*(p) = (x))
#define POOL_DOUBLE_SELECT(c, a, b) ((c) ? (a) : (b))
#define POOL_FN(name) APUS_FN(name##_float64)
#define POOL_TYPE double
#define POOL_LOAD POOL_DOUBLE_LOAD
#define POOL_LOAD_FIRST POOL_DOUBLE_LOAD_FIRST
#define POOL_STORE POOL_DOUBLE_STORE
#define POOL_STORE_FIRST POOL_DOUBLE_STORE_FIRST
#define POOL_VECTOR double
#define POOL_MASK int64_t
#define POOL_SUM double
#define POOL_LANES 1
#define POOL_SELECT POOL_DOUBLE_SELECT
#include "pool_body.h"
#include "pool_indexed_body.h"
#include "pool_undefine.h"
