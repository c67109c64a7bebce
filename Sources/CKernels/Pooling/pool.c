// Pooling: entry points; rows of results (or samples and blocks of channels) are the tasks.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "pool_common.h"

#define APUS_TEMPLATE "pool_template.h"
#include "multiversion.h"

/// Elements touched below which one thread does all.
enum { SHARED_ELEMENTS = 32768 };

typedef void (*pool_row)(const pool_job *, int64_t sample, int64_t row);
typedef void (*pool_sample)(const pool_job *, int64_t sample, int64_t first, int64_t last);

typedef struct {
    pool_job job;
    int64_t rows;
    pool_row row;
    pool_sample sample;
} pool_run;

static void row_tasks(void *context, int64_t first, int64_t last) {
    const pool_run *run = context;
    for (int64_t task = first; task < last; task++) run->row(&run->job, task / run->rows, task % run->rows);
}

static void sample_tasks(void *context, int64_t first, int64_t last) {
    const pool_run *run = context;
    const pool_job *job = &run->job;
    for (int64_t task = first; task < last; task++) {
        int64_t channel = task % job->channel_blocks * job->channel_block;
        run->sample(job, task / job->channel_blocks, channel,
                    pool_minimum(channel + job->channel_block, job->p->channels));
    }
}

int64_t apus_pool_height(const apus_pool_parameters *p) {
    return pool_out(p->height, p->pad_top, p->pad_bottom, p->window_height, p->stride_height);
}

int64_t apus_pool_width(const apus_pool_parameters *p) {
    return pool_out(p->width, p->pad_left, p->pad_right, p->window_width, p->stride_width);
}

static bool overlaps(const apus_pool_parameters *p) {
    return p->window_height > p->stride_height || p->window_width > p->stride_width;
}

int64_t apus_pool_gradient_scratch_bytes(const apus_pool_parameters *p) {
    if (p->type != APUS_BFLOAT16 || !overlaps(p)) return 0;
    return p->samples * p->height * p->width * p->channels * (int64_t)sizeof(float);
}

static pool_run run_of(const apus_pool_parameters *p) {
    pool_run run = {.job = {.p = p, .out_height = apus_pool_height(p), .out_width = apus_pool_width(p)}};
    run.rows = run.job.out_height;
    return run;
}

static bool supported(const apus_pool_parameters *p) {
    return (p->type == APUS_FLOAT32 || p->type == APUS_BFLOAT16 || p->type == APUS_FLOAT64)
        && p->pad_top < p->window_height && p->pad_bottom < p->window_height && p->pad_left < p->window_width
        && p->pad_right < p->window_width && p->pad_top >= 0 && p->pad_bottom >= 0 && p->pad_left >= 0
        && p->pad_right >= 0;
}

static void go(pool_run *run, apus_loop_body body, int64_t tasks) {
    const apus_pool_parameters *p = run->job.p;
    if (p->samples * p->height * p->width * p->channels < SHARED_ELEMENTS)
        body(run, 0, tasks);
    else
        apus_parallel_for(tasks, body, run);
}

