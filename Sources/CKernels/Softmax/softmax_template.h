// Softmax lines for one instruction set.
#include "vector_math.h"
#include "movement_vectors.h"

// MARK: Lines in registers, the axis contiguous

#define LINE_FN(name) APUS_FN(name##_float32)
#define LINE_TYPE float
#define LINE_LOAD vload
#define LINE_LOAD_FIRST vload_first
#define LINE_STORE vstore
#define LINE_STORE_FIRST vstore_first
#include "softmax_line_body.h"
#undef LINE_FN
#undef LINE_TYPE
#undef LINE_LOAD
#undef LINE_LOAD_FIRST
#undef LINE_STORE
#undef LINE_STORE_FIRST

#define LINE_FN(name) APUS_FN(name##_bfloat16)
#define LINE_TYPE uint16_t
#define LINE_LOAD vload_bfloat16
#define LINE_LOAD_FIRST vload_first_bfloat16
#define LINE_STORE vstore_bfloat16
#define LINE_STORE_FIRST vstore_first_bfloat16
#include "softmax_line_body.h"
#undef LINE_FN
#undef LINE_TYPE
#undef LINE_LOAD
#undef LINE_LOAD_FIRST
#undef LINE_STORE
#undef LINE_STORE_FIRST

// MARK: Plain loops over columns

#undef SOFTMAX_SAME
#define SOFTMAX_SAME(v) (v)

#undef SOFTMAX_SAFE
#define SOFTMAX_SAFE _Pragma("clang loop vectorize(assume_safety)")

/// Elements T, arithmetic in A. Loops over columns are vectorized; SAFE says so where the result may be an operand.
#undef SOFTMAX_PLAIN
#define SOFTMAX_PLAIN(NAME, T, A, LOAD, STORE, EXP, SAFE)                                                             \
    static void APUS_FN(softmax_##NAME)(const apus_softmax_parameters *p, const T *x, T *y, int64_t columns) {        \
        A top[SOFTMAX_COLUMNS], factor[SOFTMAX_COLUMNS];                                                              \
 double sum[SOFTMAX_COLUMNS];                                                                                         \
        for (int64_t j = 0; j < columns; j++) {                                                                       \
            top[j] = LOAD(x[j]);                                                                                      \
            sum[j] = 0;                                                                                               \
        }                                                                                                             \
        for (int64_t i = 1; i < p->axis; i++)                                                                         \
            for (int64_t j = 0; j < columns; j++) {                                                                   \
                A v = LOAD(x[i * p->inner + j]);                                                                      \
                top[j] = v > top[j] ? v : top[j];                                                                     \
            }                                                                                                         \
        for (int64_t i = 0; i < p->axis; i++)                                                                         \
            for (int64_t j = 0; j < columns; j++) sum[j] += (double)EXP(LOAD(x[i * p->inner + j]) - top[j]);          \
        for (int64_t j = 0; j < columns; j++) factor[j] = (A)(p->logarithm ? log(sum[j]) : 1 / sum[j]);               \
        for (int64_t i = 0; i < p->axis; i++) {                                                                       \
            const T *from = x + i * p->inner;                                                                         \
            T *to = y + i * p->inner;                                                                                 \
            if (p->logarithm) {                                                                                       \
                SAFE for (int64_t j = 0; j < columns; j++)                                                            \
                    to[j] = STORE(LOAD(from[j]) - top[j] - factor[j]);                                                \
            } else {                                                                                                  \
                SAFE for (int64_t j = 0; j < columns; j++)                                                            \
                    to[j] = STORE(EXP(LOAD(from[j]) - top[j]) * factor[j]);                                           \
            }                                                                                                         \
        }                                                                                                             \
    }                                                                                                                 \
    static void APUS_FN(softmax_gradient_##NAME)(const apus_softmax_parameters *p, const T *y, const T *g, T *dx,     \
                                                 int64_t columns) {                                                   \
        double sum[SOFTMAX_COLUMNS];                                                                                  \
        A total[SOFTMAX_COLUMNS];                                                                                     \
        for (int64_t j = 0; j < columns; j++) sum[j] = 0;                                                             \
        for (int64_t i = 0; i < p->axis; i++)                                                                         \
            for (int64_t j = 0; j < columns; j++) {                                                                   \
                int64_t at = i * p->inner + j;                                                                        \
                sum[j] += (double)(p->logarithm ? LOAD(g[at]) : LOAD(g[at]) * LOAD(y[at]));                           \
            }                                                                                                         \
        for (int64_t j = 0; j < columns; j++) total[j] = (A)sum[j];                                                   \
        for (int64_t i = 0; i < p->axis; i++) {                                                                       \
            const T *yi = y + i * p->inner, *gi = g + i * p->inner;                                                   \
            T *to = dx + i * p->inner;                                                                                \
            if (p->logarithm) {                                                                                       \
                SAFE for (int64_t j = 0; j < columns; j++)                                                            \
                    to[j] = STORE(LOAD(gi[j]) - EXP(LOAD(yi[j])) * total[j]);                                         \
            } else {                                                                                                  \
                SAFE for (int64_t j = 0; j < columns; j++)                                                            \
                    to[j] = STORE(LOAD(yi[j]) * (LOAD(gi[j]) - total[j]));                                            \
            }                                                                                                         \
        }                                                                                                             \
    }

SOFTMAX_PLAIN(float32, float, float, SOFTMAX_SAME, SOFTMAX_SAME, apus_exp, SOFTMAX_SAFE)
SOFTMAX_PLAIN(bfloat16, uint16_t, float, float_of_bfloat16, bfloat16_of_float, apus_exp, SOFTMAX_SAFE)
SOFTMAX_PLAIN(float64, double, double, SOFTMAX_SAME, SOFTMAX_SAME, exp, )

static void APUS_FN(softmax_lines)(const apus_softmax_parameters *p, const void *x, void *y, int64_t columns) {
    if (p->type == APUS_FLOAT64)
        APUS_FN(softmax_float64)(p, x, y, columns);
    else if (p->type == APUS_FLOAT32)
        (p->inner == 1) ? APUS_FN(softmax_line_float32)(x, y, p->axis, p->logarithm != 0)
                        : APUS_FN(softmax_float32)(p, x, y, columns);
    else
        (p->inner == 1) ? APUS_FN(softmax_line_bfloat16)(x, y, p->axis, p->logarithm != 0)
                        : APUS_FN(softmax_bfloat16)(p, x, y, columns);
}

static void APUS_FN(softmax_gradient_lines)(const apus_softmax_parameters *p, const void *y, const void *g, void *dx,
                                            int64_t columns) {
    if (p->type == APUS_FLOAT64)
        APUS_FN(softmax_gradient_float64)(p, y, g, dx, columns);
    else if (p->type == APUS_FLOAT32)
        (p->inner == 1) ? APUS_FN(softmax_gradient_line_float32)(y, g, dx, p->axis, p->logarithm != 0)
                        : APUS_FN(softmax_gradient_float32)(p, y, g, dx, columns);
    else
        (p->inner == 1) ? APUS_FN(softmax_gradient_line_bfloat16)(y, g, dx, p->axis, p->logarithm != 0)
                        : APUS_FN(softmax_gradient_bfloat16)(p, y, g, dx, columns);
}
