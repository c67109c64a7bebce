// Normalization of NORM_TYPE elements, float32 inside and float64 between blocks of rows.

#undef NORM_BLOCK
#define NORM_BLOCK 32

/// Sums over rows have four accumulators: of four vectors side by side, or, for the last columns, of four rows of one.
#undef NORM_SUMS
#define NORM_SUMS 4

// MARK: Moments

/// What rows give of `vectors` vectors side by side: the sums of x - shift and of its square.
MATH_INLINE void NORM_FN(shifted_sums)(const NORM_TYPE *x, int64_t stride, int64_t rows, const vfloat *shift,
                                       vfloat *sums, vfloat *squares, int vectors, bool whole, int64_t lanes) {
    vfloat sum[NORM_SUMS] = {0}, square[NORM_SUMS] = {0};
    int64_t i = 0;
    for (; i + NORM_SUMS / vectors <= rows; i += NORM_SUMS / vectors)
#pragma clang loop unroll(full)
        for (int k = 0; k < NORM_SUMS; k++) {
            vfloat d = NORM_LOAD(x + (i + k / vectors) * stride + k % vectors * APUS_LANES) - shift[k % vectors];
            sum[k] += d;
            square[k] += d * d;
        }
    for (; i < rows; i++) {
        vfloat d = NORM_LOAD(x + i * stride) - shift[0];
        sum[0] += d;
        square[0] += d * d;
    }
    for (int k = 0; k < vectors; k++) {
        sums[k] = vectors == 1 ? (sum[0] + sum[1]) + (sum[2] + sum[3]) : sum[k];
        squares[k] = vectors == 1 ? (square[0] + square[1]) + (square[2] + square[3]) : square[k];
    }
}

/// Merges a block of rows into the mean and the sum of squared distances from it of the `before` rows before it
/// (Chan's formula). The block is summed about the mean so far: where that is far from the block's own mean, what it
/// costs in precision is small beside the distance between the two, which counts too. The first block is summed about
/// the mean of its first rows, by the same argument.
MATH_INLINE void NORM_FN(moments_columns)(const NORM_TYPE *x, int64_t stride, int64_t rows, int64_t before,
                                          double *mean, double *squares, int vectors, bool whole, int64_t lanes) {
    vfloat shift[NORM_SUMS] = {0}, sum[NORM_SUMS], square[NORM_SUMS];
    int64_t count = whole ? APUS_LANES : lanes;
    if (before == 0) {
        int64_t some = rows < 8 ? rows : 8;
        NORM_FN(shifted_sums)(x, stride, some, shift, sum, square, vectors, whole, lanes);
        for (int k = 0; k < vectors; k++) shift[k] = sum[k] / (float)some;
    } else {
        for (int k = 0; k < vectors; k++) shift[k] = APUS_FN(narrow)(APUS_FN(wide_load)(mean + k * APUS_LANES, count));
    }
    NORM_FN(shifted_sums)(x, stride, rows, shift, sum, square, vectors, whole, lanes);
    double one = 1.0 / (double)rows, weight = (double)rows / (double)(before + rows), cross = weight * (double)before;
    for (int k = 0; k < vectors; k++) {
        APUS_FN(normalization_wide) s = APUS_FN(widen)(sum[k]), q = APUS_FN(widen)(square[k]),
                                    origin = APUS_FN(widen)(shift[k]),
                                    m = APUS_FN(wide_load)(mean + k * APUS_LANES, count),
                                    all = APUS_FN(wide_load)(squares + k * APUS_LANES, count);
        for (int h = 0; h < 2; h++) {
            APUS_FN(normalization_doubles) error = s.half[h] * one;
            APUS_FN(normalization_doubles) difference = origin.half[h] + error - m.half[h];
            all.half[h] += q.half[h] - s.half[h] * error + difference * difference * cross;
            m.half[h] += difference * weight;
        }
        APUS_FN(wide_store)(mean + k * APUS_LANES, m, count);
        APUS_FN(wide_store)(squares + k * APUS_LANES, all, count);
    }
}

