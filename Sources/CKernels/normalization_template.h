// Normalization loops for one instruction set.
#include "vector_math.h"
#include "movement_vectors.h"

typedef float APUS_FN(normalization_half) __attribute__((vector_size(APUS_LANES * 2)));
typedef double APUS_FN(normalization_doubles) __attribute__((vector_size(APUS_LANES * 4)));
typedef double APUS_FN(normalization_doubles_in_memory)
    __attribute__((vector_size(APUS_LANES * 4), aligned(8), may_alias));

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

// A bit mask of vectors, the first lane in the lowest bit. `at` counts elements, a multiple of the lanes.
typedef bool APUS_FN(normalization_bits) __attribute__((ext_vector_type(APUS_LANES)));

MATH_INLINE void APUS_FN(store_mask)(uint8_t *mask, int64_t at, vint chosen) {
    APUS_FN(normalization_bits) bits = __builtin_convertvector(chosen, APUS_FN(normalization_bits));
#if APUS_LANES == 4
    uint8_t four = 0;
    memcpy(&four, &bits, 1);
    mask[at / 8] = at % 8 ? (uint8_t)(mask[at / 8] | four << 4) : (uint8_t)(four & 15);
#else
    memcpy(mask + at / 8, &bits, APUS_LANES / 8);
#endif
}

MATH_INLINE vint APUS_FN(load_mask)(const uint8_t *mask, int64_t at) {
    APUS_FN(normalization_bits) bits;
#if APUS_LANES == 4
    uint8_t four = (uint8_t)(mask[at / 8] >> at % 8) & 15;
    memcpy(&bits, &four, 1);
#else
    memcpy(&bits, mask + at / 8, APUS_LANES / 8);
#endif
    return __builtin_convertvector(bits, vint) != 0;
}

#define NORM_FN(name) APUS_FN(name##_float32)
#define NORM_TYPE float
#define NORM_LOAD(p) (whole ? vload(p) : vload_first(p, lanes))
#define NORM_STORE(p, x) (whole ? vstore(p, x) : vstore_first(p, x, lanes))
#include "normalization_body.h"
#undef NORM_FN
#undef NORM_TYPE
#undef NORM_LOAD
#undef NORM_STORE

#define NORM_FN(name) APUS_FN(name##_bfloat16)
#define NORM_TYPE uint16_t
#define NORM_LOAD(p) (whole ? vload_bfloat16(p) : vload_first_bfloat16(p, lanes))
#define NORM_STORE(p, x) (whole ? vstore_bfloat16(p, x) : vstore_first_bfloat16(p, x, lanes))
#include "normalization_body.h"
#undef NORM_FN
#undef NORM_TYPE
#undef NORM_LOAD
#undef NORM_STORE

typedef struct {
    void (*moments)(const void *x, int64_t stride, int64_t rows, int64_t width, double *mean, double *squares);
    void (*apply)(const void *x, const void *residual, void *y, uint8_t *mask, int64_t stride, int64_t rows,
                  int64_t width, const normalization_channels *channels, bool relu);
    void (*gradient_sums)(const normalization_images *images, int64_t stride, int64_t rows, int64_t width,
                          const normalization_channels *channels, const float *row_mean, const float *row_factor,
                          double *sums, double *products);
    void (*gradient_apply)(const normalization_images *images, int64_t stride, int64_t rows, int64_t width,
                           const normalization_channels *channels);
    void (*layer_forward)(const void *x, const float *scale, const float *offset, void *y, int64_t channels,
                          double epsilon, float *mean, float *factor);
    void (*layer_backward)(const void *x, const void *g, const float *scale, void *dx, int64_t channels, float mean,
                           float factor);
} APUS_FN(normalization_loops);

#undef NORM_LOOPS
#define NORM_LOOPS(TYPE)                                                                                             \
    {APUS_FN(moments_##TYPE), APUS_FN(apply_##TYPE), APUS_FN(gradient_sums_##TYPE), APUS_FN(gradient_apply_##TYPE), \
     APUS_FN(layer_forward_##TYPE), APUS_FN(layer_backward_##TYPE)}
static const APUS_FN(normalization_loops) APUS_FN(normalization_table)[2] = {NORM_LOOPS(float32), NORM_LOOPS(bfloat16)};
static const void *APUS_FN(normalization_loops_of)(int64_t type) {
    return &APUS_FN(normalization_table)[type == APUS_BFLOAT16];
}
