// The inner loops of the strided copy, each over two axes [rows, columns] with all strides in elements.

#undef COPY_INLINE
#define COPY_INLINE static inline __attribute__((always_inline, unused))

// MARK: Transposes

// A tile of L×L elements in registers: log2(L) rounds of interleaving row i with row i + L/2.
#undef COPY_TILE_ROUNDS
#define COPY_TILE_ROUNDS(V, L, ROUNDS, LOW, HIGH)                                                                     \
    V row[L], next[L];                                                                                                \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < L; i++) memcpy(&row[i], s + i * s_stride, sizeof(V));     \
    _Pragma("clang loop unroll(full)") for (int round = 0; round < ROUNDS; round++) {                                \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < L / 2; i++) {                                         \
            next[2 * i] = LOW(row[i], row[i + L / 2]);                                                                \
            next[2 * i + 1] = HIGH(row[i], row[i + L / 2]);                                                           \
        }                                                                                                             \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < L; i++) row[i] = next[i];                             \
    }                                                                                                                 \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < L; i++) memcpy(d + i * d_stride, &row[i], sizeof(V));

#undef COPY_LOW4
#undef COPY_HIGH4
#undef COPY_LOW8
#undef COPY_HIGH8
#undef COPY_LOW2
#undef COPY_HIGH2
#undef COPY_LOW16
#undef COPY_HIGH16
#define COPY_LOW2(a, b) __builtin_shufflevector(a, b, 0, 2)
#define COPY_HIGH2(a, b) __builtin_shufflevector(a, b, 1, 3)
#define COPY_LOW4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define COPY_HIGH4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define COPY_LOW8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define COPY_HIGH8(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define COPY_LOW16(a, b) \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define COPY_HIGH16(a, b) \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

typedef uint32_t APUS_FN(copy_v4) __attribute__((vector_size(APUS_LANES * 4)));
typedef uint64_t APUS_FN(copy_v8) __attribute__((vector_size(APUS_LANES * 4)));

#undef COPY_LANES4
#undef COPY_LANES8
#define COPY_LANES4 APUS_LANES
#define COPY_LANES8 (APUS_LANES / 2)

COPY_INLINE void APUS_FN(copy_tile4)(const uint32_t *s, int64_t s_stride, uint32_t *d, int64_t d_stride) {
#if APUS_LANES == 16
    COPY_TILE_ROUNDS(APUS_FN(copy_v4), 16, 4, COPY_LOW16, COPY_HIGH16)
#elif APUS_LANES == 8
    COPY_TILE_ROUNDS(APUS_FN(copy_v4), 8, 3, COPY_LOW8, COPY_HIGH8)
#else
    COPY_TILE_ROUNDS(APUS_FN(copy_v4), 4, 2, COPY_LOW4, COPY_HIGH4)
#endif
}

COPY_INLINE void APUS_FN(copy_tile8)(const uint64_t *s, int64_t s_stride, uint64_t *d, int64_t d_stride) {
#if APUS_LANES == 16
    COPY_TILE_ROUNDS(APUS_FN(copy_v8), 8, 3, COPY_LOW8, COPY_HIGH8)
#elif APUS_LANES == 8
    COPY_TILE_ROUNDS(APUS_FN(copy_v8), 4, 2, COPY_LOW4, COPY_HIGH4)
#else
    COPY_TILE_ROUNDS(APUS_FN(copy_v8), 2, 1, COPY_LOW2, COPY_HIGH2)
#endif
}

// 1 and 2 bytes: the fixed loops keep 16 lines of each side in the cache.
#undef COPY_LANES1
#undef COPY_LANES2
#define COPY_LANES1 16
#define COPY_LANES2 16
#undef COPY_SCALAR_TILE
#define COPY_SCALAR_TILE(NAME, T)                                                                \
    COPY_INLINE void APUS_FN(NAME)(const T *s, int64_t s_stride, T *d, int64_t d_stride) {       \
        for (int j = 0; j < 16; j++)                                                             \
            for (int i = 0; i < 16; i++) d[j * d_stride + i] = s[i * s_stride + j];              \
    }
COPY_SCALAR_TILE(copy_tile1, uint8_t)
COPY_SCALAR_TILE(copy_tile2, uint16_t)

// MARK: Two axes

