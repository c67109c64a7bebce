// The one-dimensional maps of Winograd's F(4, 3), on vectors. Part of the Winograd templates, after vector_math.h.
//
// The interpolation points are 0, +-a, +-b and infinity with a = 5/8, b = 3/2. All entries of B and A are exact in
// float32, and the error is half of that with the usual a = 1, b = 2.

#define WINOGRAD_A 0.625f
#define WINOGRAD_B 1.5f
#define WINOGRAD_A2 (WINOGRAD_A * WINOGRAD_A)
#define WINOGRAD_B2 (WINOGRAD_B * WINOGRAD_B)
// The scale of each row of G.
#define WINOGRAD_G0 (float)(1.0 / ((double)WINOGRAD_A2 * WINOGRAD_B2))
#define WINOGRAD_GA (float)(0.5 / ((double)WINOGRAD_A2 * (WINOGRAD_A2 - WINOGRAD_B2)))
#define WINOGRAD_GB (float)(0.5 / ((double)WINOGRAD_B2 * (WINOGRAD_B2 - WINOGRAD_A2)))

/// y = B^T x: a row of a patch.
MATH_INLINE void APUS_FN(winograd_map_patch)(const vfloat x[6], vfloat y[6]) {
    vfloat even_a = x[4] - WINOGRAD_B2 * x[2], odd_a = x[3] - WINOGRAD_B2 * x[1];
    vfloat even_b = x[4] - WINOGRAD_A2 * x[2], odd_b = x[3] - WINOGRAD_A2 * x[1];
    y[0] = x[4] - (WINOGRAD_A2 + WINOGRAD_B2) * x[2] + WINOGRAD_A2 * WINOGRAD_B2 * x[0];
    y[1] = even_a + WINOGRAD_A * odd_a;
    y[2] = even_a - WINOGRAD_A * odd_a;
    y[3] = even_b + WINOGRAD_B * odd_b;
    y[4] = even_b - WINOGRAD_B * odd_b;
    y[5] = x[5] - (WINOGRAD_A2 + WINOGRAD_B2) * x[3] + WINOGRAD_A2 * WINOGRAD_B2 * x[1];
}

/// y = A^T x: a row of a tile from its products.
MATH_INLINE void APUS_FN(winograd_map_products)(const vfloat x[6], vfloat y[4]) {
    vfloat even_a = x[1] + x[2], odd_a = x[1] - x[2], even_b = x[3] + x[4], odd_b = x[3] - x[4];
    y[0] = x[0] + even_a + even_b;
    y[1] = WINOGRAD_A * odd_a + WINOGRAD_B * odd_b;
    y[2] = WINOGRAD_A2 * even_a + WINOGRAD_B2 * even_b;
    y[3] = x[5] + WINOGRAD_A * WINOGRAD_A2 * odd_a + WINOGRAD_B * WINOGRAD_B2 * odd_b;
}

/// y = G x: a row of a kernel.
MATH_INLINE void APUS_FN(winograd_map_kernel)(const vfloat x[3], vfloat y[6]) {
    vfloat even_a = WINOGRAD_GA * (x[0] + WINOGRAD_A2 * x[2]), even_b = WINOGRAD_GB * (x[0] + WINOGRAD_B2 * x[2]);
    y[0] = WINOGRAD_G0 * x[0];
    y[1] = even_a + WINOGRAD_GA * WINOGRAD_A * x[1];
    y[2] = even_a - WINOGRAD_GA * WINOGRAD_A * x[1];
    y[3] = even_b + WINOGRAD_GB * WINOGRAD_B * x[1];
    y[4] = even_b - WINOGRAD_GB * WINOGRAD_B * x[1];
    y[5] = x[2];
}

/// y = A x: a row of a tile of the gradient.
MATH_INLINE void APUS_FN(winograd_map_gradient)(const vfloat x[4], vfloat y[6]) {
    vfloat even_a = x[0] + WINOGRAD_A2 * x[2], odd_a = x[1] + WINOGRAD_A2 * x[3];
    vfloat even_b = x[0] + WINOGRAD_B2 * x[2], odd_b = x[1] + WINOGRAD_B2 * x[3];
    y[0] = x[0];
    y[1] = even_a + WINOGRAD_A * odd_a;
    y[2] = even_a - WINOGRAD_A * odd_a;
    y[3] = even_b + WINOGRAD_B * odd_b;
    y[4] = even_b - WINOGRAD_B * odd_b;
    y[5] = x[3];
}

/// y = G^T x: a row of the gradient to a kernel from its products.
MATH_INLINE void APUS_FN(winograd_map_kernel_products)(const vfloat x[6], vfloat y[3]) {
    vfloat even_a = WINOGRAD_GA * (x[1] + x[2]), odd_a = WINOGRAD_GA * (x[1] - x[2]);
    vfloat even_b = WINOGRAD_GB * (x[3] + x[4]), odd_b = WINOGRAD_GB * (x[3] - x[4]);
    y[0] = WINOGRAD_G0 * x[0] + even_a + even_b;
    y[1] = WINOGRAD_A * odd_a + WINOGRAD_B * odd_b;
    y[2] = x[5] + WINOGRAD_A2 * even_a + WINOGRAD_B2 * even_b;
}

// A two-dimensional map of `rows` x `columns` vectors to 6 x 6, or of 6 x 6 to fewer: the columns, then the rows.
#define WINOGRAD_MAP_BOTH(map, from, from_size, to, to_size)                                   \
    do {                                                                                       \
        vfloat half[to_size][from_size];                                                       \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < from_size; j++) {               \
            vfloat column[from_size], mapped[to_size];                                         \
            for (int i = 0; i < from_size; i++) column[i] = from(i, j);                        \
            map(column, mapped);                                                               \
            for (int i = 0; i < to_size; i++) half[i][j] = mapped[i];                          \
        }                                                                                      \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < to_size; i++) {                 \
            vfloat mapped[to_size];                                                            \
            map(half[i], mapped);                                                              \
            for (int j = 0; j < to_size; j++) to(i, j, mapped[j]);                             \
        }                                                                                      \
    } while (0)
