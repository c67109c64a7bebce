// Normalization of NORM_TYPE elements, float32 inside and float64 between blocks of rows.

#undef NORM_BLOCK
#define NORM_BLOCK 32

/// The mean and the sum of squared distances from it, of LANES channels, merged block by block (Chan's formula): each
/// block is short, so the first pass over it gives a good mean and the second finds it in the cache.
MATH_INLINE void NORM_FN(moments_vector)(const NORM_TYPE *x, int64_t stride, int64_t rows, int64_t before, double *mean,
                                         double *squares, bool whole, int64_t lanes) {
    vfloat sum[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4)
        for (int k = 0; k < 4; k++) sum[k] += NORM_LOAD(x + (i + k) * stride);
    for (; i < rows; i++) sum[0] += NORM_LOAD(x + i * stride);
    vfloat block_mean = ((sum[0] + sum[1]) + (sum[2] + sum[3])) / (float)rows;
    vfloat square[4] = {0}, rest[4] = {0};
    for (i = 0; i + 4 <= rows; i += 4)
        for (int k = 0; k < 4; k++) {
            vfloat d = NORM_LOAD(x + (i + k) * stride) - block_mean;
            square[k] += d * d;
            rest[k] += d;
        }
    for (; i < rows; i++) {
        vfloat d = NORM_LOAD(x + i * stride) - block_mean;
        square[0] += d * d;
        rest[0] += d;
    }
    // What rounding left of the mean.
    vfloat error = ((rest[0] + rest[1]) + (rest[2] + rest[3])) / (float)rows;
    vfloat block_squares = ((square[0] + square[1]) + (square[2] + square[3])) - error * error * (float)rows;
    double mean_lanes[APUS_LANES], squares_lanes[APUS_LANES];
    APUS_FN(normalization_wide) m = APUS_FN(widen)(block_mean), e = APUS_FN(widen)(error),
                                s = APUS_FN(widen)(block_squares);
    for (int h = 0; h < 2; h++) {
        m.half[h] += e.half[h];
        memcpy(mean_lanes + h * APUS_LANES / 2, &m.half[h], sizeof m.half[h]);
        memcpy(squares_lanes + h * APUS_LANES / 2, &s.half[h], sizeof s.half[h]);
    }
    double weight = (double)rows / (double)(before + rows), cross = weight * (double)before;
    int64_t count = whole ? APUS_LANES : lanes;
    for (int64_t j = 0; j < count; j++) {
        double difference = mean_lanes[j] - mean[j];
        mean[j] += difference * weight;
        squares[j] += squares_lanes[j] + difference * difference * cross;
    }
}

static void NORM_FN(moments)(const void *pointer, int64_t stride, int64_t rows, int64_t width, double *mean,
                             double *squares) {
    const NORM_TYPE *x = pointer;
    memset(mean, 0, (size_t)width * sizeof(double));
    memset(squares, 0, (size_t)width * sizeof(double));
    for (int64_t first = 0; first < rows; first += NORM_BLOCK) {
        int64_t n = rows - first < NORM_BLOCK ? rows - first : NORM_BLOCK, j = 0;
        const NORM_TYPE *block = x + first * stride;
        for (; j + APUS_LANES <= width; j += APUS_LANES)
            NORM_FN(moments_vector)(block + j, stride, n, first, mean + j, squares + j, true, APUS_LANES);
        if (j < width) NORM_FN(moments_vector)(block + j, stride, n, first, mean + j, squares + j, false, width - j);
    }
}

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

static void NORM_FN(apply)(const void *x_pointer, const void *residual_pointer, void *y_pointer, uint8_t *mask,
                           int64_t stride, int64_t rows, int64_t width, const normalization_channels *channels,
                           bool relu) {
    for (int64_t i = 0; i < rows; i++) {
        const NORM_TYPE *x = (const NORM_TYPE *)x_pointer + i * stride;
        const NORM_TYPE *residual = residual_pointer ? (const NORM_TYPE *)residual_pointer + i * stride : NULL;
        NORM_TYPE *y = (NORM_TYPE *)y_pointer + i * stride;
        NORM_VECTORS({
            vfloat v = NORM_LOAD(x + j) - vload(channels->mean + j);
            v = v * vload(channels->factor + j) + vload(channels->offset + j);
            if (residual) v += NORM_LOAD(residual + j);
            if (relu) v = vselect(v < 0.0f, vsplat(0.0f), v);
            NORM_STORE(y + j, v);
            // What was stored counts: bfloat16 has fewer tiny numbers.
            if (mask) APUS_FN(store_mask)(mask, i * stride + j, NORM_LOAD(y + j) > 0.0f);
        })
    }
}

