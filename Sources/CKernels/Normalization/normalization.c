// Batch norm and layer norm: tasks, partial sums, statistics.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "normalization_common.h"

#define APUS_TEMPLATE "normalization_template.h"
#include "multiversion.h"

// The tables of all instruction sets have the same form.
typedef normalization_loops_baseline normalization_loops;

typedef struct {
    const apus_normalization_parameters *p;
    normalization_view view;
    const normalization_loops *loops;
    int64_t bytes;
    /// The whole tensors.
    normalization_rows all;
    const float *mean, *variance, *scale, *offset;
    float *row_mean, *row_factor;
    normalization_gate gate;
    normalization_finish finish;
    /// [parts][2][width], then [2][width] for the rest.
    double *partial_sums;
    /// By channel: mean and variance, or sum of d and of d*h.
    double *totals;
    /// By channel: 1/sqrt(variance + epsilon); factor, slope and offset of the gradient.
    float *constants;
    bool moments;
} normalization_job;

static const char *at(const void *base, int64_t elements, int64_t bytes) {
    return base ? (const char *)base + elements * bytes : NULL;
}

static void run(normalization_job *job, apus_loop_body body, int64_t tasks) {
    if (job->p->rows * job->p->channels < NORMALIZATION_SHARED)
        body(job, 0, tasks);
    else
        apus_parallel_for(tasks, body, job);
}

static normalization_job job_of(const apus_normalization_parameters *p) {
    return (normalization_job){
        .p = p,
        .view = normalization_view_of(p),
        .loops = APUS_DISPATCH(normalization_loops_of)(p->type),
        .bytes = p->type == APUS_BFLOAT16 ? 2 : 4,
    };
}

static bool supported(const apus_normalization_parameters *p) {
    return p->type == APUS_FLOAT32 || p->type == APUS_BFLOAT16;
}

bool apus_normalization_supports_mask(const apus_normalization_parameters *p) { return p->channels % 16 == 0; }

int64_t apus_normalization_mask_bytes(const apus_normalization_parameters *p) { return p->rows * p->channels / 8; }

/// Each section is a whole number of cache lines, so that none shares one with the next.
static int64_t whole_lines(int64_t bytes) { return (bytes + 63) / 64 * 64; }

int64_t apus_normalization_scratch_bytes(const apus_normalization_parameters *p) {
    normalization_view v = normalization_view_of(p);
    return whole_lines((v.parts + 1) * 2 * v.width * (int64_t)sizeof(double))
        + whole_lines(2 * p->channels * (int64_t)sizeof(double)) + 4 * p->channels * (int64_t)sizeof(float);
}

static void place_scratch(normalization_job *job, void *scratch) {
    const normalization_view *v = &job->view;
    char *next = scratch;
    job->partial_sums = scratch;
    next += whole_lines((v->parts + 1) * 2 * v->width * (int64_t)sizeof(double));
    job->totals = (double *)next;
    job->constants = (float *)(next + whole_lines(2 * job->p->channels * (int64_t)sizeof(double)));
}

/// `rows` rows of `width` elements, from element `element` on.
static normalization_rows rows_at(const normalization_job *job, int64_t element, int64_t rows, int64_t width,
                                  int64_t stride) {
    const normalization_rows *all = &job->all;
    int64_t bytes = job->bytes;
    return (normalization_rows){
        .x = at(all->x, element, bytes),
        .residual = at(all->residual, element, bytes),
        .g = at(all->g, element, bytes),
        .g2 = at(all->g2, element, bytes),
        .gate = job->gate == GATE_MASK ? at(all->gate, element / 8, 1) : at(all->gate, element, bytes),
        .mask = (uint8_t *)at(all->mask, element / 8, 1),
        .y = (char *)at(all->y, element, bytes),
        .dx = (char *)at(all->dx, element, bytes),
        .dresidual = (char *)at(all->dresidual, element, bytes),
        .stride = stride,
        .rows = rows,
        .width = width,
    };
}

