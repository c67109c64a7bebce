// Vectors of APUS_LANES floats, and exp, sigmoid and tanh on them and on scalars.
//
// A template (see multiversion.h) includes this file, so that there is one version for each instruction set:
//     vfloat, vint                        vectors of APUS_LANES float or int32
//     vload(p), vstore(p, x)              any alignment
//     vload_first(p, n), vstore_first(p, x, n)   the first n lanes only, 1 <= n <= APUS_LANES; the others are 0
//     vsplat(c), vselect(c, a, b)         c in every lane; a where the comparison c holds, b elsewhere
//     vexp(x), vsigmoid(x), vtanh(x)
// and, in every version with the same operations, for loops that the compiler vectorizes:
//     apus_exp(x), apus_sigmoid(x), apus_tanh(x)
// The C file includes <immintrin.h> on x86-64 before multiversion.h, whose pragmas would disturb it.

#if defined(__x86_64__) && !defined(__IMMINTRIN_H)
#error "include <immintrin.h> before multiversion.h"
#endif

#pragma STDC FP_CONTRACT ON
#undef MATH_INLINE
#define MATH_INLINE static inline __attribute__((always_inline, unused))

// MARK: Scalars

#define apus_exp APUS_FN(scalar_exp)
#define apus_sigmoid APUS_FN(scalar_sigmoid)
#define apus_tanh APUS_FN(scalar_tanh)
#define apus_float_bits APUS_FN(float_bits)

typedef union {
    float value;
    int32_t bits;
} apus_float_bits;

#define MATH_FN(name) APUS_FN(scalar_##name)
#define MATH_FLOAT float
#define MATH_INT int32_t
#define MATH_SPLAT(c) (c)
#define MATH_SELECT(c, a, b) ((c) ? (a) : (b))
#define MATH_BITS(x) (((apus_float_bits){.value = (x)}).bits)
#define MATH_FLOATS(i) (((apus_float_bits){.bits = (i)}).value)
#include "vector_math_body.h"
#undef MATH_FN
#undef MATH_FLOAT
#undef MATH_INT
#undef MATH_SPLAT
#undef MATH_SELECT
#undef MATH_BITS
#undef MATH_FLOATS

// MARK: Vectors

#define vfloat APUS_FN(vfloat)
#define vint APUS_FN(vint)
#define vfloat_in_memory APUS_FN(vfloat_in_memory)
#define vload APUS_FN(vload)
#define vstore APUS_FN(vstore)
#define vload_first APUS_FN(vload_first)
#define vstore_first APUS_FN(vstore_first)
#define vsplat APUS_FN(vsplat)
#define vselect APUS_FN(vselect)
#define vexp APUS_FN(vector_exp)
#define vsigmoid APUS_FN(vector_sigmoid)
#define vtanh APUS_FN(vector_tanh)

typedef float vfloat __attribute__((vector_size(APUS_LANES * 4)));
typedef int32_t vint __attribute__((vector_size(APUS_LANES * 4)));
typedef float vfloat_in_memory __attribute__((vector_size(APUS_LANES * 4), aligned(4), may_alias));

MATH_INLINE vfloat vsplat(float c) { return c - (vfloat){0}; }  // c + 0 would lose the sign of -0
MATH_INLINE vfloat vload(const float *p) { return *(const vfloat_in_memory *)p; }
MATH_INLINE void vstore(float *p, vfloat x) { *(vfloat_in_memory *)p = x; }

MATH_INLINE vfloat vselect(vint c, vfloat a, vfloat b) { return (vfloat)((c & (vint)a) | (~c & (vint)b)); }

#if APUS_LANES == 16 && defined(__x86_64__)
MATH_INLINE vfloat vload_first(const float *p, int64_t n) {
    return (vfloat)_mm512_maskz_loadu_ps((__mmask16)(0xffff >> (16 - n)), p);
}
MATH_INLINE void vstore_first(float *p, vfloat x, int64_t n) {
    _mm512_mask_storeu_ps(p, (__mmask16)(0xffff >> (16 - n)), (__m512)x);
}
#elif APUS_LANES == 8 && defined(__x86_64__)
MATH_INLINE __m256i APUS_FN(first_lanes)(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
MATH_INLINE vfloat vload_first(const float *p, int64_t n) {
    return (vfloat)_mm256_maskload_ps(p, APUS_FN(first_lanes)(n));
}
MATH_INLINE void vstore_first(float *p, vfloat x, int64_t n) {
    _mm256_maskstore_ps(p, APUS_FN(first_lanes)(n), (__m256)x);
}
#else
MATH_INLINE vfloat vload_first(const float *p, int64_t n) {
    switch (n) {
    case 1: return (vfloat){p[0]};
    case 2: return (vfloat){p[0], p[1]};
    case 3: return (vfloat){p[0], p[1], p[2]};
    default: return vload(p);
    }
}
MATH_INLINE void vstore_first(float *p, vfloat x, int64_t n) {
    if (n == APUS_LANES) {
        vstore(p, x);
        return;
    }
    p[0] = x[0];
    if (n > 1) p[1] = x[1];
    if (n > 2) p[2] = x[2];
}
#endif

#define MATH_FN(name) APUS_FN(vector_##name)
#define MATH_FLOAT vfloat
#define MATH_INT vint
#define MATH_SPLAT(c) vsplat(c)
#define MATH_SELECT(c, a, b) vselect(c, a, b)
#define MATH_BITS(x) ((vint)(x))
#define MATH_FLOATS(i) ((vfloat)(i))
#include "vector_math_body.h"
#undef MATH_FN
#undef MATH_FLOAT
#undef MATH_INT
#undef MATH_SPLAT
#undef MATH_SELECT
#undef MATH_BITS
#undef MATH_FLOATS
