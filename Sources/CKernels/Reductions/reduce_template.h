// The loops of all reductions for one instruction set.
#include "vector_math.h"

#undef REDUCE_INLINE
#define REDUCE_INLINE static inline __attribute__((always_inline, unused))

// MARK: Accurate float32 sums

typedef float APUS_FN(reduce_half) __attribute__((vector_size(APUS_LANES * 2)));
typedef double APUS_FN(reduce_doubles) __attribute__((vector_size(APUS_LANES * 4)));
typedef double APUS_FN(reduce_doubles_in_memory) __attribute__((vector_size(APUS_LANES * 4), aligned(8), may_alias));
typedef uint16_t APUS_FN(reduce_shorts) __attribute__((vector_size(APUS_LANES * 2), aligned(2), may_alias));
typedef uint32_t APUS_FN(reduce_words) __attribute__((vector_size(APUS_LANES * 4)));

/// Splits a vector into float64 halves.
REDUCE_INLINE void APUS_FN(reduce_widen)(vfloat x, APUS_FN(reduce_doubles) *low, APUS_FN(reduce_doubles) *high) {
    APUS_FN(reduce_half) halves[2];
    memcpy(halves, &x, sizeof x);
    *low = __builtin_convertvector(halves[0], APUS_FN(reduce_doubles));
    *high = __builtin_convertvector(halves[1], APUS_FN(reduce_doubles));
}

/// accumulators[0..<LANES] += x in float64.
REDUCE_INLINE void APUS_FN(reduce_flush)(double *accumulators, vfloat x) {
    APUS_FN(reduce_doubles) low, high;
    APUS_FN(reduce_widen)(x, &low, &high);
    *(APUS_FN(reduce_doubles_in_memory) *)accumulators += low;
    *(APUS_FN(reduce_doubles_in_memory) *)(accumulators + APUS_LANES / 2) += high;
}

/// The sum of all lanes in float64, in a fixed order.
REDUCE_INLINE double APUS_FN(reduce_total)(vfloat x) {
    APUS_FN(reduce_doubles) low, high;
    APUS_FN(reduce_widen)(x, &low, &high);
    low += high;
    double lane[APUS_LANES / 2];
    memcpy(lane, &low, sizeof low);
    for (int half = APUS_LANES / 4; half; half /= 2)
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    return lane[0];
}

REDUCE_INLINE vfloat APUS_FN(reduce_load_bfloat16)(const uint16_t *p) {
    return (vfloat)(__builtin_convertvector(*(const APUS_FN(reduce_shorts) *)p, APUS_FN(reduce_words)) << 16);
}

REDUCE_INLINE vfloat APUS_FN(reduce_load_first_bfloat16)(const uint16_t *p, int64_t n) {
    uint16_t lanes[APUS_LANES] = {0};
    for (int64_t i = 0; i < n; i++) lanes[i] = p[i];
    return APUS_FN(reduce_load_bfloat16)(lanes);
}

#define SUM_FN(name) APUS_FN(name##_float32)
#define SUM_TYPE float
#define SUM_LOAD vload
#define SUM_LOAD_FIRST vload_first
#include "reduce_sum_body.h"
#undef SUM_FN
#undef SUM_TYPE
#undef SUM_LOAD
#undef SUM_LOAD_FIRST

#define SUM_FN(name) APUS_FN(name##_bfloat16)
#define SUM_TYPE uint16_t
#define SUM_LOAD APUS_FN(reduce_load_bfloat16)
#define SUM_LOAD_FIRST APUS_FN(reduce_load_first_bfloat16)
#include "reduce_sum_body.h"
#undef SUM_FN
#undef SUM_TYPE
#undef SUM_LOAD
#undef SUM_LOAD_FIRST

// MARK: Everything else

