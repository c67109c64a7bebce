// The matrix product at one point: C = A B or C += A B, by register tiles. Part of the Winograd templates.
//
// The tile of the general matrix product (gemm_tile.h) has an epilogue for scale, bias, activation and masks that costs
// as much as ten steps of k; here k is often as small as 24.

// Vectors in the widest tile; with 16 registers two, with 32 four.
#undef WINOGRAD_VECTORS
#if APUS_LANES == 16 || !defined(__x86_64__)
#define WINOGRAD_VECTORS 4
#else
#define WINOGRAD_VECTORS 2
#endif
#undef WINOGRAD_ROWS
#define WINOGRAD_ROWS 6

/// The extents and strides of a product: A any strides, B and C rows of whole vectors.
typedef struct {
    int64_t rows, columns, k;
    int64_t a_row_stride, a_column_stride, b_row_stride, c_row_stride;
    bool adds;
} APUS_FN(winograd_product);

/// `rows` and `vectors` are constants where this is inlined, so the sums stay in registers.
MATH_INLINE void APUS_FN(winograd_register_tile)(const APUS_FN(winograd_product) *p, const float *a, const float *b,
                                                 float *c, const int rows, const int vectors) {
    vfloat sum[WINOGRAD_ROWS][WINOGRAD_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sum[r][v] = p->adds ? vload(c + r * p->c_row_stride + v * APUS_LANES) : vsplat(0);

    // Three rows a pointer: the address modes reach offsets of 0, 1 and 2 strides.
    int64_t stride = p->a_row_stride, step = p->a_column_stride, b_step = p->b_row_stride;
    const float *upper = a, *lower = a + 3 * stride;
    for (int64_t k = p->k; k > 0; k--, upper += step, lower += step, b += b_step) {
        vfloat row[WINOGRAD_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) row[v] = vload(b + v * APUS_LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            vfloat x = vsplat(r < 3 ? upper[r * stride] : lower[(r - 3) * stride]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sum[r][v] = x * row[v] + sum[r][v];
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) vstore(c + r * p->c_row_stride + v * APUS_LANES, sum[r][v]);
}

#define WINOGRAD_TILE_FUNCTION(rows, vectors)                                                                     \
    static void APUS_FN(winograd_tile_##rows##x##vectors)(                                                        \
        const APUS_FN(winograd_product) *p, const float *a, const float *b, float *c) {                           \
        APUS_FN(winograd_register_tile)(p, a, b, c, rows, vectors);                                               \
    }
#define WINOGRAD_TILE_ENTRY(rows, vectors) [vectors][rows] = APUS_FN(winograd_tile_##rows##x##vectors),
#define WINOGRAD_TILE_ROWS(make, v) make(1, v) make(2, v) make(3, v) make(4, v) make(5, v) make(6, v)
#if WINOGRAD_VECTORS == 4
#define WINOGRAD_TILES(make) \
    WINOGRAD_TILE_ROWS(make, 1) WINOGRAD_TILE_ROWS(make, 2) WINOGRAD_TILE_ROWS(make, 3) WINOGRAD_TILE_ROWS(make, 4)
#else
#define WINOGRAD_TILES(make) WINOGRAD_TILE_ROWS(make, 1) WINOGRAD_TILE_ROWS(make, 2)
#endif

WINOGRAD_TILES(WINOGRAD_TILE_FUNCTION)

typedef void (*APUS_FN(winograd_tile_function))(const APUS_FN(winograd_product) *, const float *a, const float *b,
                                                float *c);
static const APUS_FN(winograd_tile_function)
    APUS_FN(winograd_tiles)[WINOGRAD_VECTORS + 1][WINOGRAD_ROWS + 1] = {WINOGRAD_TILES(WINOGRAD_TILE_ENTRY)};

#undef WINOGRAD_TILE_FUNCTION
#undef WINOGRAD_TILE_ENTRY
#undef WINOGRAD_TILE_ROWS
#undef WINOGRAD_TILES

static void APUS_FN(winograd_multiply)(const APUS_FN(winograd_product) *p, const float *a, const float *b, float *c) {
    int64_t tiles = gemm_ceiling(p->rows, WINOGRAD_ROWS);
    for (int64_t column = 0; column < p->columns; column += WINOGRAD_VECTORS * APUS_LANES) {
        int64_t vectors = gemm_least(WINOGRAD_VECTORS, (p->columns - column) / APUS_LANES);
        for (int64_t tile = 0; tile < tiles; tile++) {
            int64_t row = gemm_part(p->rows, tile, tiles), rows = gemm_part(p->rows, tile + 1, tiles) - row;
            APUS_FN(winograd_tiles)[vectors][rows](p, a + row * p->a_row_stride, b + column,
                                                   c + row * p->c_row_stride + column);
        }
    }
}
