// Cross-entropy over chunks of samples for one instruction set.
#include "vector_math.h"
#include "movement_vectors.h"

#undef CROSS_SAME
#define CROSS_SAME(v) (v)

#define LINE_FN(name) APUS_FN(name##_float32)
#define LINE_TYPE float
#define LINE_LOAD vload
#define LINE_LOAD_FIRST vload_first
#define LINE_STORE vstore
#define LINE_STORE_FIRST vstore_first
#define LINE_GET CROSS_SAME
#define LINE_PUT CROSS_SAME
#include "softmax_line_body.h"
#include "softmax_cross_entropy_body.h"
#undef LINE_FN
#undef LINE_TYPE
#undef LINE_LOAD
#undef LINE_LOAD_FIRST
#undef LINE_STORE
#undef LINE_STORE_FIRST
#undef LINE_GET
#undef LINE_PUT

#define LINE_FN(name) APUS_FN(name##_bfloat16)
#define LINE_TYPE uint16_t
#define LINE_LOAD vload_bfloat16
#define LINE_LOAD_FIRST vload_first_bfloat16
#define LINE_STORE vstore_bfloat16
#define LINE_STORE_FIRST vstore_first_bfloat16
#define LINE_GET float_of_bfloat16
#define LINE_PUT bfloat16_of_float
#include "softmax_line_body.h"
#include "softmax_cross_entropy_body.h"
#undef LINE_FN
#undef LINE_TYPE
#undef LINE_LOAD
#undef LINE_LOAD_FIRST
#undef LINE_STORE
#undef LINE_STORE_FIRST
#undef LINE_GET
#undef LINE_PUT

// MARK: float64

MATH_INLINE void APUS_FN(cross_entropy_statistics_float64)(const double *z, int64_t n, double *maximum, double *sum) {
    double m = z[0], s = 0;
    for (int64_t i = 1; i < n; i++) m = z[i] > m ? z[i] : m;
    for (int64_t i = 0; i < n; i++) s += exp(z[i] - m);
    *maximum = m;
    *sum = s;
}

/// gradient = (p * weight - label) * g, with p from the logits or given.
MATH_INLINE void APUS_FN(cross_entropy_sample_gradient_float64)(const cross_entropy_job *job, int64_t sample,
                                                                const double *z, bool from_logits, double maximum,
                                                                double sum, double g) {
    int64_t classes = job->p->classes;
    double *to = (double *)job->gradient + sample * classes;
    bool dense = job->p->label_form == APUS_LABELS_DENSE;
    const double *label = dense ? (const double *)job->labels + sample * classes : NULL;
    int64_t index = dense ? -1 : label_at(job, sample);
    double weight = dense ? 0 : 1;
    if (dense)
        for (int64_t i = 0; i < classes; i++) weight += label[i];
    for (int64_t i = 0; i < classes; i++) {
        double p = from_logits ? exp(z[i] - maximum) / sum : z[i];
        to[i] = (p * weight - (dense ? label[i] : i == index)) * g;
    }
}

static void APUS_FN(cross_entropy_chunks_float64)(const cross_entropy_job *job, int64_t first, int64_t last) {
    const apus_cross_entropy_parameters *p = job->p;
    for (int64_t chunk = first; chunk < last; chunk++) {
        int64_t end = softmax_minimum(p->samples, (chunk + 1) * CHUNK_SAMPLES);
        double total = 0;
        for (int64_t n = chunk * CHUNK_SAMPLES; n < end; n++) {
            const double *z = (const double *)job->logits + n * p->classes;
            double maximum, sum, loss = 0;
            APUS_FN(cross_entropy_statistics_float64)(z, p->classes, &maximum, &sum);
            if (p->label_form == APUS_LABELS_DENSE) {
                const double *label = (const double *)job->labels + n * p->classes;
                for (int64_t i = 0; i < p->classes; i++) loss += label[i] * (log(sum) + (maximum - z[i]));
            } else {
                loss = log(sum) + (maximum - z[label_at(job, n)]);
            }
            total += loss;
            if (job->losses) ((double *)job->losses)[n] = loss;
            if (job->probabilities)
                for (int64_t i = 0; i < p->classes; i++)
                    ((double *)job->probabilities)[n * p->classes + i] = exp(z[i] - maximum) / sum;
            if (job->gradient)
                APUS_FN(cross_entropy_sample_gradient_float64)(job, n, z, true, maximum, sum, job->factor);
        }
        job->partial_sums[chunk] = total;
    }
}

static void APUS_FN(cross_entropy_gradient_chunks_float64)(const cross_entropy_job *job, int64_t first, int64_t last) {
    const apus_cross_entropy_parameters *p = job->p;
    int64_t end = softmax_minimum(p->samples, last * CHUNK_SAMPLES);
    for (int64_t n = first * CHUNK_SAMPLES; n < end; n++) {
        const double *z = (const double *)job->logits + n * p->classes;
        double maximum = 0, sum = 1, g = ((const double *)job->g)[job->q->scalar ? 0 : n] * job->q->factor;
        if (job->q->from_logits) APUS_FN(cross_entropy_statistics_float64)(z, p->classes, &maximum, &sum);
        APUS_FN(cross_entropy_sample_gradient_float64)(job, n, z, job->q->from_logits != 0, maximum, sum, g);
    }
}

// MARK: Entry points

static void APUS_FN(cross_entropy_chunks)(void *context, int64_t first, int64_t last) {
    const cross_entropy_job *job = context;
    switch (job->p->type) {
    case APUS_FLOAT32: APUS_FN(cross_entropy_chunks_float32)(job, first, last); break;
    case APUS_BFLOAT16: APUS_FN(cross_entropy_chunks_bfloat16)(job, first, last); break;
    default: APUS_FN(cross_entropy_chunks_float64)(job, first, last); break;
    }
}

static void APUS_FN(cross_entropy_gradient_chunks)(void *context, int64_t first, int64_t last) {
    const cross_entropy_job *job = context;
    switch (job->p->type) {
    case APUS_FLOAT32: APUS_FN(cross_entropy_gradient_chunks_float32)(job, first, last); break;
    case APUS_BFLOAT16: APUS_FN(cross_entropy_gradient_chunks_bfloat16)(job, first, last); break;
    default: APUS_FN(cross_entropy_gradient_chunks_float64)(job, first, last); break;
    }
}
