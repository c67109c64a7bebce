// The register tile of the matrix product: a few rows times a few vectors of columns of C, summed over k in registers.
// Part of gemm_template.h.

// Vectors in the widest panel of B; with 16 registers two, with 32 four.
#if APUS_LANES == 16 || !defined(__x86_64__)
#define GEMM_VECTORS 4
#else
#define GEMM_VECTORS 2
#endif
#define GEMM_ROWS 12

/// One call of a register tile.
typedef struct {
    const float *a, *b;
    float *c;
    const float *added;  // or NULL; in the layout of C, and may be C
    const float *bias;   // or NULL
    const float *mask;   // or NULL; in the layout of C: where it is not positive, C becomes 0
    const char *ahead;   // what the next tiles read, for the L2 cache: a cache line every k
    int64_t ahead_step;  // bytes, 0 for nothing
    int64_t a_row_stride, a_column_stride, b_row_stride, c_row_stride;
    int64_t k;
    int64_t last;        // columns in the last vector
    float alpha, floor;  // floor: 0 for ReLU, otherwise -infinity
} APUS_FN(gemm_tile);

/// `rows` and `vectors` are constants where this is inlined, so the sums stay in registers. `masks` says whether the
/// last vector of a row of B may end early.
static inline __attribute__((always_inline)) void APUS_FN(gemm_tile_body)(const APUS_FN(gemm_tile) *t, const int rows,
                                                                          const int vectors, const bool masks) {
    vfloat sum[GEMM_ROWS * 2 * GEMM_VECTORS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * vectors; i++) sum[i] = (vfloat){0};

    // Three rows a pointer: the address modes reach offsets of 0, 1 and 2 strides.
    int64_t stride = t->a_row_stride, step = t->a_column_stride;
    const float *a[GEMM_ROWS / 3];
#pragma clang loop unroll(full)
    for (int i = 0; i < (rows + 2) / 3; i++) a[i] = t->a + 3 * i * stride;
    const float *b = t->b;
    const char *ahead = t->ahead;
    int64_t last = t->last, ahead_step = t->ahead_step;
    for (int64_t k = t->k; k > 0; k--) {
        __builtin_prefetch(ahead, 0, 2);
        ahead += ahead_step;
        vfloat column[2 * GEMM_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            column[v] = masks && v == vectors - 1 ? vload_first(b + v * APUS_LANES, last) : vload(b + v * APUS_LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vfloat x = vsplat(a[r / 3][r % 3 * stride]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sum[r * vectors + v] = x * column[v] + sum[r * vectors + v];
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < (rows + 2) / 3; i++) a[i] += step;
        b += t->b_row_stride;
    }

    float *c = t->c;
    const float *added = t->added, *mask = t->mask;
    vfloat alpha = vsplat(t->alpha), floor = vsplat(t->floor);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            int64_t count = v == vectors - 1 ? last : APUS_LANES;
            vfloat x = sum[r * vectors + v] * alpha;
            if (added) x = vload_first(added + v * APUS_LANES, count) + x;
            // With neither bias nor ReLU these two lines change nothing, not even the sign of a zero.
            x = x + (t->bias ? vload_first(t->bias + v * APUS_LANES, count) : vsplat(-0.0f));
            x = vselect(x < floor, floor, x);
            if (mask) x = vselect(vload_first(mask + v * APUS_LANES, count) > vsplat(0), x, vsplat(0));
            vstore_first(c + v * APUS_LANES, x, count);
        }
        c += t->c_row_stride;
        if (added) added += t->c_row_stride;
        if (mask) mask += t->c_row_stride;
    }
}

// Masked loads cost nothing with AVX-512; elsewhere the unmasked tile is compiled as well.
#if APUS_LANES == 16
#define GEMM_TILE(rows, vectors) \
    static void APUS_FN(gemm_tile_##rows##x##vectors)(const APUS_FN(gemm_tile) *t) { \
        APUS_FN(gemm_tile_body)(t, rows, vectors, true); \
    }
#else
#define GEMM_TILE(rows, vectors) \
    static void APUS_FN(gemm_tile_##rows##x##vectors)(const APUS_FN(gemm_tile) *t) { \
        if (t->last == APUS_LANES) \
            APUS_FN(gemm_tile_body)(t, rows, vectors, false); \
        else \
            APUS_FN(gemm_tile_body)(t, rows, vectors, true); \
    }
#endif

// Rows by width: as many as the registers hold, up to 12, and twice the width for one or two rows.
#define GEMM_TILES_2(make, v) make(1, v) make(2, v)
#define GEMM_TILES_6(make, v) GEMM_TILES_2(make, v) make(3, v) make(4, v) make(5, v) make(6, v)
#define GEMM_TILES_8(make, v) GEMM_TILES_6(make, v) make(7, v) make(8, v)
#define GEMM_TILES_12(make, v) GEMM_TILES_8(make, v) make(9, v) make(10, v) make(11, v) make(12, v)
#if GEMM_VECTORS == 4
#define GEMM_TILES(make) \
    GEMM_TILES_12(make, 1) GEMM_TILES_12(make, 2) GEMM_TILES_8(make, 3) GEMM_TILES_6(make, 4) \
    GEMM_TILES_2(make, 5) GEMM_TILES_2(make, 6) GEMM_TILES_2(make, 7) GEMM_TILES_2(make, 8)
static const int APUS_FN(gemm_rows)[] = {0, 12, 12, 8, 6, 2, 2, 2, 2};
#else
#define GEMM_TILES(make) \
    GEMM_TILES_12(make, 1) GEMM_TILES_6(make, 2) GEMM_TILES_2(make, 3) GEMM_TILES_2(make, 4)
static const int APUS_FN(gemm_rows)[] = {0, 12, 6, 2, 2};
#endif

GEMM_TILES(GEMM_TILE)

typedef void (*APUS_FN(gemm_tile_function))(const APUS_FN(gemm_tile) *);
#define GEMM_ENTRY(rows, vectors) [vectors][rows] = APUS_FN(gemm_tile_##rows##x##vectors),
static const APUS_FN(gemm_tile_function)
    APUS_FN(gemm_tiles)[2 * GEMM_VECTORS + 1][GEMM_ROWS + 1] = {GEMM_TILES(GEMM_ENTRY)};

#undef GEMM_TILE
#undef GEMM_TILES_2
#undef GEMM_TILES_6
#undef GEMM_TILES_8
#undef GEMM_TILES_12
#undef GEMM_TILES
#undef GEMM_ENTRY