/// d[r*d_rows + c*d_columns] = s[r*s_rows + c*s_columns] for elements of one size.
#undef COPY_PLANE
#define COPY_PLANE(T, SIZE)                                                                                            \
    /* s_rows = d_columns = 1: the rows of the plane are contiguous in the source, its columns in the destination. */ \
    static void APUS_FN(copy_transpose##SIZE)(const T *s, int64_t s_columns, T *d, int64_t d_rows, int64_t rows,       \
                                              int64_t columns) {                                                       \
        const int64_t tile = COPY_LANES##SIZE;                                                                         \
        int64_t whole_rows = rows / tile * tile, whole_columns = columns / tile * tile;                                \
        for (int64_t c = 0; c < whole_columns; c += tile)                                                              \
            for (int64_t r = 0; r < whole_rows; r += tile)                                                             \
                APUS_FN(copy_tile##SIZE)(s + c * s_columns + r, s_columns, d + r * d_rows + c, d_rows);                \
        for (int64_t r = 0; r < whole_rows; r++)                                                                       \
            for (int64_t c = whole_columns; c < columns; c++) d[r * d_rows + c] = s[c * s_columns + r];                \
        for (int64_t r = whole_rows; r < rows; r++)                                                                    \
            for (int64_t c = 0; c < columns; c++) d[r * d_rows + c] = s[c * s_columns + r];                            \
    }                                                                                                                  \
    static void APUS_FN(copy_plane##SIZE)(const copy_box *b, const char *source, char *destination) {                  \
        int r_axis = b->rank - 2, c_axis = b->rank - 1;                                                                \
        int64_t rows = b->shape[r_axis], columns = b->shape[c_axis];                                                   \
        int64_t s_rows = b->source_strides[r_axis], s_columns = b->source_strides[c_axis];                             \
        int64_t d_rows = b->destination_strides[r_axis], d_columns = b->destination_strides[c_axis];                   \
        const T *s = (const T *)source;                                                                                \
        T *d = (T *)destination;                                                                                       \
        if (d_columns == 1 && s_columns == 1) {                                                                        \
            for (int64_t r = 0; r < rows; r++) movement_copy_row(d + r * d_rows, s + r * s_rows, columns * SIZE);      \
        } else if (d_columns == 1 && s_columns == 0) {                                                                 \
            for (int64_t r = 0; r < rows; r++)                                                                         \
                movement_fill(d + r * d_rows, columns * SIZE, movement_pattern(s[r * s_rows], SIZE));                  \
        } else if (d_columns == 1 && s_rows == 1 && rows > 1) {                                                        \
            APUS_FN(copy_transpose##SIZE)(s, s_columns, d, d_rows, rows, columns);                                     \
        } else if (columns >= rows) {                                                                                  \
            for (int64_t r = 0; r < rows; r++)                                                                         \
                for (int64_t c = 0; c < columns; c++)                                                                  \
                    d[r * d_rows + c * d_columns] = s[r * s_rows + c * s_columns];                                     \
        } else {                                                                                                       \
            /* The long loop inside; blocks of rows keep both in the cache. */                                         \
            for (int64_t first = 0; first < rows; first += 256) {                                                      \
                int64_t last = first + 256 < rows ? first + 256 : rows;                                                \
                for (int64_t c = 0; c < columns; c++)                                                                  \
                    for (int64_t r = first; r < last; r++)                                                             \
                        d[r * d_rows + c * d_columns] = s[r * s_rows + c * s_columns];                                 \
            }                                                                                                          \
        }                                                                                                              \
    }

COPY_PLANE(uint8_t, 1)
COPY_PLANE(uint16_t, 2)
COPY_PLANE(uint32_t, 4)
COPY_PLANE(uint64_t, 8)

/// Copies the box: an odometer over all but the last two axes.
static void APUS_FN(copy_box_run)(const copy_box *b) {
    int outer = b->rank - 2;
    int64_t index[APUS_MOVEMENT_MAX_RANK] = {0};
    const char *source = b->source;
    char *destination = b->destination;
    for (;;) {
        switch (b->element_bytes) {
        case 1: APUS_FN(copy_plane1)(b, source, destination); break;
        case 2: APUS_FN(copy_plane2)(b, source, destination); break;
        case 4: APUS_FN(copy_plane4)(b, source, destination); break;
        default: APUS_FN(copy_plane8)(b, source, destination); break;
        }
        int axis = outer - 1;
        for (; axis >= 0; axis--) {
            int64_t s = b->source_strides[axis] * b->element_bytes, d = b->destination_strides[axis] * b->element_bytes;
            source += s;
            destination += d;
            if (++index[axis] < b->shape[axis]) break;
            source -= s * b->shape[axis];
            destination -= d * b->shape[axis];
            index[axis] = 0;
        }
        if (axis < 0) return;
    }
}
