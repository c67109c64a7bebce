// A direct convolution of any stride, padding, dilation and groups: loops whose innermost one runs over channels, which
// the compiler vectorizes. Every task owns its results, and adds terms in a fixed order.
#include "apus_convolution_direct.h"

#include <string.h>

/// Channels of results that are accumulated together.
enum { CHANNEL_BLOCK = 64 };

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t out_size(int64_t size, int64_t before, int64_t after, int64_t kernel, int64_t stride, int64_t dilation) {
    int64_t room = size + before + after - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

int64_t apus_direct_convolution_height(const apus_direct_convolution_parameters *p) {
    return out_size(p->height, p->pad_top, p->pad_bottom, p->kernel_height, p->stride_height, p->dilation_height);
}

int64_t apus_direct_convolution_width(const apus_direct_convolution_parameters *p) {
    return out_size(p->width, p->pad_left, p->pad_right, p->kernel_width, p->stride_width, p->dilation_width);
}

typedef struct {
    const apus_direct_convolution_parameters *p;
    int64_t out_height, out_width;
    /// Input and output channels of a group.
    int64_t in, out;
    const void *x, *w, *bias, *g;
    void *y;
} convolution_job;

#define APUS_TEMPLATE "convolution_direct_template.h"
#include "multiversion.h"

static convolution_job job_of(const apus_direct_convolution_parameters *p) {
    return (convolution_job){
        .p = p,
        .out_height = apus_direct_convolution_height(p),
        .out_width = apus_direct_convolution_width(p),
        .in = p->channels_in / p->groups,
        .out = p->channels_out / p->groups,
    };
}

static bool supported(const apus_direct_convolution_parameters *p) {
    return (p->type == APUS_FLOAT32 || p->type == APUS_FLOAT64) && p->groups > 0 && p->channels_in % p->groups == 0
        && p->channels_out % p->groups == 0;
}

static void run(convolution_job *job, apus_loop_body body, int64_t tasks) {
    const apus_direct_convolution_parameters *p = job->p;
    int64_t work = p->samples * job->out_height * job->out_width * p->channels_out * p->kernel_height * p->kernel_width
        * job->in;
    if (work < 65536)
        body(job, 0, tasks);
    else
        apus_parallel_for(tasks, body, job);
}

#define CHOOSE(name) (p->type == APUS_FLOAT32 ? APUS_DISPATCH(name##_float32) : APUS_DISPATCH(name##_float64))

int apus_direct_convolution(void *const *buffers, const void *parameters) {
    const apus_direct_convolution_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    convolution_job job = job_of(p);
    job.x = buffers[0];
    job.w = buffers[1];
    job.bias = buffers[2];
    job.y = buffers[3];
    run(&job, CHOOSE(forward_tasks), p->samples * job.out_height);
    return APUS_STATUS_OK;
}

int apus_direct_convolution_gradient_x(void *const *buffers, const void *parameters) {
    const apus_direct_convolution_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    convolution_job job = job_of(p);
    job.g = buffers[0];
    job.w = buffers[1];
    job.y = buffers[2];
    run(&job, CHOOSE(gradient_x_tasks), p->samples * p->height);
    return APUS_STATUS_OK;
}

int apus_direct_convolution_gradient_w(void *const *buffers, const void *parameters) {
    const apus_direct_convolution_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    convolution_job job = job_of(p);
    job.x = buffers[0];
    job.g = buffers[1];
    job.y = buffers[2];
    run(&job, CHOOSE(gradient_w_tasks), p->kernel_height * p->kernel_width * job.in);
    return APUS_STATUS_OK;
}
