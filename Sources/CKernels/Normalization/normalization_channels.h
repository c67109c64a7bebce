// What is done once a channel, for one instruction set: partial results become statistics, sums and constants.

/// factor = 1/sqrt(variance + epsilon).
static void APUS_FN(normalization_factors)(const float *variance, double epsilon, float *factor, int64_t channels) {
    int64_t c = 0;
    for (; c + APUS_LANES <= channels; c += APUS_LANES) {
        APUS_FN(normalization_wide) v = APUS_FN(widen)(vload(variance + c));
        for (int h = 0; h < 2; h++) v.half[h] = 1.0 / __builtin_elementwise_sqrt(v.half[h] + epsilon);
        vstore(factor + c, APUS_FN(narrow)(v));
    }
    for (; c < channels; c++) factor[c] = (float)(1.0 / sqrt((double)variance[c] + epsilon));
}

/// Chan's formula over parts and groups, in fixed order, for the channels first..<last: mean and variance in float64.
static void APUS_FN(normalization_join_moments)(const normalization_parts *p, int64_t first, int64_t last,
                                                double *restrict mean, double *restrict variance) {
    double count = 0;
    for (int64_t c = first; c < last; c++) mean[c] = variance[c] = 0;
    for (int64_t part = 0; part <= p->parts; part++) {
        bool whole = part < p->parts;
        double rows = (double)(whole ? p->rows * (part + 1) / p->parts - p->rows * part / p->parts : p->rest);
        if (rows == 0) continue;
        for (int64_t i = 0; i < (whole ? p->group : 1); i++) {
            const double *restrict means = p->sums + part * 2 * p->width + i * p->channels;
            const double *restrict squares = means + p->width;
            double weight = rows / (count + rows), cross = weight * count;
#pragma clang loop vectorize(assume_safety)
            for (int64_t c = first; c < last; c++) {
                double difference = means[c] - mean[c];
                variance[c] += squares[c] + difference * difference * cross;
                mean[c] += difference * weight;
            }
            count += rows;
        }
    }
    double scale = 1 / count;
    for (int64_t c = first; c < last; c++) variance[c] *= scale;
}

/// The sums over parts and groups, in fixed order.
static void APUS_FN(normalization_join_sums)(const normalization_parts *p, int64_t first, int64_t last,
                                             double *restrict sum, double *restrict product) {
    for (int64_t c = first; c < last; c++) sum[c] = product[c] = 0;
    for (int64_t part = 0; part <= p->parts; part++)
        for (int64_t i = 0; i < (part < p->parts ? p->group : p->rest > 0); i++) {
            const double *restrict sums = p->sums + part * 2 * p->width + i * p->channels;
            const double *restrict products = sums + p->width;
#pragma clang loop vectorize(assume_safety)
            for (int64_t c = first; c < last; c++) {
                sum[c] += sums[c];
                product[c] += products[c];
            }
        }
}
