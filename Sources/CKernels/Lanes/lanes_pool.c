// Maximum and average pooling of any window in the lanes layout. A task is one channel of one block.
#include "lanes_common.h"

typedef struct {
    int64_t rows, columns;
} pool_size;

static pool_size pool_size_of(const apus_lanes_pool_parameters *p) {
    int64_t height = p->height + p->pad_top + p->pad_bottom - p->window_height;
    int64_t width = p->width + p->pad_left + p->pad_right - p->window_width;
    if (height < 0 || width < 0) return (pool_size){0, 0};
    return (pool_size){height / p->stride_height + 1, width / p->stride_width + 1};
}

/// The part of a window that lies on the image.
typedef struct {
    int64_t top, bottom, left, right;
} pool_window;

static inline pool_window window_at(const apus_lanes_pool_parameters *p, int64_t row, int64_t column) {
    int64_t top = row * p->stride_height - p->pad_top, left = column * p->stride_width - p->pad_left;
    return (pool_window){
        lanes_maximum(top, 0),
        lanes_minimum(top + p->window_height, p->height),
        lanes_maximum(left, 0),
        lanes_minimum(left + p->window_width, p->width),
    };
}

#define APUS_TEMPLATE "lanes_pool_template.h"
#include "multiversion.h"

typedef struct {
    const apus_lanes_pool_parameters *p;
    pool_size size;
    /// Planes of the image's size, or of the result's; by kernel.
    const float *x, *g;
    float *result;
    /// Floats of a plane of `x`, of `g`, of `result`.
    int64_t x_plane, g_plane, result_plane;
    void (*plane)(const apus_lanes_pool_parameters *, pool_size, const float *x, const float *g, float *result);
} pool_job;

static void pool_planes(void *context, int64_t first, int64_t last) {
    const pool_job *job = context;
    for (int64_t i = first; i < last; i++)
        job->plane(job->p, job->size, job->x ? job->x + i * job->x_plane : NULL,
                   job->g ? job->g + i * job->g_plane : NULL, job->result + i * job->result_plane);
}

static int run(pool_job job, const apus_lanes_pool_parameters *p) {
    int64_t image = p->height * p->width * ELEMENT;
    job.p = p;
    job.size = pool_size_of(p);
    job.x_plane = image;
    job.g_plane = job.size.rows * job.size.columns * ELEMENT;
    job.result_plane = job.g ? image : job.g_plane;
    apus_parallel_for(lanes_divide_up(p->samples, APUS_LANES_BLOCK) * p->channels, pool_planes, &job);
    return 0;
}

int apus_lanes_max_pool(void *const *buffers, const void *parameters) {
    pool_job job = {.x = buffers[0], .result = buffers[1], .plane = APUS_DISPATCH(max_pool)};
    return run(job, parameters);
}

int apus_lanes_max_pool_gradient(void *const *buffers, const void *parameters) {
    pool_job job = {.x = buffers[0], .g = buffers[1], .result = buffers[2], .plane = APUS_DISPATCH(max_pool_gradient)};
    return run(job, parameters);
}

int apus_lanes_average_pool(void *const *buffers, const void *parameters) {
    pool_job job = {.x = buffers[0], .result = buffers[1], .plane = APUS_DISPATCH(average_pool)};
    return run(job, parameters);
}

int apus_lanes_average_pool_gradient(void *const *buffers, const void *parameters) {
    pool_job job = {.g = buffers[0], .result = buffers[1], .plane = APUS_DISPATCH(average_pool_gradient)};
    return run(job, parameters);
}
