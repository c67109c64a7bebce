// Softmax, log-softmax and their gradients along an axis.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "softmax_common.h"

// Where a CPU has no vectors for one of the loops, plain code is right.
#pragma clang diagnostic ignored "-Wpass-failed"

#define APUS_TEMPLATE "softmax_template.h"
#include "multiversion.h"

typedef struct {
    const apus_softmax_parameters *p;
    const char *x, *g;
    char *y;
    /// One line block: `columns` lines [axis, columns] whose elements are `inner` apart.
    void (*forward)(const apus_softmax_parameters *, const void *x, void *y, int64_t columns);
    void (*backward)(const apus_softmax_parameters *, const void *y, const void *g, void *dx, int64_t columns);
} softmax_job;

/// Task = outer index * column blocks + column block.
static void softmax_tasks(void *context, int64_t first, int64_t last) {
    const softmax_job *job = context;
    const apus_softmax_parameters *p = job->p;
    int64_t bytes = softmax_type_bytes(p->type), blocks = (p->inner + SOFTMAX_COLUMNS - 1) / SOFTMAX_COLUMNS;
    for (int64_t task = first; task < last; task++) {
        int64_t column = task % blocks * SOFTMAX_COLUMNS;
        int64_t columns = softmax_minimum(SOFTMAX_COLUMNS, p->inner - column);
        int64_t at = (task / blocks * p->axis * p->inner + column) * bytes;
        if (job->g)
            job->backward(p, job->x + at, job->g + at, job->y + at, columns);
        else
            job->forward(p, job->x + at, job->y + at, columns);
    }
}

static int run(softmax_job *job) {
    const apus_softmax_parameters *p = job->p;
    if (p->type != APUS_FLOAT32 && p->type != APUS_BFLOAT16 && p->type != APUS_FLOAT64) return APUS_STATUS_UNSUPPORTED;
    if (p->axis == 0) return APUS_STATUS_OK;
    job->forward = APUS_DISPATCH(softmax_lines);
    job->backward = APUS_DISPATCH(softmax_gradient_lines);
    int64_t tasks = p->outer * ((p->inner + SOFTMAX_COLUMNS - 1) / SOFTMAX_COLUMNS);
    if (p->outer * p->axis * p->inner < 16384)
        softmax_tasks(job, 0, tasks);
    else
        apus_parallel_for(tasks, softmax_tasks, job);
    return APUS_STATUS_OK;
}

int apus_softmax(void *const *buffers, const void *parameters) {
    softmax_job job = {.p = parameters, .x = buffers[0], .y = buffers[1]};
    return run(&job);
}

int apus_softmax_gradient(void *const *buffers, const void *parameters) {
    softmax_job job = {.p = parameters, .x = buffers[0], .g = buffers[1], .y = buffers[2]};
    return run(&job);
}
