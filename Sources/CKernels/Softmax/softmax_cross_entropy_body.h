// Cross-entropy of LINE_TYPE logits (float32 or bfloat16). Included after softmax_line_body.h, with LINE_GET and
// LINE_PUT to read and write one element.

/// gradient = (p * weight - label) * g, where p = z, or exp(z - maximum) * inverse from logits.
MATH_INLINE void LINE_FN(cross_entropy_sample_gradient)(const cross_entropy_job *job, int64_t sample,
                                                        const LINE_TYPE *z, bool from_logits, float maximum,
                                                        float inverse, float g) {
    int64_t classes = job->p->classes, i = 0;
    LINE_TYPE *to = (LINE_TYPE *)job->gradient + sample * classes;
    if (job->p->label_form != APUS_LABELS_DENSE) {
        // First, since the gradient may replace z.
        int64_t label = label_at(job, sample);
        float z_label = LINE_GET(z[label]);
        float p_label = from_logits ? LINE_FN(line_exp)(vsplat(z_label - maximum))[0] * inverse : z_label;
        if (from_logits) {
            LINE_FN(line_exponentials)(z, to, classes, maximum, inverse * g);
        } else {
            for (; i + APUS_LANES <= classes; i += APUS_LANES) LINE_STORE(to + i, LINE_LOAD(z + i) * g);
            if (i < classes) LINE_STORE_FIRST(to + i, LINE_LOAD_FIRST(z + i, classes - i) * g, classes - i);
        }
        to[label] = LINE_PUT((p_label - 1.0f) * g);
        return;
    }
    const LINE_TYPE *label = (const LINE_TYPE *)job->labels + sample * classes;
    vfloat sum = {0};
    for (; i + APUS_LANES <= classes; i += APUS_LANES) sum += LINE_LOAD(label + i);
    if (i < classes) sum += LINE_LOAD_FIRST(label + i, classes - i);
    float weight = vsum(sum);
    for (i = 0; i < classes; i += APUS_LANES) {
        int64_t n = classes - i < APUS_LANES ? classes - i : APUS_LANES;
        vfloat p = LINE_LOAD_FIRST(z + i, n);
        if (from_logits) p = LINE_FN(line_exp)(p - maximum) * inverse;
        LINE_STORE_FIRST(to + i, (p * weight - LINE_LOAD_FIRST(label + i, n)) * g, n);
    }
}

/// sum_c label[c] * (shift - z[c])
MATH_INLINE float LINE_FN(cross_entropy_dense)(const LINE_TYPE *z, const LINE_TYPE *label, int64_t classes,
                                               float maximum, float log_sum) {
    double total = 0;
    for (int64_t i = 0; i < classes;) {
        vfloat sum = {0};
        for (int64_t end = i + 64 * APUS_LANES; i < end && i < classes; i += APUS_LANES) {
            int64_t n = classes - i < APUS_LANES ? classes - i : APUS_LANES;
            sum += LINE_LOAD_FIRST(label + i, n) * (log_sum + (maximum - LINE_LOAD_FIRST(z + i, n)));
        }
        total += (double)vsum(sum);
    }
    return (float)total;
}

static void LINE_FN(cross_entropy_chunks)(const cross_entropy_job *job, int64_t first, int64_t last) {
    const apus_cross_entropy_parameters *p = job->p;
    int64_t classes = p->classes;
    bool dense = p->label_form == APUS_LABELS_DENSE;
    const LINE_TYPE *logits = job->logits;
    float maximum[CHUNK_SAMPLES], sum[CHUNK_SAMPLES], inverse[CHUNK_SAMPLES], z_label[CHUNK_SAMPLES];
    for (int64_t chunk = first; chunk < last; chunk++) {
        int64_t begin = chunk * CHUNK_SAMPLES, count = softmax_minimum(CHUNK_SAMPLES, p->samples - begin);
        for (int64_t n = 0; n < CHUNK_SAMPLES; n++) sum[n] = 1;
        for (int64_t n = 0; n < count; n++) {
            const LINE_TYPE *z = logits + (begin + n) * classes;
            z_label[n] = dense ? 0 : LINE_GET(z[label_at(job, begin + n)]);
            LINE_FN(line_statistics)(z, classes, &maximum[n], &sum[n]);
        }
        // All logarithms and divisions of the chunk at once.
        for (int64_t n = 0; n < CHUNK_SAMPLES; n += APUS_LANES) {
            vfloat s = vload(sum + n);
            vstore(inverse + n, 1.0f / s);
            vstore(sum + n, vselect(s == s, vlog(s), s));
        }
        double total = 0;
        for (int64_t n = 0; n < count; n++) {
            const LINE_TYPE *z = logits + (begin + n) * classes;
            float loss = sum[n] + (maximum[n] - z_label[n]);
            if (dense)
                loss = LINE_FN(cross_entropy_dense)(z, (const LINE_TYPE *)job->labels + (begin + n) * classes, classes,
                                                    maximum[n], sum[n]);
            total += (double)loss;
            if (job->losses) ((LINE_TYPE *)job->losses)[begin + n] = LINE_PUT(loss);
            if (job->probabilities)
                LINE_FN(line_exponentials)(z, (LINE_TYPE *)job->probabilities + (begin + n) * classes, classes,
                                           maximum[n], inverse[n]);
            if (job->gradient)
                LINE_FN(cross_entropy_sample_gradient)(job, begin + n, z, true, maximum[n], inverse[n],
                                                       (float)job->factor);
        }
        job->partial_sums[chunk] = total;
    }
}

static void LINE_FN(cross_entropy_gradient_chunks)(const cross_entropy_job *job, int64_t first, int64_t last) {
    const apus_cross_entropy_parameters *p = job->p;
    int64_t end = softmax_minimum(p->samples, last * CHUNK_SAMPLES);
    for (int64_t n = first * CHUNK_SAMPLES; n < end; n++) {
        const LINE_TYPE *z = (const LINE_TYPE *)job->logits + n * p->classes;
        float maximum = 0, sum = 1;
        float g = LINE_GET(((const LINE_TYPE *)job->g)[job->q->scalar ? 0 : n]) * (float)job->q->factor;
        if (job->q->from_logits) LINE_FN(line_statistics)(z, p->classes, &maximum, &sum);
        LINE_FN(cross_entropy_sample_gradient)(job, n, z, job->q->from_logits != 0, maximum, 1.0f / sum, g);
    }
}