// MARK: Channels

/// Copies `channels` values as often as fit into `width`.
static void repeat(float *values, int64_t channels, int64_t width) {
    for (int64_t j = channels; j < width; j++) values[j] = values[j - channels];
}

/// A strip's channels first..<first + width, of one row or of several in a group.
static void load_forward(const normalization_job *job, int64_t first, int64_t width, normalization_channels *c) {
    int64_t channels = normalization_minimum(width, job->p->channels);
    memcpy(c->mean, job->mean + first, (size_t)channels * sizeof(float));
    job->loops->factors(job->variance + first, job->p->epsilon, c->factor, channels);
    for (int64_t j = 0; j < channels; j++) {
        if (job->scale) c->factor[j] *= job->scale[first + j];
        c->offset[j] = job->offset ? job->offset[first + j] : 0;
    }
    repeat(c->mean, channels, width);
    repeat(c->factor, channels, width);
    repeat(c->offset, channels, width);
}

static void load_backward(const normalization_job *job, int64_t first, int64_t width, normalization_channels *c) {
    int64_t all = job->p->channels, channels = normalization_minimum(width, all);
    size_t bytes = (size_t)channels * sizeof(float);
    memcpy(c->mean, job->mean + first, bytes);
    memcpy(c->factor, job->constants + all + first, bytes);
    memcpy(c->slope, job->constants + 2 * all + first, bytes);
    memcpy(c->offset, job->constants + 3 * all + first, bytes);
    repeat(c->mean, channels, width);
    repeat(c->factor, channels, width);
    repeat(c->slope, channels, width);
    repeat(c->offset, channels, width);
}

// MARK: Sums over rows

static void sum_strip(const normalization_job *job, normalization_rows *rows, int64_t column, double *sums) {
    if (job->moments) {
        job->loops->moments(rows, sums, sums + job->view.width);
        return;
    }
    // A copy, since whole vectors of it are read; with rows in groups, as often as there are rows.
    _Alignas(64) float means[STRIP] = {0};
    if (job->gate != GATE_NONE_BY_ROW) {
        int64_t channels = normalization_minimum(rows->width, job->p->channels);
        memcpy(means, job->mean + column, (size_t)channels * sizeof(float));
        repeat(means, channels, rows->width);
    }
    job->loops->gradient_sums(rows, job->gate, means, sums, sums + job->view.width);
}

/// Task = part of the rows * strips + strip; the task after them all is the rest rows.
static void sum_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    const normalization_view *v = &job->view;
    for (int64_t task = first; task < last; task++) {
        bool rest = task == v->parts * v->strips;
        int64_t part = task / v->strips, column = task % v->strips * STRIP;
        int64_t row = rest ? v->rows : v->rows * part / v->parts;
        int64_t rows = rest ? v->rest : v->rows * (part + 1) / v->parts - row;
        int64_t width = rest ? job->p->channels : normalization_minimum(STRIP, v->width - column);
        normalization_rows strip = rows_at(job, row * v->width + column, rows, width,
                                           rest ? job->p->channels : v->width);
        if (job->row_mean) {
            strip.row_mean = job->row_mean + row;
            strip.row_factor = job->row_factor + row;
        }
        sum_strip(job, &strip, column, job->partial_sums + part * 2 * v->width + column);
    }
}

/// Channels of a task that joins partial sums.
enum { JOINED = 64 };

static void join_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    const normalization_view *v = &job->view;
    normalization_parts parts = {job->partial_sums, v->width, job->p->channels, v->group, v->parts, v->rest, v->rows};
    int64_t end = normalization_minimum(last * JOINED, job->p->channels);
    (job->moments ? job->loops->join_moments : job->loops->join_sums)(&parts, first * JOINED, end, job->totals,
                                                                      job->totals + job->p->channels);
}