/// The gradient at an element: g + g2 where the ReLU let it through.
MATH_INLINE vfloat NORM_FN(incoming)(const normalization_images *images, int64_t at, bool whole, int64_t lanes) {
    vfloat g = NORM_LOAD((const NORM_TYPE *)images->g + at);
    if (images->g2) g += NORM_LOAD((const NORM_TYPE *)images->g2 + at);
    if (images->mask) return vselect(APUS_FN(load_mask)(images->mask, at), g, vsplat(0.0f));
    if (images->y) return vselect(NORM_LOAD((const NORM_TYPE *)images->y + at) > 0.0f, g, vsplat(0.0f));
    return g;
}

/// sums[j] = the sum of g, products[j] = that of g * (x - mean) * factor; mean and factor of the channel, or of the row
/// where row_mean is given. Also writes dresidual.
MATH_INLINE void NORM_FN(gradient_sums_vector)(const normalization_images *images, int64_t at, int64_t stride,
                                               int64_t rows, vfloat mean, const float *row_mean,
                                               const float *row_factor, double *sums, double *products, bool whole,
                                               int64_t lanes) {
    vfloat sum[2] = {0}, product[2] = {0};
    const NORM_TYPE *x = images->x;
    NORM_TYPE *dresidual = images->dresidual;
    int64_t i = 0;
#define SUMS_ROW(K)                                                         \
    {                                                                       \
        vfloat gi = NORM_FN(incoming)(images, at, whole, lanes);            \
        if (dresidual) {                                                    \
            NORM_STORE(dresidual + at, gi);                                 \
            /* The second pass reads it rounded. */                         \
            if (sizeof(NORM_TYPE) == 2) gi = NORM_LOAD(dresidual + at);     \
        }                                                                   \
        vfloat xi = NORM_LOAD(x + at);                                      \
        xi = row_mean ? (xi - row_mean[i]) * row_factor[i] : xi - mean;     \
        sum[K] += gi;                                                       \
        product[K] += gi * xi;                                              \
        i++;                                                                \
        at += stride;                                                       \
    }
    while (i + 2 <= rows) {
        SUMS_ROW(0)
        SUMS_ROW(1)
    }
    if (i < rows) SUMS_ROW(0)
#undef SUMS_ROW
    double lanes_of[2][APUS_LANES];
    APUS_FN(normalization_wide) s = APUS_FN(widen)(sum[0] + sum[1]), p = APUS_FN(widen)(product[0] + product[1]);
    memcpy(lanes_of[0], &s, sizeof s);
    memcpy(lanes_of[1], &p, sizeof p);
    int64_t count = whole ? APUS_LANES : lanes;
    for (int64_t j = 0; j < count; j++) {
        sums[j] += lanes_of[0][j];
        products[j] += lanes_of[1][j];
    }
}

static void NORM_FN(gradient_sums)(const normalization_images *all, int64_t stride, int64_t rows, int64_t width,
                                   const normalization_channels *channels, const float *row_mean,
                                   const float *row_factor, double *sums, double *products) {
    const normalization_images images = *all;
    memset(sums, 0, (size_t)width * sizeof(double));
    memset(products, 0, (size_t)width * sizeof(double));
    for (int64_t first = 0; first < rows; first += NORM_BLOCK) {
        int64_t n = rows - first < NORM_BLOCK ? rows - first : NORM_BLOCK;
        const float *m = row_mean ? row_mean + first : NULL, *f = row_mean ? row_factor + first : NULL;
        NORM_VECTORS({
            vfloat mean = row_mean ? vsplat(0.0f) : vload(channels->mean + j);
            NORM_FN(gradient_sums_vector)(&images, first * stride + j, stride, n, mean, m, f, sums + j, products + j,
                                          whole, lanes);
        })
    }
    if (!row_mean)
        for (int64_t j = 0; j < width; j++) products[j] *= (double)channels->factor[j];
}

static void NORM_FN(gradient_apply)(const normalization_images *all, int64_t stride, int64_t rows, int64_t width,
                                    const normalization_channels *channels) {
    const normalization_images images = *all;
    for (int64_t i = 0; i < rows; i++)
        NORM_VECTORS({
            int64_t at = i * stride + j;
            vfloat gi = NORM_FN(incoming)(&images, at, whole, lanes);
            vfloat d = NORM_LOAD((const NORM_TYPE *)images.x + at) - vload(channels->mean + j);
            NORM_STORE((NORM_TYPE *)images.dx + at,
                       gi * vload(channels->factor + j)
                           + (d * vload(channels->slope + j) + vload(channels->offset + j)));
        })
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
