// Softmax cross-entropy and its gradient.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "softmax_common.h"

/// Samples of a task; a partial sum of losses belongs to each.
enum { CHUNK_SAMPLES = 64 };

typedef struct {
    const apus_cross_entropy_parameters *p;
    const void *logits, *labels;
    void *losses, *probabilities, *gradient;
    double *partial_sums;
    /// apus_cross_entropy: 1/samples for the gradient.
    double factor;
    /// apus_cross_entropy_gradient only.
    const apus_cross_entropy_gradient_parameters *q;
    const void *g;
} cross_entropy_job;

static inline int64_t label_at(const cross_entropy_job *job, int64_t sample) {
    switch (job->p->label_type) {
    case APUS_INT32: return ((const int32_t *)job->labels)[sample];
    case APUS_INT64: return ((const int64_t *)job->labels)[sample];
    default: return ((const uint8_t *)job->labels)[sample];
    }
}

#define APUS_TEMPLATE "softmax_cross_entropy_template.h"
#include "multiversion.h"

static int check(const cross_entropy_job *job) {
    const apus_cross_entropy_parameters *p = job->p;
    if (p->type != APUS_FLOAT32 && p->type != APUS_BFLOAT16 && p->type != APUS_FLOAT64) return APUS_STATUS_UNSUPPORTED;
    if (p->label_form == APUS_LABELS_DENSE) return APUS_STATUS_OK;
    if (p->label_type != APUS_INT32 && p->label_type != APUS_INT64 && p->label_type != APUS_UINT8)
        return APUS_STATUS_UNSUPPORTED;
    bool wrong = false;
    for (int64_t n = 0; n < p->samples; n++) wrong |= (uint64_t)label_at(job, n) >= (uint64_t)p->classes;
    return wrong ? APUS_STATUS_LABEL_OUT_OF_RANGE : APUS_STATUS_OK;
}

static int64_t chunks_of(const apus_cross_entropy_parameters *p) {
    return (p->samples + CHUNK_SAMPLES - 1) / CHUNK_SAMPLES;
}

static void run(cross_entropy_job *job, apus_loop_body body) {
    if (job->p->samples * job->p->classes < 16384)
        body(job, 0, chunks_of(job->p));
    else
        apus_parallel_for(chunks_of(job->p), body, job);
}

int64_t apus_cross_entropy_scratch_bytes(const apus_cross_entropy_parameters *p) { return chunks_of(p) * 8; }

int apus_cross_entropy(void *const *buffers, const void *parameters) {
    const apus_cross_entropy_parameters *p = parameters;
    cross_entropy_job job = {
        .p = p,
        .logits = buffers[0],
        .labels = buffers[1],
        .losses = buffers[2],
        .probabilities = buffers[3],
        .gradient = buffers[5],
        .partial_sums = buffers[6],
        .factor = 1.0 / (double)p->samples,
    };
    int status = check(&job);
    if (status) return status;
    run(&job, APUS_DISPATCH(cross_entropy_chunks));
    if (buffers[4]) {
        double sum = 0;
        for (int64_t i = 0; i < chunks_of(p); i++) sum += job.partial_sums[i];
        double mean = sum / (double)p->samples;
        if (p->type == APUS_FLOAT64)
            *(double *)buffers[4] = mean;
        else if (p->type == APUS_FLOAT32)
            *(float *)buffers[4] = (float)mean;
        else
            *(uint16_t *)buffers[4] = bfloat16_of_float((float)mean);
    }
    return APUS_STATUS_OK;
}

int apus_cross_entropy_gradient(void *const *buffers, const void *parameters) {
    const apus_cross_entropy_gradient_parameters *q = parameters;
    cross_entropy_job job = {
        .p = &q->loss,
        .q = q,
        .logits = buffers[0],
        .labels = buffers[1],
        .g = buffers[2],
        .gradient = buffers[3],
    };
    int status = check(&job);
    if (status) return status;
    run(&job, APUS_DISPATCH(cross_entropy_gradient_chunks));
    return APUS_STATUS_OK;
}