/// The totals by channel.
static void sum_rows(normalization_job *job) {
    const normalization_view *v = &job->view;
    int64_t channels = job->p->channels, tasks = (channels + JOINED - 1) / JOINED;
    run(job, sum_tasks, v->parts * v->strips + (v->rest > 0));
    if (v->parts * channels < 4096)
        join_tasks(job, 0, tasks);
    else
        run(job, join_tasks, tasks);
}

int apus_moments(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.all.x = buffers[0];
    job.moments = true;
    place_scratch(&job, buffers[3]);
    float *mean = buffers[1], *variance = p->joined && mean ? mean + p->channels : p->joined ? NULL : buffers[2];
    sum_rows(&job);
    for (int64_t c = 0; c < p->channels; c++) {
        if (mean) mean[c] = (float)job.totals[c];
        if (variance) variance[c] = (float)job.totals[p->channels + c];
    }
    return APUS_STATUS_OK;
}

// MARK: Batch norm

/// Rows of a task of the loops that write rows.
static int64_t rows_of_task(const normalization_view *v) {
    return normalization_maximum(16, 16384 / normalization_maximum(1, normalization_minimum(v->width, STRIP)));
}

/// Task = strip * blocks of rows + block; the task after them all is the rest rows.
static void apply_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    const normalization_view *v = &job->view;
    int64_t block = rows_of_task(v), blocks = (v->rows + block - 1) / block;
    int64_t loaded = -1;
    bool forward = job->all.y;
    normalization_channels channels;
    for (int64_t task = first; task < last; task++) {
        // Neighbouring tasks share a strip, whose constants are loaded once.
        bool rest = task == blocks * v->strips;
        int64_t strip = rest ? 0 : task / blocks, row = rest ? v->rows : task % blocks * block;
        int64_t all = normalization_minimum(STRIP, v->width - strip * STRIP), width = rest ? job->p->channels : all;
        if (loaded != strip) {
            (forward ? load_forward : load_backward)(job, strip * STRIP, all, &channels);
            loaded = strip;
        }
        normalization_rows rows = rows_at(job, row * v->width + strip * STRIP,
                                          rest ? v->rest : normalization_minimum(block, v->rows - row), width,
                                          rest ? job->p->channels : v->width);
        if (forward)
            job->loops->apply(&rows, &channels, job->finish);
        else
            job->loops->gradient_apply(&rows, job->gate, &channels);
    }
}

static void apply(normalization_job *job) {
    const normalization_view *v = &job->view;
    int64_t block = rows_of_task(v);
    run(job, apply_tasks, (v->rows + block - 1) / block * v->strips + (v->rest > 0));
}

static bool supported_batch_norm(const apus_normalization_parameters *p) {
    return supported(p) && !(p->relu && p->masked && !apus_normalization_supports_mask(p));
}

