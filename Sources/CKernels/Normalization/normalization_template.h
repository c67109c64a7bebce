// Normalization loops for one instruction set.
#include "vector_math.h"
#include "movement_vectors.h"

typedef float APUS_FN(normalization_half) __attribute__((vector_size(APUS_LANES * 2)));
typedef double APUS_FN(normalization_doubles) __attribute__((vector_size(APUS_LANES * 4)));

/// Lanes of float64: two vectors.
typedef struct {
    APUS_FN(normalization_doubles) half[2];
} APUS_FN(normalization_wide);

MATH_INLINE APUS_FN(normalization_wide) APUS_FN(widen)(vfloat x) {
    APUS_FN(normalization_half) halves[2];
    memcpy(halves, &x, sizeof x);
    return (APUS_FN(normalization_wide)){{__builtin_convertvector(halves[0], APUS_FN(normalization_doubles)),
                                          __builtin_convertvector(halves[1], APUS_FN(normalization_doubles))}};
}

MATH_INLINE vfloat APUS_FN(narrow)(APUS_FN(normalization_wide) x) {
    vfloat result;
    APUS_FN(normalization_half) halves[2] = {__builtin_convertvector(x.half[0], APUS_FN(normalization_half)),
                                             __builtin_convertvector(x.half[1], APUS_FN(normalization_half))};
    memcpy(&result, halves, sizeof result);
    return result;
}

/// The first `lanes` of them; the others are 0.
MATH_INLINE APUS_FN(normalization_wide) APUS_FN(wide_load)(const double *p, int64_t lanes) {
    APUS_FN(normalization_wide) x = {0};
    if (lanes == APUS_LANES)
        memcpy(&x, p, sizeof x);
    else
        memcpy(&x, p, (size_t)lanes * sizeof(double));
    return x;
}

MATH_INLINE void APUS_FN(wide_store)(double *p, APUS_FN(normalization_wide) x, int64_t lanes) {
    if (lanes == APUS_LANES)
        memcpy(p, &x, sizeof x);
    else
        memcpy(p, &x, (size_t)lanes * sizeof(double));
}

MATH_INLINE void APUS_FN(add_widened)(double *p, vfloat x, int64_t lanes) {
    APUS_FN(normalization_wide) sum = APUS_FN(wide_load)(p, lanes), more = APUS_FN(widen)(x);
    for (int h = 0; h < 2; h++) sum.half[h] += more.half[h];
    APUS_FN(wide_store)(p, sum, lanes);
}

#include "normalization_channels.h"
#include "normalization_mask.h"

// NORM_STORE_EXACT: for what the type can represent. NORM_ROUND: to the type and back.
// NORM_LEAST: what is greater rounds to more than 0.
#define NORM_FN(name) APUS_FN(name##_float32)
#define NORM_TYPE float
#define NORM_LOAD(p) (whole ? vload(p) : vload_first(p, lanes))
#define NORM_STORE(p, x) (whole ? vstore(p, x) : vstore_first(p, x, lanes))
#define NORM_STORE_EXACT NORM_STORE
#define NORM_ROUND(x) (x)
#define NORM_LEAST 0.0f
#include "normalization_body.h"
#undef NORM_FN
#undef NORM_TYPE
#undef NORM_LOAD
#undef NORM_STORE
#undef NORM_STORE_EXACT
#undef NORM_ROUND
#undef NORM_LEAST

// Half of the least bfloat16 itself rounds to even, to 0.
#define NORM_FN(name) APUS_FN(name##_bfloat16)
#define NORM_TYPE uint16_t
#define NORM_LOAD(p) (whole ? vload_bfloat16(p) : vload_first_bfloat16(p, lanes))
#define NORM_STORE(p, x) (whole ? vstore_bfloat16(p, x) : vstore_first_bfloat16(p, x, lanes))
#define NORM_STORE_EXACT(p, x) \
    (whole ? (void)(*(vshort_in_memory *)(p) = __builtin_convertvector((vword)(x) >> 16, vshort)) : NORM_STORE(p, x))
#define NORM_ROUND(x) ((vfloat)(__builtin_convertvector(APUS_FN(vround_bfloat16)(x), vword) << 16))
#define NORM_LEAST 0x1p-134f
#include "normalization_body.h"
#undef NORM_FN
#undef NORM_TYPE
#undef NORM_LOAD
#undef NORM_STORE
#undef NORM_STORE_EXACT
#undef NORM_ROUND
#undef NORM_LEAST

typedef struct {
    void (*factors)(const float *variance, double epsilon, float *factor, int64_t channels);
    void (*join_moments)(const normalization_parts *parts, int64_t first, int64_t last, double *mean, double *variance);
    void (*join_sums)(const normalization_parts *parts, int64_t first, int64_t last, double *sum, double *product);
    void (*moments)(const normalization_rows *rows, double *mean, double *squares);
    void (*apply)(const normalization_rows *rows, const normalization_channels *channels, normalization_finish finish);
    void (*gradient_sums)(const normalization_rows *rows, normalization_gate gate, const float *means, double *sums,
                          double *products);
    void (*gradient_apply)(const normalization_rows *rows, normalization_gate gate,
                           const normalization_channels *channels);
    void (*layer_forward)(const void *x, const float *scale, const float *offset, void *y, int64_t channels,
                          double epsilon, float *mean, float *factor);
    void (*layer_backward)(const void *x, const void *g, const float *scale, void *dx, int64_t channels, float mean,
                           float factor);
} APUS_FN(normalization_loops);

#undef NORM_LOOPS
#define NORM_LOOPS(TYPE)                                                                                             \
    {APUS_FN(normalization_factors), APUS_FN(normalization_join_moments), APUS_FN(normalization_join_sums),         \
     APUS_FN(moments_##TYPE), APUS_FN(apply_##TYPE), APUS_FN(gradient_sums_##TYPE), APUS_FN(gradient_apply_##TYPE), \
     APUS_FN(layer_forward_##TYPE), APUS_FN(layer_backward_##TYPE)}
static const APUS_FN(normalization_loops) APUS_FN(normalization_table)[2] = {NORM_LOOPS(float32), NORM_LOOPS(bfloat16)};
static const void *APUS_FN(normalization_loops_of)(int64_t type) {
    return &APUS_FN(normalization_table)[type == APUS_BFLOAT16];
}
