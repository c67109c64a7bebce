// Accurate sums of SUM_TYPE elements read as float32: at most 32 terms are added in float32, the rest in float64.

/// accumulators[j] += the sum of column j of x [rows, width].
REDUCE_INLINE void SUM_FN(sum_wide)(const SUM_TYPE *x, int64_t stride, int64_t rows, int64_t width,
                                    double *accumulators) {
    enum { strip = 8 };
    for (int64_t first = 0; first < rows; first += 32) {
        int64_t last = first + 32 < rows ? first + 32 : rows;
        int64_t j = 0;
        for (; j + strip * APUS_LANES <= width; j += strip * APUS_LANES) {
            vfloat sum[strip] = {0};
            for (int64_t i = first; i < last; i++)
                for (int k = 0; k < strip; k++) sum[k] += SUM_LOAD(x + i * stride + j + k * APUS_LANES);
            for (int k = 0; k < strip; k++) APUS_FN(reduce_flush)(accumulators + j + k * APUS_LANES, sum[k]);
        }
        for (; j + APUS_LANES <= width; j += APUS_LANES) {
            vfloat sum[4] = {0};
            int64_t i = first;
            for (; i + 4 <= last; i += 4)
                for (int k = 0; k < 4; k++) sum[k] += SUM_LOAD(x + (i + k) * stride + j);
            for (; i < last; i++) sum[0] += SUM_LOAD(x + i * stride + j);
            APUS_FN(reduce_flush)(accumulators + j, (sum[0] + sum[1]) + (sum[2] + sum[3]));
        }
        if (j < width) {
            vfloat sum = {0};
            for (int64_t i = first; i < last; i++) sum += SUM_LOAD_FIRST(x + i * stride + j, width - j);
            for (int64_t k = j; k < width; k++) accumulators[k] += (double)sum[k - j];
        }
    }
}

static void SUM_FN(sum_rows)(const void *pointer, int64_t stride, int64_t rows, int64_t width, void *accumulators) {
    const SUM_TYPE *x = pointer;
    double *a = accumulators;
    if (stride == width && width < 8 * APUS_LANES) {
        // Short rows: as many as make whole registers, at least a strip's worth, are one long row.
        int64_t group = 1;
        while (group < APUS_LANES && group * width % APUS_LANES) group *= 2;
        while (group * width < 8 * APUS_LANES) group *= 2;
        if (group > 1 && rows >= 2 * group) {
            double wide[APUS_LANES * 8 * APUS_LANES];
            memset(wide, 0, sizeof(double) * (size_t)(group * width));
            SUM_FN(sum_wide)(x, group * width, rows / group, group * width, wide);
            for (int64_t i = 0; i < group; i++)
                for (int64_t j = 0; j < width; j++) a[j] += wide[i * width + j];
            x += rows / group * group * width;
            rows %= group;
        }
    }
    SUM_FN(sum_wide)(x, stride, rows, width, a);
}

static void SUM_FN(sum_lines)(const void *pointer, int64_t stride, int64_t lines, int64_t length, void *accumulators) {
    enum { strip = 8 };
    for (int64_t l = 0; l < lines; l++) {
        const SUM_TYPE *x = (const SUM_TYPE *)pointer + l * stride;
        double total = 0;
        int64_t i = 0;
        while (length - i >= strip * APUS_LANES) {
            // Up to 16 terms a lane, then a tree over the registers.
            int64_t end = i + 16 * strip * APUS_LANES < length ? i + 16 * strip * APUS_LANES : length;
            vfloat sum[strip] = {0};
            for (; i + strip * APUS_LANES <= end; i += strip * APUS_LANES)
                for (int k = 0; k < strip; k++) sum[k] += SUM_LOAD(x + i + k * APUS_LANES);
            for (int half = strip / 2; half; half /= 2)
                for (int k = 0; k < half; k++) sum[k] += sum[k + half];
            total += APUS_FN(reduce_total)(sum[0]);
        }
        if (i < length) {
            vfloat sum = {0};
            for (; i + APUS_LANES <= length; i += APUS_LANES) sum += SUM_LOAD(x + i);
            if (i < length) sum += SUM_LOAD_FIRST(x + i, length - i);
            total += APUS_FN(reduce_total)(sum);
        }
        ((double *)accumulators)[l] += total;
    }
}
