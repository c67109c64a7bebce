// Arg-max loops for one instruction set.
#include "vector_math.h"
#include "movement_vectors.h"

// MARK: Contiguous float32 lines

/// Bits whose signed order is the order of the floats, with -0 = +0; NaN above (flip = 0) or, after ~, below all.
MATH_INLINE vint APUS_FN(argmax_key)(vfloat x, int32_t flip) {
    vint bits = (vint)(x + 0.0f);
    vint key = (bits ^ ((bits >> 31) & 0x7fffffff)) ^ flip;
    vint nan = x != x;
    return (nan & 0x7fffffff) | (~nan & key);
}

#undef ARGMAX_TOP
#undef ARGMAX_FIRST
#define ARGMAX_TOP(a, b) __builtin_elementwise_max(a, b)
#define ARGMAX_FIRST(a, b) __builtin_elementwise_min(a, b)

/// Every lane keeps its first best key; of the lanes with the best one, the smallest index wins.
static int64_t APUS_FN(argmax_line_float32)(const float *x, int64_t n, bool minimum) {
    int32_t flip = minimum ? -1 : 0;
    vint lane;
    for (int i = 0; i < APUS_LANES; i++) lane[i] = i;
    vint best = lane * 0 + INT32_MIN, at = lane * 0 + INT32_MAX, index = lane;
    int64_t i = 0;
    for (; i + APUS_LANES <= n; i += APUS_LANES, index += APUS_LANES) {
        vint key = APUS_FN(argmax_key)(vload(x + i), flip);
        vint better = key > best;
        best = ARGMAX_TOP(best, key);
        at = (better & index) | (~better & at);
    }
    if (i < n) {
        // No float has the key INT32_MIN, so the lanes behind the end do not win.
        vint key = APUS_FN(argmax_key)(vload_first(x + i, n - i), flip);
        vint better = (key > best) & (index < (int32_t)n);
        best = (better & key) | (~better & best);
        at = (better & index) | (~better & at);
    }
    vint top = best;
    VECTOR_FOLD(top, ARGMAX_TOP)
    vint equal = best == top;
    at = (equal & at) | (~equal & INT32_MAX);
    VECTOR_FOLD(at, ARGMAX_FIRST)
    return at[0];
}

// MARK: Everything else

#undef ARGMAX_SAME
#define ARGMAX_SAME(v) (v)

/// x is [axis, inner]; the first `columns` of inner count. V is a type that holds the elements' order.
#undef ARGMAX_TYPE
#define ARGMAX_TYPE(NAME, T, V, LOAD, BETTER, TAKE)                                                                  \
    static void APUS_FN(NAME)(const T *x, int64_t axis, int64_t inner, int64_t columns, int64_t *indices) {          \
        if (inner == 1 && axis >= 128) {                                                                             \
            /* The best value first, 64 lanes at a time; then where it is. */                                        \
            V best[64];                                                                                              \
            for (int j = 0; j < 64; j++) best[j] = LOAD(x[j]);                                                       \
            int64_t i = 64;                                                                                          \
            for (; i + 64 <= axis; i += 64)                                                                          \
                for (int j = 0; j < 64; j++) {                                                                       \
                    V v = LOAD(x[i + j]);                                                                            \
                    best[j] = TAKE(best[j], v);                                                                      \
                }                                                                                                    \
            V top = best[0];                                                                                         \
            for (int j = 1; j < 64; j++) top = TAKE(top, best[j]);                                                   \
            for (; i < axis; i++) {                                                                                  \
                V v = LOAD(x[i]);                                                                                    \
                top = TAKE(top, v);                                                                                  \
            }                                                                                                        \
            int64_t at = 0;                                                                                          \
            for (;; at += 64) {                                                                                      \
                int found = 0;                                                                                       \
                if (at + 64 > axis) break;                                                                           \
                for (int j = 0; j < 64; j++) {                                                                       \
                    V v = LOAD(x[at + j]);                                                                           \
                    found |= (v == top) | ((v != v) & (top != top));                                                 \
                }                                                                                                    \
                if (found) break;                                                                                    \
            }                                                                                                        \
            for (;; at++) {                                                                                          \
                V v = LOAD(x[at]);                                                                                   \
                if (v == top || (v != v && top != top)) break;                                                       \
            }                                                                                                        \
            indices[0] = at;                                                                                         \
            return;                                                                                                  \
        }                                                                                                            \
        if (columns == 1) {                                                                                          \
            V best = LOAD(x[0]);                                                                                     \
            int64_t at = 0;                                                                                          \
            for (int64_t i = 1; i < axis; i++) {                                                                     \
                V v = LOAD(x[i * inner]);                                                                            \
                int better = BETTER(best, v);                                                                        \
                best = better ? v : best;                                                                            \
                at = better ? i : at;                                                                                \
            }                                                                                                        \
            indices[0] = at;                                                                                         \
            return;                                                                                                  \
        }                                                                                                            \
        V best[ARGMAX_COLUMNS_MAXIMUM];                                                                              \
        for (int64_t j = 0; j < columns; j++) {                                                                      \
            best[j] = LOAD(x[j]);                                                                                    \
            indices[j] = 0;                                                                                          \
        }                                                                                                            \
        for (int64_t i = 1; i < axis; i++)                                                                           \
            for (int64_t j = 0; j < columns; j++) {                                                                  \
                V v = LOAD(x[i * inner + j]);                                                                        \
                int better = BETTER(best[j], v);                                                                     \
                best[j] = better ? v : best[j];                                                                      \
                indices[j] = better ? i : indices[j];                                                                \
            }                                                                                                        \
    }