/// Plain loops: elements T, accumulators A of the enum apus_type ATYPE. TAKE(a, v) is the new accumulator, LOAD an
/// element as an A.
#undef REDUCE_PLAIN
#define REDUCE_PLAIN(NAME, T, A, ATYPE, LOAD, START, TAKE)                                                            \
    static void APUS_FN(NAME##_initialize)(void *accumulators, int64_t count) {                                       \
        A *a = accumulators;                                                                                          \
        for (int64_t i = 0; i < count; i++) a[i] = START;                                                             \
    }                                                                                                                 \
    static void APUS_FN(NAME##_combine)(void *accumulators, const void *others, int64_t count) {                      \
        A *a = accumulators;                                                                                          \
        const A *b = others;                                                                                          \
        for (int64_t i = 0; i < count; i++) {                                                                         \
            A v = b[i];                                                                                               \
            a[i] = TAKE(a[i], v);                                                                                     \
        }                                                                                                             \
    }                                                                                                                 \
    REDUCE_INLINE void APUS_FN(NAME##_wide)(const T *restrict x, int64_t stride, int64_t rows, int64_t width,         \
                                            A *restrict a) {                                                          \
        for (int64_t i = 0; i < rows; i++, x += stride) {                                                             \
            for (int64_t j = 0; j < width; j++) {                                                                     \
                A v = LOAD(x[j]);                                                                                     \
                a[j] = TAKE(a[j], v);                                                                                 \
            }                                                                                                         \
        }                                                                                                             \
    }                                                                                                                 \
    static void APUS_FN(NAME##_rows)(const void *x, int64_t stride, int64_t rows, int64_t width, void *accumulators) { \
        const T *p = x;                                                                                               \
        A *a = accumulators;                                                                                          \
        if (stride == width && width < 32 && rows >= 64) {                                                            \
            /* Several short rows as one. */                                                                          \
            int64_t group = 64 / width;                                                                               \
            A wide[64];                                                                                               \
            APUS_FN(NAME##_initialize)(wide, group * width);                                                          \
            APUS_FN(NAME##_wide)(p, group * width, rows / group, group * width, wide);                                \
            for (int64_t i = 0; i < group; i++) APUS_FN(NAME##_combine)(a, wide + i * width, width);                  \
            p += rows / group * group * stride;                                                                       \
            rows %= group;                                                                                            \
        }                                                                                                             \
        APUS_FN(NAME##_wide)(p, stride, rows, width, a);                                                              \
    }                                                                                                                 \
    static void APUS_FN(NAME##_lines)(const void *x, int64_t stride, int64_t lines, int64_t length,                   \
                                      void *accumulators) {                                                           \
        for (int64_t l = 0; l < lines; l++) {                                                                         \
            const T *p = (const T *)x + l * stride;                                                                   \
            A total = ((A *)accumulators)[l];                                                                         \
            int64_t done = 0;                                                                                         \
            if (length >= 128) {                                                                                      \
                A wide[64];                                                                                           \
                APUS_FN(NAME##_initialize)(wide, 64);                                                                 \
                APUS_FN(NAME##_wide)(p, 64, length / 64, 64, wide);                                                   \
                for (int half = 32; half; half /= 2)                                                                  \
                    for (int j = 0; j < half; j++) wide[j] = TAKE(wide[j], wide[j + half]);                           \
                total = TAKE(total, wide[0]);                                                                         \
                done = length / 64 * 64;                                                                              \
            }                                                                                                         \
            for (; done < length; done++) {                                                                           \
                A v = LOAD(p[done]);                                                                                  \
                total = TAKE(total, v);                                                                               \
            }                                                                                                         \
            ((A *)accumulators)[l] = total;                                                                           \
        }                                                                                                             \
    }                                                                                                                 \
    static const reduce_loops APUS_FN(NAME##_loops) = {                                                               \
        ATYPE, APUS_FN(NAME##_initialize), APUS_FN(NAME##_lines), APUS_FN(NAME##_rows), APUS_FN(NAME##_combine)};

#undef REDUCE_SAME
#undef REDUCE_TRUE
#undef REDUCE_TRUE_BITS
#undef REDUCE_ADD
#undef REDUCE_MULTIPLY
#undef REDUCE_GREATER
#undef REDUCE_LESS
#undef REDUCE_OR
#undef REDUCE_AND
#define REDUCE_SAME(v) (v)
#define REDUCE_TRUE(v) ((v) != 0)
#define REDUCE_TRUE_BITS(v) (((v) & 0x7fff) != 0)
#define REDUCE_ADD(a, v) ((a) + (v))
#define REDUCE_MULTIPLY(a, v) ((a) * (v))
// NaN wins, and stays.
#define REDUCE_GREATER(a, v) ((v) > (a) || (v) != (v) ? (v) : (a))
#define REDUCE_LESS(a, v) ((v) < (a) || (v) != (v) ? (v) : (a))
#define REDUCE_OR(a, v) ((a) | (v))
#define REDUCE_AND(a, v) ((a) & (v))

REDUCE_PLAIN(sum_float64, double, double, APUS_FLOAT64, REDUCE_SAME, 0, REDUCE_ADD)
REDUCE_PLAIN(sum_int32, int32_t, uint64_t, APUS_INT64, (uint64_t)(int64_t), 0, REDUCE_ADD)
REDUCE_PLAIN(sum_int64, uint64_t, uint64_t, APUS_INT64, REDUCE_SAME, 0, REDUCE_ADD)
REDUCE_PLAIN(sum_uint8, uint8_t, uint64_t, APUS_INT64, REDUCE_SAME, 0, REDUCE_ADD)

REDUCE_PLAIN(product_float32, float, double, APUS_FLOAT64, REDUCE_SAME, 1, REDUCE_MULTIPLY)
REDUCE_PLAIN(product_bfloat16, uint16_t, double, APUS_FLOAT64, float_of_bfloat16, 1, REDUCE_MULTIPLY)
REDUCE_PLAIN(product_float64, double, double, APUS_FLOAT64, REDUCE_SAME, 1, REDUCE_MULTIPLY)
REDUCE_PLAIN(product_int32, int32_t, uint64_t, APUS_INT64, (uint64_t)(int64_t), 1, REDUCE_MULTIPLY)
REDUCE_PLAIN(product_int64, uint64_t, uint64_t, APUS_INT64, REDUCE_SAME, 1, REDUCE_MULTIPLY)
REDUCE_PLAIN(product_uint8, uint8_t, uint64_t, APUS_INT64, REDUCE_SAME, 1, REDUCE_MULTIPLY)

REDUCE_PLAIN(max_float32, float, float, APUS_FLOAT32, REDUCE_SAME, -INFINITY, REDUCE_GREATER)
REDUCE_PLAIN(max_bfloat16, uint16_t, float, APUS_FLOAT32, float_of_bfloat16, -INFINITY, REDUCE_GREATER)
REDUCE_PLAIN(max_float64, double, double, APUS_FLOAT64, REDUCE_SAME, -INFINITY, REDUCE_GREATER)
REDUCE_PLAIN(max_int32, int32_t, int32_t, APUS_INT32, REDUCE_SAME, INT32_MIN, REDUCE_GREATER)
REDUCE_PLAIN(max_int64, int64_t, int64_t, APUS_INT64, REDUCE_SAME, INT64_MIN, REDUCE_GREATER)
REDUCE_PLAIN(max_uint8, uint8_t, uint8_t, APUS_UINT8, REDUCE_SAME, 0, REDUCE_GREATER)

REDUCE_PLAIN(min_float32, float, float, APUS_FLOAT32, REDUCE_SAME, INFINITY, REDUCE_LESS)
REDUCE_PLAIN(min_bfloat16, uint16_t, float, APUS_FLOAT32, float_of_bfloat16, INFINITY, REDUCE_LESS)
REDUCE_PLAIN(min_float64, double, double, APUS_FLOAT64, REDUCE_SAME, INFINITY, REDUCE_LESS)
REDUCE_PLAIN(min_int32, int32_t, int32_t, APUS_INT32, REDUCE_SAME, INT32_MAX, REDUCE_LESS)
REDUCE_PLAIN(min_int64, int64_t, int64_t, APUS_INT64, REDUCE_SAME, INT64_MAX, REDUCE_LESS)
REDUCE_PLAIN(min_uint8, uint8_t, uint8_t, APUS_UINT8, REDUCE_SAME, 255, REDUCE_LESS)
REDUCE_PLAIN(min_bool, uint8_t, uint8_t, APUS_UINT8, REDUCE_SAME, 1, REDUCE_LESS)

REDUCE_PLAIN(any_float32, float, uint8_t, APUS_UINT8, REDUCE_TRUE, 0, REDUCE_OR)
REDUCE_PLAIN(any_bfloat16, uint16_t, uint8_t, APUS_UINT8, REDUCE_TRUE_BITS, 0, REDUCE_OR)
REDUCE_PLAIN(any_float64, double, uint8_t, APUS_UINT8, REDUCE_TRUE, 0, REDUCE_OR)
REDUCE_PLAIN(any_int32, int32_t, uint8_t, APUS_UINT8, REDUCE_TRUE, 0, REDUCE_OR)
REDUCE_PLAIN(any_int64, int64_t, uint8_t, APUS_UINT8, REDUCE_TRUE, 0, REDUCE_OR)
REDUCE_PLAIN(any_uint8, uint8_t, uint8_t, APUS_UINT8, REDUCE_TRUE, 0, REDUCE_OR)

REDUCE_PLAIN(all_float32, float, uint8_t, APUS_UINT8, REDUCE_TRUE, 1, REDUCE_AND)
REDUCE_PLAIN(all_bfloat16, uint16_t, uint8_t, APUS_UINT8, REDUCE_TRUE_BITS, 1, REDUCE_AND)
REDUCE_PLAIN(all_float64, double, uint8_t, APUS_UINT8, REDUCE_TRUE, 1, REDUCE_AND)
REDUCE_PLAIN(all_int32, int32_t, uint8_t, APUS_UINT8, REDUCE_TRUE, 1, REDUCE_AND)
REDUCE_PLAIN(all_int64, int64_t, uint8_t, APUS_UINT8, REDUCE_TRUE, 1, REDUCE_AND)
REDUCE_PLAIN(all_uint8, uint8_t, uint8_t, APUS_UINT8, REDUCE_TRUE, 1, REDUCE_AND)

static const reduce_loops APUS_FN(sum_float32_loops) = {APUS_FLOAT64, APUS_FN(sum_float64_initialize),
                                                        APUS_FN(sum_lines_float32), APUS_FN(sum_rows_float32),
                                                        APUS_FN(sum_float64_combine)};
static const reduce_loops APUS_FN(sum_bfloat16_loops) = {APUS_FLOAT64, APUS_FN(sum_float64_initialize),
                                                         APUS_FN(sum_lines_bfloat16), APUS_FN(sum_rows_bfloat16),
                                                         APUS_FN(sum_float64_combine)};

/// The loops of an operation on a type; NULL if there are none. The mean uses those of the sum.
static const reduce_loops *APUS_FN(reduce_loops_of)(int64_t operation, int64_t type) {
#undef REDUCE_ENTRY
#define REDUCE_ENTRY(NAME) &APUS_FN(NAME##_loops)
    static const reduce_loops *const table[][7] = {
        {REDUCE_ENTRY(sum_float32), REDUCE_ENTRY(sum_bfloat16), REDUCE_ENTRY(sum_float64), REDUCE_ENTRY(sum_int32),
         REDUCE_ENTRY(sum_int64), REDUCE_ENTRY(sum_uint8), REDUCE_ENTRY(sum_uint8)},
        {REDUCE_ENTRY(sum_float32), REDUCE_ENTRY(sum_bfloat16), REDUCE_ENTRY(sum_float64), NULL, NULL, NULL, NULL},
        {REDUCE_ENTRY(max_float32), REDUCE_ENTRY(max_bfloat16), REDUCE_ENTRY(max_float64), REDUCE_ENTRY(max_int32),
         REDUCE_ENTRY(max_int64), REDUCE_ENTRY(max_uint8), REDUCE_ENTRY(max_uint8)},
        {REDUCE_ENTRY(min_float32), REDUCE_ENTRY(min_bfloat16), REDUCE_ENTRY(min_float64), REDUCE_ENTRY(min_int32),
         REDUCE_ENTRY(min_int64), REDUCE_ENTRY(min_uint8), REDUCE_ENTRY(min_bool)},
        {REDUCE_ENTRY(product_float32), REDUCE_ENTRY(product_bfloat16), REDUCE_ENTRY(product_float64),
         REDUCE_ENTRY(product_int32), REDUCE_ENTRY(product_int64), REDUCE_ENTRY(product_uint8),
         REDUCE_ENTRY(product_uint8)},
        {REDUCE_ENTRY(any_float32), REDUCE_ENTRY(any_bfloat16), REDUCE_ENTRY(any_float64), REDUCE_ENTRY(any_int32),
         REDUCE_ENTRY(any_int64), REDUCE_ENTRY(any_uint8), REDUCE_ENTRY(any_uint8)},
        {REDUCE_ENTRY(all_float32), REDUCE_ENTRY(all_bfloat16), REDUCE_ENTRY(all_float64), REDUCE_ENTRY(all_int32),
         REDUCE_ENTRY(all_int64), REDUCE_ENTRY(all_uint8), REDUCE_ENTRY(all_uint8)},
    };
    if (operation < 0 || operation > APUS_REDUCE_ALL || type < 0 || type > APUS_BOOL) return NULL;
    return table[operation][type];
}