static void NORM_FN(moments)(const normalization_rows *a, double *mean, double *squares) {
    memset(mean, 0, (size_t)a->width * sizeof(double));
    memset(squares, 0, (size_t)a->width * sizeof(double));
    for (int64_t first = 0; first < a->rows; first += NORM_BLOCK) {
        int64_t n = a->rows - first < NORM_BLOCK ? a->rows - first : NORM_BLOCK, j = 0;
        const NORM_TYPE *x = (const NORM_TYPE *)a->x + first * a->stride;
        for (; j + NORM_SUMS * APUS_LANES <= a->width; j += NORM_SUMS * APUS_LANES)
            NORM_FN(moments_columns)(x + j, a->stride, n, first, mean + j, squares + j, NORM_SUMS, true, 0);
        for (; j + APUS_LANES <= a->width; j += APUS_LANES)
            NORM_FN(moments_columns)(x + j, a->stride, n, first, mean + j, squares + j, 1, true, 0);
        if (j < a->width)
            NORM_FN(moments_columns)(x + j, a->stride, n, first, mean + j, squares + j, 1, false, a->width - j);
    }
}

// MARK: Batch norm

/// Runs BODY(j) for vectors of the strip, `whole` known at compile time.
#undef NORM_VECTORS
#define NORM_VECTORS(BODY)                                              \
    {                                                                   \
        int64_t j = 0;                                                  \
        for (; j + APUS_LANES <= width; j += APUS_LANES) {              \
            const bool whole = true;                                    \
            const int64_t lanes = APUS_LANES;                           \
            (void)lanes;                                                \
            BODY                                                        \
        }                                                               \
        if (j < width) {                                                \
            const bool whole = false;                                   \
            const int64_t lanes = width - j;                            \
            BODY                                                        \
        }                                                               \
    }

MATH_INLINE void NORM_FN(apply_with)(const normalization_rows *a, const normalization_channels *channels,
                                     normalization_finish finish, bool has_residual) {
    // Copies, which stores cannot change as far as the compiler knows.
    const int64_t width = a->width, stride = a->stride;
    uint8_t *const mask = a->mask;
    for (int64_t i = 0; i < a->rows; i++) {
        const NORM_TYPE *x = (const NORM_TYPE *)a->x + i * a->stride;
        const NORM_TYPE *residual = has_residual ? (const NORM_TYPE *)a->residual + i * a->stride : NULL;
        NORM_TYPE *y = (NORM_TYPE *)a->y + i * a->stride;
        NORM_VECTORS({
            vfloat v = NORM_LOAD(x + j) - vload(channels->mean + j);
            v = v * vload(channels->factor + j) + vload(channels->offset + j);
            if (has_residual) v += NORM_LOAD(residual + j);
            if (finish != FINISH_PLAIN) v = vselect(v < 0.0f, vsplat(0.0f), v);
            NORM_STORE(y + j, v);
            if (finish == FINISH_MASK) APUS_FN(write_gate)(mask, i * stride + j, v, NORM_LEAST);
        })
    }
}

static void NORM_FN(apply)(const normalization_rows *a, const normalization_channels *channels,
                           normalization_finish finish) {
#define APPLY_WITH(FINISH)                                                      \
    (a->residual ? NORM_FN(apply_with)(a, channels, FINISH, true)               \
                 : NORM_FN(apply_with)(a, channels, FINISH, false))
    if (finish == FINISH_PLAIN)
        APPLY_WITH(FINISH_PLAIN);
    else if (finish == FINISH_RELU)
        APPLY_WITH(FINISH_RELU);
    else
        APPLY_WITH(FINISH_MASK);
#undef APPLY_WITH
}

/// The incoming gradient at element `at` of the strip.
MATH_INLINE vfloat NORM_FN(incoming)(const normalization_rows *a, int64_t at, normalization_gate gate, bool whole,
                                     int64_t lanes) {
    vfloat d = NORM_LOAD((const NORM_TYPE *)a->g + at);
    if (a->g2) d += NORM_LOAD((const NORM_TYPE *)a->g2 + at);
    if (gate == GATE_RESULT) d = vselect(NORM_LOAD((const NORM_TYPE *)a->gate + at) > 0.0f, d, vsplat(0.0f));
    if (gate == GATE_MASK) d = APUS_FN(gated)(d, a->gate, at);
    return d;
}

