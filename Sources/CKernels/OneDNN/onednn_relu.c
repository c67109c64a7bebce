// ReLU after the library's convolutions: the library's own takes NaN for a number below 0.
#include <string.h>

#include "onednn_relu.h"

#define APUS_TEMPLATE "onednn_relu_template.h"
#include "multiversion.h"

/// Elements of a task: they stay in the first cache.
enum { TASK = 8192 };

typedef struct {
    char *result;
    int64_t count;
    int32_t type;
} relu_job;

static void relu_tasks(void *context, int64_t first, int64_t last) {
    const relu_job *job = context;
    int64_t from = first * TASK, to = last * TASK < job->count ? last * TASK : job->count;
    if (job->type == APUS_BFLOAT16)
        APUS_DISPATCH(onednn_relu_bfloat16)((uint16_t *)job->result + from, to - from);
    else
        APUS_DISPATCH(onednn_relu_float32)((float *)job->result + from, to - from);
}

void onednn_relu(void *result, int64_t count, int32_t type) {
    relu_job job = {result, count, type};
    apus_parallel_for((count + TASK - 1) / TASK, relu_tasks, &job);
}
