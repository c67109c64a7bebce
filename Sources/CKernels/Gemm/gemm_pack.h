// Copies a matrix of any strides into rows of whole vectors; what is past the last column may be anything. Part of
// gemm_template.h.

#if APUS_LANES == 16
#define GEMM_LOW(x, y) __builtin_shufflevector(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define GEMM_HIGH(x, y) __builtin_shufflevector(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define GEMM_LOW_PAIRS(x, y) __builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define GEMM_HIGH_PAIRS(x, y) \
    __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#elif APUS_LANES == 8
#define GEMM_LOW(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 4, 12, 5, 13)
#define GEMM_HIGH(x, y) __builtin_shufflevector(x, y, 2, 10, 3, 11, 6, 14, 7, 15)
#define GEMM_LOW_PAIRS(x, y) __builtin_shufflevector(x, y, 0, 1, 8, 9, 4, 5, 12, 13)
#define GEMM_HIGH_PAIRS(x, y) __builtin_shufflevector(x, y, 2, 3, 10, 11, 6, 7, 14, 15)
#else
#define GEMM_LOW(x, y) __builtin_shufflevector(x, y, 0, 4, 1, 5)
#define GEMM_HIGH(x, y) __builtin_shufflevector(x, y, 2, 6, 3, 7)
#define GEMM_LOW_PAIRS(x, y) __builtin_shufflevector(x, y, 0, 1, 4, 5)
#define GEMM_HIGH_PAIRS(x, y) __builtin_shufflevector(x, y, 2, 3, 6, 7)
#endif

typedef float APUS_FN(gemm_quad) __attribute__((vector_size(16)));
typedef float APUS_FN(gemm_quad_in_memory) __attribute__((vector_size(16), aligned(4), may_alias));
#define gemm_quad APUS_FN(gemm_quad)

/// Four consecutive floats from each of the columns 0, 4, 8, ... that begin at `p`.
static inline __attribute__((always_inline)) vfloat APUS_FN(gemm_load_quads)(const float *p, int64_t stride) {
#define GEMM_QUAD(i) ((gemm_quad)(*(const APUS_FN(gemm_quad_in_memory) *)(p + 4 * (i) * stride)))
#if APUS_LANES == 16
    gemm_quad a = GEMM_QUAD(0), b = GEMM_QUAD(1), c = GEMM_QUAD(2), d = GEMM_QUAD(3);
    return __builtin_shufflevector(__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7),
                                   __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
                                   10, 11, 12, 13, 14, 15);
#elif APUS_LANES == 8
    return __builtin_shufflevector(GEMM_QUAD(0), GEMM_QUAD(1), 0, 1, 2, 3, 4, 5, 6, 7);
#else
    (void)stride;
    return GEMM_QUAD(0);
#endif
#undef GEMM_QUAD
}

/// Transposes APUS_LANES columns, each contiguous over k, into rows `stride` apart: 4 x 4 blocks within 128 bits.
static void APUS_FN(gemm_transpose)(const float *from, int64_t column_stride, int64_t k, float *to, int64_t stride) {
    int64_t i = 0;
    for (; i + 4 <= k; i += 4, from += 4, to += 4 * stride) {
        vfloat a = APUS_FN(gemm_load_quads)(from, column_stride);
        vfloat b = APUS_FN(gemm_load_quads)(from + column_stride, column_stride);
        vfloat c = APUS_FN(gemm_load_quads)(from + 2 * column_stride, column_stride);
        vfloat d = APUS_FN(gemm_load_quads)(from + 3 * column_stride, column_stride);
        vfloat ab = GEMM_LOW(a, b), cd = GEMM_LOW(c, d), ab_high = GEMM_HIGH(a, b), cd_high = GEMM_HIGH(c, d);
        vstore(to, GEMM_LOW_PAIRS(ab, cd));
        vstore(to + stride, GEMM_HIGH_PAIRS(ab, cd));
        vstore(to + 2 * stride, GEMM_LOW_PAIRS(ab_high, cd_high));
        vstore(to + 3 * stride, GEMM_HIGH_PAIRS(ab_high, cd_high));
    }
    for (; i < k; i++, from++, to += stride)
        for (int64_t c = 0; c < APUS_LANES; c++) to[c] = from[c * column_stride];
}

/// Copies `count` columns and `k` rows to rows `stride` apart, of whole vectors.
static void APUS_FN(gemm_copy)(const float *from, int64_t row_stride, int64_t column_stride, int64_t count, int64_t k,
                               float *to, int64_t stride) {
    int64_t vectors = gemm_ceiling(count, APUS_LANES), tail = count - (vectors - 1) * APUS_LANES;
    if (column_stride == 1) {
        for (int64_t i = 0; i < k; i++, from += row_stride, to += stride) {
            for (int64_t v = 0; v + 1 < vectors; v++) vstore(to + v * APUS_LANES, vload(from + v * APUS_LANES));
            vstore(to + (vectors - 1) * APUS_LANES, vload_first(from + (vectors - 1) * APUS_LANES, tail));
        }
        return;
    }
    for (int64_t v = 0; v < vectors; v++) {
        int64_t first = v * APUS_LANES, lanes = v + 1 < vectors ? APUS_LANES : tail;
        const float *begin = from + first * column_stride;
        if (row_stride == 1 && lanes == APUS_LANES) {
            APUS_FN(gemm_transpose)(begin, column_stride, k, to + first, stride);
        } else {
            for (int64_t i = 0; i < k; i++)
                for (int64_t c = 0; c < lanes; c++)
                    to[i * stride + first + c] = begin[i * row_stride + c * column_stride];
        }
    }
}

#undef gemm_quad
#undef GEMM_LOW
#undef GEMM_HIGH
#undef GEMM_LOW_PAIRS
#undef GEMM_HIGH_PAIRS