/// Adds what a block of rows gives to the sums of d and of d * (x - mean), of `vectors` vectors side by side, and
/// writes dresidual.
MATH_INLINE void NORM_FN(gradient_columns)(const normalization_rows *rows_pointer, int64_t first, int64_t rows,
                                           int64_t column, const float *means, double *sums, double *products,
                                           normalization_gate gate, int vectors, bool whole, int64_t lanes) {
    const normalization_rows copy = *rows_pointer, *a = &copy;
    const NORM_TYPE *x = a->x;
    NORM_TYPE *dresidual = a->dresidual;
    vfloat mean[NORM_SUMS], sum[NORM_SUMS] = {0}, product[NORM_SUMS] = {0};
    for (int k = 0; k < vectors; k++)
        mean[k] = gate == GATE_NONE_BY_ROW ? vsplat(0.0f) : vload(means + column + k * APUS_LANES);
    int64_t i = first, end = first + rows;
#define GRADIENT_VECTOR(ROW, K)                                                                      \
    {                                                                                                \
        int64_t at = (ROW) * a->stride + column + (K) % vectors * APUS_LANES;                        \
        vfloat d = NORM_FN(incoming)(a, at, gate, whole, lanes);                                     \
        if (dresidual) {                                                                             \
            if (a->g2) d = NORM_ROUND(d);                                                            \
            NORM_STORE_EXACT(dresidual + at, d);                                                     \
        }                                                                                            \
        vfloat h = NORM_LOAD(x + at);                                                                \
        h = gate == GATE_NONE_BY_ROW ? (h - a->row_mean[ROW]) * a->row_factor[ROW] : h - mean[(K) % vectors]; \
        sum[K] += d;                                                                                 \
        product[K] += d * h;                                                                         \
    }
    for (; i + NORM_SUMS / vectors <= end; i += NORM_SUMS / vectors)
#pragma clang loop unroll(full)
        for (int k = 0; k < NORM_SUMS; k++) GRADIENT_VECTOR(i + k / vectors, k)
    for (; i < end; i++) GRADIENT_VECTOR(i, 0)
#undef GRADIENT_VECTOR
    int64_t count = whole ? APUS_LANES : lanes;
    for (int k = 0; k < vectors; k++) {
        APUS_FN(add_widened)(sums + column + k * APUS_LANES,
                             vectors == 1 ? (sum[0] + sum[1]) + (sum[2] + sum[3]) : sum[k], count);
        APUS_FN(add_widened)(products + column + k * APUS_LANES,
                             vectors == 1 ? (product[0] + product[1]) + (product[2] + product[3]) : product[k], count);
    }
}

MATH_INLINE void NORM_FN(gradient_sums_with)(const normalization_rows *a, const float *means, double *sums,
                                             double *products, normalization_gate gate) {
    memset(sums, 0, (size_t)a->width * sizeof(double));
    memset(products, 0, (size_t)a->width * sizeof(double));
    for (int64_t first = 0; first < a->rows; first += NORM_BLOCK) {
        int64_t n = a->rows - first < NORM_BLOCK ? a->rows - first : NORM_BLOCK, j = 0;
        for (; j + NORM_SUMS * APUS_LANES <= a->width; j += NORM_SUMS * APUS_LANES)
            NORM_FN(gradient_columns)(a, first, n, j, means, sums, products, gate, NORM_SUMS, true, 0);
        for (; j + APUS_LANES <= a->width; j += APUS_LANES)
            NORM_FN(gradient_columns)(a, first, n, j, means, sums, products, gate, 1, true, 0);
        if (j < a->width)
            NORM_FN(gradient_columns)(a, first, n, j, means, sums, products, gate, 1, false, a->width - j);
    }
}

/// sums = the sum of d, products = that of d * (x - mean) [* factor by row]. A mask's strips are whole vectors.
static void NORM_FN(gradient_sums)(const normalization_rows *a, normalization_gate gate, const float *means,
                                   double *sums, double *products) {
    switch (gate) {
    case GATE_NONE: NORM_FN(gradient_sums_with)(a, means, sums, products, GATE_NONE); break;
    case GATE_RESULT: NORM_FN(gradient_sums_with)(a, means, sums, products, GATE_RESULT); break;
    case GATE_MASK: NORM_FN(gradient_sums_with)(a, means, sums, products, GATE_MASK); break;
    case GATE_NONE_BY_ROW: NORM_FN(gradient_sums_with)(a, means, sums, products, GATE_NONE_BY_ROW); break;
    }
}

MATH_INLINE void NORM_FN(gradient_apply_with)(const normalization_rows *rows_pointer,
                                              const normalization_channels *channels, normalization_gate gate) {
    const normalization_rows copy = *rows_pointer, *a = &copy;
    const int64_t width = a->width;
    for (int64_t i = 0; i < a->rows; i++) {
        const NORM_TYPE *x = (const NORM_TYPE *)a->x + i * a->stride;
        NORM_TYPE *dx = (NORM_TYPE *)a->dx + i * a->stride;
        NORM_VECTORS({
            vfloat d = NORM_FN(incoming)(a, i * a->stride + j, gate, whole, lanes);
            vfloat h = NORM_LOAD(x + j) - vload(channels->mean + j);
            NORM_STORE(dx + j,
                       d * vload(channels->factor + j)
                           + (h * vload(channels->slope + j) + vload(channels->offset + j)));
        })
    }
}