int apus_batch_norm(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported_batch_norm(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.all.x = buffers[0];
    job.mean = buffers[1];
    job.variance = p->joined ? job.mean + p->channels : buffers[2];
    job.scale = buffers[3];
    job.offset = buffers[4];
    job.all.residual = buffers[5];
    job.all.y = buffers[6];
    job.all.mask = p->relu && p->masked ? buffers[7] : NULL;
    job.finish = job.all.mask ? FINISH_MASK : p->relu ? FINISH_RELU : FINISH_PLAIN;
    apply(&job);
    return APUS_STATUS_OK;
}

/// With the sums of d and d * (x - mean): dx = scale * r * (d - doffset/n - h * dscale/n) as
/// d * factor + (x - mean) * slope + offset.
static void finish_sums(normalization_job *job, float *dscale, float *doffset) {
    int64_t channels = job->p->channels;
    double one = 1.0 / (double)job->p->rows;
    float *r = job->constants, *factor = r + channels, *slope = factor + channels, *offset = slope + channels;
    job->loops->factors(job->variance, job->p->epsilon, r, channels);
    for (int64_t c = 0; c < channels; c++) {
        double sum = job->totals[c], product = job->totals[channels + c] * (double)r[c];
        double scaled = (job->scale ? (double)job->scale[c] : 1) * (double)r[c];
        factor[c] = (float)scaled;
        slope[c] = (float)(-scaled * (double)r[c] * product * one);
        offset[c] = (float)(-scaled * sum * one);
        if (doffset) doffset[c] = (float)sum;
        if (dscale) dscale[c] = (float)product;
    }
}

int apus_batch_norm_gradient(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported_batch_norm(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.all.x = buffers[0];
    job.all.g = buffers[1];
    job.mean = buffers[2];
    job.variance = p->joined ? job.mean + p->channels : buffers[3];
    job.scale = buffers[4];
    job.all.gate = p->relu ? buffers[5] : NULL;
    job.gate = !p->relu ? GATE_NONE : p->masked ? GATE_MASK : GATE_RESULT;
    job.all.g2 = buffers[6];
    float *dscale = buffers[8], *doffset = p->joined && dscale ? dscale + p->channels : p->joined ? NULL : buffers[9];
    job.all.dresidual = buffers[10];
    place_scratch(&job, buffers[11]);
    sum_rows(&job);
    finish_sums(&job, dscale, doffset);
    if (!buffers[7]) return APUS_STATUS_OK;
    job.all.dx = buffers[7];
    if (job.all.dresidual) {
        // What the first pass wrote is the gradient that counts.
        job.all.g = job.all.dresidual;
        job.all.g2 = job.all.gate = job.all.dresidual = NULL;
        job.gate = GATE_NONE;
    }
    apply(&job);
    return APUS_STATUS_OK;
}

// MARK: Layer norm

static void layer_forward_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    for (int64_t row = first; row < last; row++) {
        int64_t element = row * job->p->channels * job->bytes;
        float mean, factor;
        job->loops->layer_forward(at(job->all.x, element, 1), job->scale, job->offset,
                                  (char *)at(job->all.y, element, 1), job->p->channels, job->p->epsilon, &mean,
                                  &factor);
        if (job->row_mean) job->row_mean[row] = mean;
        if (job->row_factor) job->row_factor[row] = factor;
    }
}

int apus_layer_norm(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.all.x = buffers[0];
    job.scale = buffers[1];
    job.offset = buffers[2];
    job.all.y = buffers[3];
    job.row_mean = buffers[4];
    job.row_factor = buffers[5];
    run(&job, layer_forward_tasks, p->rows);
    return APUS_STATUS_OK;
}

static void layer_backward_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    for (int64_t row = first; row < last; row++) {
        int64_t element = row * job->p->channels * job->bytes;
        job->loops->layer_backward(at(job->all.x, element, 1), at(job->all.g, element, 1), job->scale,
                                   (char *)at(job->all.dx, element, 1), job->p->channels, job->row_mean[row],
                                   job->row_factor[row]);
    }
}

int apus_layer_norm_gradient(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.all.x = buffers[0];
    job.all.g = buffers[1];
    job.scale = buffers[2];
    job.row_mean = buffers[3];
    job.row_factor = buffers[4];
    job.all.dx = buffers[5];
    job.gate = GATE_NONE_BY_ROW;
    float *dscale = buffers[6], *doffset = buffers[7];
    if (dscale || doffset) {
        // Rows have statistics of their own, so they are not grouped.
        normalization_view *v = &job.view;
        v->group = 1;
        v->rows = p->rows;
        v->width = p->channels;
        v->rest = 0;
        v->strips = (v->width + STRIP - 1) / STRIP;
        v->parts = normalization_minimum(v->parts, normalization_maximum(1, v->rows / 32));
        place_scratch(&job, buffers[8]);
        sum_rows(&job);
        for (int64_t c = 0; c < p->channels; c++) {
            if (doffset) doffset[c] = (float)job.totals[c];
            if (dscale) dscale[c] = (float)job.totals[p->channels + c];
        }
    }
    // Last, since dx may replace g or x.
    if (job.all.dx) run(&job, layer_backward_tasks, p->rows);
    return APUS_STATUS_OK;
}
