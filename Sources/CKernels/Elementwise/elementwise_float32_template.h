// Block kernels for float32; and bfloat16 to and from it.
#include "elementwise_math.h"

#define f64vec APUS_FN(ew_f64vec)
#define i64vec APUS_FN(ew_i64vec)
#define bytes APUS_FN(ew_bytes)
#define fvec_memory APUS_FN(ew_fvec_memory)
#define ivec_memory APUS_FN(ew_ivec_memory)
#define f64vec_memory APUS_FN(ew_f64vec_memory)
#define i64vec_memory APUS_FN(ew_i64vec_memory)
#define bytes_memory APUS_FN(ew_bytes_memory)
typedef double f64vec __attribute__((ext_vector_type(APUS_LANES)));
typedef int64_t i64vec __attribute__((ext_vector_type(APUS_LANES)));
typedef uint8_t bytes __attribute__((ext_vector_type(APUS_LANES)));
typedef float fvec_memory __attribute__((ext_vector_type(APUS_LANES), aligned(4), may_alias));
typedef int32_t ivec_memory __attribute__((ext_vector_type(APUS_LANES), aligned(4), may_alias));
typedef double f64vec_memory __attribute__((ext_vector_type(APUS_LANES), aligned(8), may_alias));
typedef int64_t i64vec_memory __attribute__((ext_vector_type(APUS_LANES), aligned(8), may_alias));
typedef uint8_t bytes_memory __attribute__((ext_vector_type(APUS_LANES), aligned(1), may_alias));

#define T float
#define V fvec
#define V_memory fvec_memory
#define M ivec
#define B bytes
#define B_memory bytes_memory
#define WIDTH APUS_LANES
#define I32V ivec
#define I32V_memory ivec_memory
#define I64V i64vec
#define I64V_memory i64vec_memory
#define OTHER double
#define OTHERV f64vec
#define OTHERV_memory f64vec_memory
#define CAST_SELF EW_CAST_F32
#define CAST_OTHER EW_CAST_F64
#define LIBM(name) name##f
#define FN(name) APUS_FN(ew_f32_##name)

#define FUNCTION(name) \
    static void FN(name)(void *d, const void *a, const void *b, const void *c, const void *e, int64_t n) { \
        (void)b; (void)c; (void)e; \
        for (int64_t i = 0; i < n; i += APUS_LANES) \
            *(fvec_memory *)((float *)d + i) = f##name(*(const fvec_memory *)((const float *)a + i)); \
    }
FUNCTION(exp) FUNCTION(expm1) FUNCTION(log) FUNCTION(log1p) FUNCTION(sin) FUNCTION(cos) FUNCTION(tanh)
FUNCTION(sigmoid) FUNCTION(erf)

// Rounded to bfloat16: what a store to a bfloat16 tensor and a load give.
static void FN(cast_bf16)(void *d_, const void *a_, const void *b, const void *c, const void *e, int64_t n) {
    (void)b; (void)c; (void)e;
    uint32_t *d = d_;
    const uint32_t *a = a_;
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < n; i++) {
        uint32_t x = a[i];
        uint32_t rounded = x + 0x7fff + ((x >> 16) & 1);
        d[i] = ((x & 0x7fffffff) > 0x7f800000 ? x | 0x400000 : rounded) & 0xffff0000;
    }
}
#define CAST_EXTRA [EW_CAST_BF16] = U(cast_bf16),

#include "elementwise_float_body.h"

// MARK: bfloat16, and sums

static void FN(to_float)(float *d, const uint16_t *s, int64_t n) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < n; i++) ((uint32_t *)d)[i] = (uint32_t)s[i] << 16;
}

static void FN(to_bfloat)(uint16_t *d, const float *s, int64_t n) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < n; i++) {
        uint32_t x = ((const uint32_t *)s)[i];
        uint32_t rounded = (x + 0x7fff + ((x >> 16) & 1)) >> 16;
        d[i] = (uint16_t)((x & 0x7fffffff) > 0x7f800000 ? (x >> 16) | 0x40 : rounded);
    }
}

/// Sums n floats: 32 lanes in float32 over at most a block, then float64.
static double FN(sum)(const float *s, int64_t n) {
    float lanes[32] = {0};
    int64_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (int j = 0; j < 32; j++) lanes[j] += s[i + j];
    for (int j = 0; i < n; i++, j++) lanes[j] += s[i];
    double sum = 0;
    for (int j = 0; j < 32; j++) sum += lanes[j];
    return sum;
}

static const ew_conversions FN(conversions)[1] = {{FN(to_float), FN(to_bfloat), FN(sum)}};