static void NORM_FN(gradient_apply)(const normalization_rows *a, normalization_gate gate,
                                    const normalization_channels *channels) {
    switch (gate) {
    case GATE_RESULT: NORM_FN(gradient_apply_with)(a, channels, GATE_RESULT); break;
    case GATE_MASK: NORM_FN(gradient_apply_with)(a, channels, GATE_MASK); break;
    default: NORM_FN(gradient_apply_with)(a, channels, GATE_NONE); break;
    }
}

// MARK: Layer norm

/// Vectors of float32 sums between additions in float64.
#undef NORM_TERMS
#define NORM_TERMS (64 * APUS_LANES)

static void NORM_FN(layer_forward)(const void *x_pointer, const float *scale, const float *offset, void *y_pointer,
                                   int64_t channels, double epsilon, float *mean_out, float *factor_out) {
    const NORM_TYPE *x = x_pointer;
    NORM_TYPE *y = y_pointer;
    double total = 0;
    for (int64_t first = 0; first < channels; first += NORM_TERMS) {
        int64_t width = channels - first < NORM_TERMS ? channels - first : NORM_TERMS;
        vfloat sum = {0};
        NORM_VECTORS({ sum += NORM_LOAD(x + first + j); })
        total += (double)vsum(sum);
    }
    float mean = (float)(total / (double)channels);
    double squares = 0, rest = 0;
    for (int64_t first = 0; first < channels; first += NORM_TERMS) {
        int64_t width = channels - first < NORM_TERMS ? channels - first : NORM_TERMS;
        vfloat square = {0}, sum = {0};
        NORM_VECTORS({
            vfloat d = NORM_LOAD(x + first + j) - mean;
            // Lanes behind the end are 0 - mean.
            if (!whole) {
                float inside[APUS_LANES] = {0};
                for (int64_t k = 0; k < lanes; k++) inside[k] = 1;
                d *= vload(inside);
            }
            square += d * d;
            sum += d;
        })
        squares += (double)vsum(square);
        rest += (double)vsum(sum);
    }
    // The rounded mean is a shift; `rest` corrects the variance for it.
    double error = rest / (double)channels;
    double variance = squares / (double)channels - error * error;
    float factor = (float)(1.0 / sqrt(variance + epsilon));
    int64_t width = channels;
    NORM_VECTORS({
        vfloat v = (NORM_LOAD(x + j) - mean) * factor;
        if (scale) v *= whole ? vload(scale + j) : vload_first(scale + j, lanes);
        if (offset) v += whole ? vload(offset + j) : vload_first(offset + j, lanes);
        NORM_STORE(y + j, v);
    })
    *mean_out = mean;
    *factor_out = factor;
}

static void NORM_FN(layer_backward)(const void *x_pointer, const void *g_pointer, const float *scale, void *dx_pointer,
                                    int64_t channels, float mean, float factor) {
    const NORM_TYPE *x = x_pointer, *g = g_pointer;
    NORM_TYPE *dx = dx_pointer;
    double sums = 0, products = 0;
    for (int64_t first = 0; first < channels; first += NORM_TERMS) {
        int64_t width = channels - first < NORM_TERMS ? channels - first : NORM_TERMS;
        vfloat sum = {0}, product = {0};
        NORM_VECTORS({
            vfloat p = NORM_LOAD(g + first + j);
            if (scale) p *= whole ? vload(scale + first + j) : vload_first(scale + first + j, lanes);
            sum += p;
            product += p * (NORM_LOAD(x + first + j) - mean);
        })
        sums += (double)vsum(sum);
        products += (double)vsum(product);
    }
    float shift = (float)(sums / (double)channels);
    float slope = (float)(products / (double)channels) * factor * factor;
    int64_t width = channels;
    NORM_VECTORS({
        vfloat p = NORM_LOAD(g + j);
        if (scale) p *= whole ? vload(scale + j) : vload_first(scale + j, lanes);
        NORM_STORE(dx + j, factor * (p - shift - (NORM_LOAD(x + j) - mean) * slope));
    })
}
