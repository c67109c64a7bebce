// bfloat16 in vectors and sums over lanes. A template includes this after vector_math.h (once an instruction set):
//     vload_bfloat16, vload_first_bfloat16, vstore_bfloat16, vstore_first_bfloat16    as their float32 namesakes
//     vsum(x), vmaximum(x)                 over the lanes, in a fixed order; the maximum ignores NaN or not
//     vlog(x)                              natural logarithm of a positive normal number

#define vload_bfloat16 APUS_FN(vload_bfloat16)
#define vload_first_bfloat16 APUS_FN(vload_first_bfloat16)
#define vstore_bfloat16 APUS_FN(vstore_bfloat16)
#define vstore_first_bfloat16 APUS_FN(vstore_first_bfloat16)
#define vsum APUS_FN(vsum)
#define vmaximum APUS_FN(vmaximum)
#define vlog APUS_FN(vlog)
#define vshort APUS_FN(vshort)
#define vshort_in_memory APUS_FN(vshort_in_memory)
#define vword APUS_FN(vword)

typedef uint16_t vshort __attribute__((vector_size(APUS_LANES * 2)));
typedef uint16_t vshort_in_memory __attribute__((vector_size(APUS_LANES * 2), aligned(2), may_alias));
typedef uint32_t vword __attribute__((vector_size(APUS_LANES * 4)));

MATH_INLINE vfloat vload_bfloat16(const uint16_t *p) {
    return (vfloat)(__builtin_convertvector(*(const vshort_in_memory *)p, vword) << 16);
}

/// Rounds to the nearest even; a NaN stays one.
MATH_INLINE vshort APUS_FN(vround_bfloat16)(vfloat x) {
    vword bits = (vword)x;
    vword rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    vword nan = (vword)(x != x);
    rounded = (nan & (bits >> 16 | 0x40)) | (~nan & rounded);
    return __builtin_convertvector(rounded, vshort);
}

MATH_INLINE void vstore_bfloat16(uint16_t *p, vfloat x) { *(vshort_in_memory *)p = APUS_FN(vround_bfloat16)(x); }

#if APUS_LANES == 16 && defined(__x86_64__)
MATH_INLINE vfloat vload_first_bfloat16(const uint16_t *p, int64_t n) {
    vshort x = (vshort)_mm256_maskz_loadu_epi16((__mmask16)(0xffff >> (16 - n)), p);
    return (vfloat)(__builtin_convertvector(x, vword) << 16);
}
MATH_INLINE void vstore_first_bfloat16(uint16_t *p, vfloat x, int64_t n) {
    _mm256_mask_storeu_epi16(p, (__mmask16)(0xffff >> (16 - n)), (__m256i)APUS_FN(vround_bfloat16)(x));
}
#else
MATH_INLINE vfloat vload_first_bfloat16(const uint16_t *p, int64_t n) {
    if (n == APUS_LANES) return vload_bfloat16(p);
    vshort x = {0};
    for (int64_t i = 0; i < n; i++) x[i] = p[i];
    return (vfloat)(__builtin_convertvector(x, vword) << 16);
}
MATH_INLINE void vstore_first_bfloat16(uint16_t *p, vfloat x, int64_t n) {
    vshort rounded = APUS_FN(vround_bfloat16)(x);
    if (n == APUS_LANES) {
        *(vshort_in_memory *)p = rounded;
        return;
    }
    for (int64_t i = 0; i < n; i++) p[i] = rounded[i];
}
#endif

#undef VECTOR_FOLD
#if APUS_LANES == 16
#define VECTOR_FOLD(x, OP)                                                                                 \
    x = OP(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));        \
    x = OP(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));        \
    x = OP(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));        \
    x = OP(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
#elif APUS_LANES == 8
#define VECTOR_FOLD(x, OP)                                                 \
    x = OP(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));      \
    x = OP(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));      \
    x = OP(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
#else
#define VECTOR_FOLD(x, OP)                                     \
    x = OP(x, __builtin_shufflevector(x, x, 2, 3, 0, 1));      \
    x = OP(x, __builtin_shufflevector(x, x, 1, 0, 3, 2));
#endif
#undef VECTOR_ADD
#undef VECTOR_GREATER
#define VECTOR_ADD(a, b) ((a) + (b))
#define VECTOR_GREATER(a, b) vselect((a) > (b), a, b)

MATH_INLINE float vsum(vfloat x) {
    VECTOR_FOLD(x, VECTOR_ADD)
    return x[0];
}

MATH_INLINE float vmaximum(vfloat x) {
    VECTOR_FOLD(x, VECTOR_GREATER)
    return x[0];
}

/// x = 2^k m with m near 1; log m = 2 atanh(s), s = (m - 1)/(m + 1), |s| < 0.172: an odd polynomial.
MATH_INLINE vfloat vlog(vfloat x) {
    vint bits = (vint)x;
    vint k = (bits - 0x3f3504f3) >> 23;
    vfloat m = (vfloat)(bits - (k << 23));
    vfloat f = m - 1.0f;
    vfloat s = f / (m + 1.0f);
    vfloat z = s * s;
    // log m = f - s (f - 2z (1/3 + z/5 + z²/7 + z³/9)): exact to the last bits near 1, where f is exact.
    vfloat p = z * (1.0f / 9) + 1.0f / 7;
    p = p * z + 1.0f / 5;
    p = p * z + 1.0f / 3;
    vfloat r = f - s * (f - 2.0f * z * p);
    vfloat scale = __builtin_convertvector(k, vfloat);
    return scale * 0x1.62e4p-1f + (r + scale * 0x1.7f7d1cp-20f);
}
