// The index of the first maximum or minimum along an axis.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "reduce_common.h"

#define APUS_TEMPLATE "reduce_argmax_template.h"
#include "multiversion.h"

typedef struct {
    const apus_argmax_parameters *p;
    const char *x;
    char *y;
    void (*line)(const apus_argmax_parameters *, const char *x, int64_t *indices, int64_t columns);
} argmax_job;

enum { ARGMAX_COLUMNS = 64 };

static void store_indices(const argmax_job *job, const int64_t *indices, int64_t at, int64_t count) {
    if (job->p->index_type == APUS_INT64)
        memcpy((int64_t *)job->y + at, indices, (size_t)count * 8);
    else
        for (int64_t i = 0; i < count; i++) ((int32_t *)job->y)[at + i] = (int32_t)indices[i];
}

/// Task = outer index * column blocks + column block.
static void argmax_tasks(void *context, int64_t first, int64_t last) {
    const argmax_job *job = context;
    const apus_argmax_parameters *p = job->p;
    int64_t bytes = reduce_type_bytes(p->type), blocks = reduce_divide_up(p->inner, ARGMAX_COLUMNS);
    int64_t indices[ARGMAX_COLUMNS];
    for (int64_t task = first; task < last; task++) {
        int64_t outer = task / blocks, column = task % blocks * ARGMAX_COLUMNS;
        int64_t columns = reduce_minimum(ARGMAX_COLUMNS, p->inner - column);
        job->line(p, job->x + (outer * p->axis * p->inner + column) * bytes, indices, columns);
        store_indices(job, indices, outer * p->inner + column, columns);
    }
}

int apus_argmax(void *const *buffers, const void *parameters) {
    const apus_argmax_parameters *p = parameters;
    if (p->axis <= 0 || p->type < 0 || p->type > APUS_BOOL) return APUS_STATUS_UNSUPPORTED;
    argmax_job job = {p, buffers[0], buffers[1], APUS_DISPATCH(argmax_line)};
    int64_t tasks = p->outer * reduce_divide_up(p->inner, ARGMAX_COLUMNS);
    if (p->outer * p->axis * p->inner < 16384)
        argmax_tasks(&job, 0, tasks);
    else
        apus_parallel_for(tasks, argmax_tasks, &job);
    return APUS_STATUS_OK;
}