#undef ARGMAX_COLUMNS_MAXIMUM
#define ARGMAX_COLUMNS_MAXIMUM 64

// The first NaN beats all, later ones do not beat it.
#undef ARGMAX_ABOVE
#undef ARGMAX_BELOW
#undef ARGMAX_TAKE_ABOVE
#undef ARGMAX_TAKE_BELOW
#define ARGMAX_ABOVE(b, v) (((v) > (b)) | (((v) != (v)) & ((b) == (b))))
#define ARGMAX_BELOW(b, v) (((v) < (b)) | (((v) != (v)) & ((b) == (b))))
#define ARGMAX_TAKE_ABOVE(b, v) ((((v) > (b)) | ((v) != (v))) ? (v) : (b))
#define ARGMAX_TAKE_BELOW(b, v) ((((v) < (b)) | ((v) != (v))) ? (v) : (b))

#undef ARGMAX_PAIR
#define ARGMAX_PAIR(NAME, T, V, LOAD)                                            \
    ARGMAX_TYPE(argmax_##NAME, T, V, LOAD, ARGMAX_ABOVE, ARGMAX_TAKE_ABOVE)      \
    ARGMAX_TYPE(argmin_##NAME, T, V, LOAD, ARGMAX_BELOW, ARGMAX_TAKE_BELOW)

ARGMAX_PAIR(float32, float, float, ARGMAX_SAME)
ARGMAX_PAIR(bfloat16, uint16_t, float, float_of_bfloat16)
ARGMAX_PAIR(float64, double, double, ARGMAX_SAME)
ARGMAX_PAIR(int32, int32_t, int32_t, ARGMAX_SAME)
ARGMAX_PAIR(int64, int64_t, int64_t, ARGMAX_SAME)
ARGMAX_PAIR(uint8, uint8_t, uint8_t, ARGMAX_SAME)

#undef ARGMAX_CALL
#define ARGMAX_CALL(NAME, T)                                                                    \
    if (p->minimum)                                                                             \
        APUS_FN(argmin_##NAME)((const T *)x, p->axis, p->inner, columns, indices);              \
    else                                                                                        \
        APUS_FN(argmax_##NAME)((const T *)x, p->axis, p->inner, columns, indices);              \
    break;

static void APUS_FN(argmax_line)(const apus_argmax_parameters *p, const char *x, int64_t *indices, int64_t columns) {
    if (p->type == APUS_FLOAT32 && p->inner == 1 && p->axis < INT32_MAX - 64) {
        indices[0] = APUS_FN(argmax_line_float32)((const float *)x, p->axis, p->minimum != 0);
        return;
    }
    switch (p->type) {
    case APUS_FLOAT32: ARGMAX_CALL(float32, float)
    case APUS_BFLOAT16: ARGMAX_CALL(bfloat16, uint16_t)
    case APUS_FLOAT64: ARGMAX_CALL(float64, double)
    case APUS_INT32: ARGMAX_CALL(int32, int32_t)
    case APUS_INT64: ARGMAX_CALL(int64, int64_t)
    default: ARGMAX_CALL(uint8, uint8_t)
    }
}
