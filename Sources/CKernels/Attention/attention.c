// Attention in blocks that stay in the L2 cache: the weights of 64 queries for 128 keys exist at a time, transposed, so
// that sums and maxima over keys run along the lanes of queries. Dao et al. (2022), Dao (2023).
//
// Forward, a task is a block of queries of one head: block after block of keys, the largest product so far and the sum of
// exponentials are kept for each query, and what was added up is scaled when a larger one comes (Milakov & Gimelshein,
// 2018). Backward, a task is a head of keys and values with all its queries: weights are computed again from the
// logarithms of the sums. So each result is added up by one task, in an order that depends on the shape only.

#include "apus_attention.h"
#include "gemm_shape.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    // Queries of a block: whole vectors of each kind.
    ATTENTION_QUERIES = 64,
    // Keys of a block: long sums over keys, while the weights are 32 kilobytes.
    ATTENTION_KEYS = 128,
    // The least multiplications that are worth a second thread.
    ATTENTION_SPLIT = 200000,
};

/// A call in progress.
typedef struct {
    const apus_attention_parameters *p;
    const float *q, *k, *v;
    /// Bytes or floats, as the parameters say.
    const void *mask;
    float *y;
    const float *g;
    float *statistics;
    float *dq, *dk, *dv;
    /// Whether statistics are there already.
    bool is_known;
    int64_t tasks, workers;
    float *scratch;
    int64_t scratch_size;
} attention_job;

#define APUS_TEMPLATE "attention_template.h"
#include "multiversion.h"

/// The scratch of a worker, in floats: packed queries, weights, numbers of each query.
static int64_t forward_size(const apus_attention_parameters *p) {
    return (p->size + ATTENTION_KEYS + 4) * ATTENTION_QUERIES;
}

/// Packed queries and gradients, weights and their gradients, numbers of each query.
static int64_t gradient_size(const apus_attention_parameters *p) {
    return (p->size + p->depth + 2 * ATTENTION_KEYS + 4) * ATTENTION_QUERIES;
}

static bool splits(const apus_attention_parameters *p) {
    return p->samples * p->heads * p->queries * p->keys * (p->size + p->depth) >= ATTENTION_SPLIT;
}

int64_t apus_attention_scratch_bytes(const apus_attention_parameters *p) {
    return (splits(p) ? p->threads : 1) * forward_size(p) * (int64_t)sizeof(float);
}

int64_t apus_attention_gradient_scratch_bytes(const apus_attention_parameters *p) {
    return (splits(p) ? p->threads : 1) * gradient_size(p) * (int64_t)sizeof(float);
}

/// Does the tasks, with as many workers as there is scratch for.
static void run(attention_job *job, apus_loop_body body) {
    int64_t threads = splits(job->p) ? gemm_least(job->p->threads, apus_thread_count()) : 1;
    job->workers = gemm_least(threads, job->tasks);
    apus_parallel_for(job->workers, body, job);
}

int apus_attention(void *const *buffers, const void *parameters) {
    const apus_attention_parameters *p = parameters;
    attention_job job = {.p = p,
                         .q = buffers[0],
                         .k = buffers[1],
                         .v = buffers[2],
                         .y = buffers[3],
                         .statistics = buffers[4],
                         .tasks = p->samples * p->heads * gemm_ceiling(p->queries, ATTENTION_QUERIES),
                         .scratch = buffers[5],
                         .mask = buffers[6],
                         .scratch_size = forward_size(p)};
    if (p->depth > 0) run(&job, APUS_DISPATCH(attention_forward));
    return 0;
}

int apus_attention_gradient(void *const *buffers, const void *parameters) {
    const apus_attention_parameters *p = parameters;
    attention_job job = {.p = p,
                         .q = buffers[0],
                         .k = buffers[1],
                         .v = buffers[2],
                         .y = buffers[3],
                         .g = buffers[4],
                         .statistics = buffers[5],
                         .dq = buffers[6],
                         .dk = buffers[7],
                         .dv = buffers[8],
                         .is_known = buffers[5] != NULL,
                         .tasks = p->samples * p->groups,
                         .scratch = buffers[9],
                         .mask = buffers[10],
                         .scratch_size = gradient_size(p)};
    run(&job, APUS_DISPATCH(attention_backward));
    return 0;
}