#define POOL_CHOOSE(name)                                              \
    (p->type == APUS_FLOAT32    ? APUS_DISPATCH(name##_float32)        \
     : p->type == APUS_BFLOAT16 ? APUS_DISPATCH(name##_bfloat16)       \
                                : APUS_DISPATCH(name##_float64))

int apus_max_pool(void *const *buffers, const void *parameters) {
    const apus_pool_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    pool_run run = run_of(p);
    run.job.x = buffers[0];
    run.job.y = buffers[1];
    run.row = POOL_CHOOSE(max_pool_row);
    go(&run, row_tasks, p->samples * run.rows);
    return APUS_STATUS_OK;
}

int apus_max_pool_select(void *const *buffers, const void *parameters) {
    const apus_pool_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    pool_run run = run_of(p);
    run.job.x = buffers[0];
    run.job.v = buffers[1];
    run.job.y = buffers[2];
    run.row = POOL_CHOOSE(max_pool_select_row);
    go(&run, row_tasks, p->samples * run.rows);
    return APUS_STATUS_OK;
}

int apus_max_pool_gradient(void *const *buffers, const void *parameters) {
    const apus_pool_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    pool_run run = run_of(p);
    pool_job *job = &run.job;
    job->x = buffers[0];
    job->g = buffers[1];
    job->dx = buffers[2];
    job->sums = buffers[3];
    if (job->out_height == 0 || job->out_width == 0) {
        int64_t bytes = p->type == APUS_FLOAT64 ? 8 : p->type == APUS_FLOAT32 ? 4 : 2;
        memset(job->dx, 0, (size_t)(p->samples * p->height * p->width * p->channels * bytes));
    } else if (overlaps(p)) {
        // Few samples: blocks of channels too, so that there is work for many threads.
        run.sample = POOL_CHOOSE(max_pool_add);
        job->channel_block = p->samples >= 16 ? p->channels : 64;
        job->channel_blocks = job->channel_block ? (p->channels + job->channel_block - 1) / job->channel_block : 0;
        go(&run, sample_tasks, p->samples * job->channel_blocks);
    } else {
        run.row = POOL_CHOOSE(max_pool_spread_row);
        go(&run, row_tasks, p->samples * run.rows);
    }
    return APUS_STATUS_OK;
}

static bool supported_indexed(const apus_pool_parameters *p) {
    return supported(p) && p->window_height * p->window_width <= 256;
}

int apus_max_pool_indexed(void *const *buffers, const void *parameters) {
    const apus_pool_parameters *p = parameters;
    if (!supported_indexed(p)) return APUS_STATUS_UNSUPPORTED;
    pool_run run = run_of(p);
    run.job.x = buffers[0];
    run.job.y = buffers[1];
    run.job.taps = buffers[2];
    if (p->height == 0 || p->width == 0) {
        // Windows of nothing but padding have no position.
        memset(run.job.taps, 0, (size_t)(p->samples * run.job.out_height * run.job.out_width * p->channels));
        return apus_max_pool(buffers, parameters);
    }
    run.row = POOL_CHOOSE(max_pool_indexed_row);
    go(&run, row_tasks, p->samples * run.rows);
    return APUS_STATUS_OK;
}

int apus_max_pool_indexed_gradient(void *const *buffers, const void *parameters) {
    const apus_pool_parameters *p = parameters;
    if (!supported_indexed(p)) return APUS_STATUS_UNSUPPORTED;
    pool_run run = run_of(p);
    run.job.g = buffers[0];
    run.job.taps = buffers[1];
    run.job.dx = buffers[2];
    // Without any window, gathering gives the zeros.
    if (overlaps(p) || run.job.out_height == 0 || run.job.out_width == 0) {
        run.row = POOL_CHOOSE(max_pool_gather_row);
        run.rows = p->height;
    } else {
        run.row = POOL_CHOOSE(max_pool_indexed_spread_row);
    }
    go(&run, row_tasks, p->samples * run.rows);
    return APUS_STATUS_OK;
}

int apus_average_pool(void *const *buffers, const void *parameters) {
    const apus_pool_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    pool_run run = run_of(p);
    run.job.x = buffers[0];
    run.job.y = buffers[1];
    run.row = POOL_CHOOSE(average_pool_row);
    go(&run, row_tasks, p->samples * run.rows);
    return APUS_STATUS_OK;
}

int apus_average_pool_gradient(void *const *buffers, const void *parameters) {
    const apus_pool_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    pool_run run = run_of(p);
    run.job.g = buffers[0];
    run.job.dx = buffers[1];
    run.row = POOL_CHOOSE(average_pool_gradient_row);
    run.rows = p->height;
    go(&run, row_tasks, p->samples * p->height);
    return APUS_STATUS_OK;
}
