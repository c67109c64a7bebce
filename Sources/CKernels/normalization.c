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
    normalization_images images;
    const char *residual;
    const float *mean, *variance, *scale, *offset;
    char *y;
    /// Of the forward pass.
    uint8_t *mask;
    float *row_mean, *row_factor;
    /// Of the gradient: sum of g and of g*h by channel.
    const double *totals;
    /// [parts][2][width], then [2][width] for the rest.
    double *partial_sums;
    bool moments;
} normalization_job;

static void *at(const void *base, int64_t elements, int64_t bytes) {
    return base ? (char *)base + elements * bytes : NULL;
}

/// The images from an element on, which is a multiple of 8 if there is a mask.
static normalization_images images_at(const normalization_job *job, int64_t element) {
    const normalization_images *all = &job->images;
    return (normalization_images){
        .x = at(all->x, element, job->bytes), .g = at(all->g, element, job->bytes),
        .g2 = at(all->g2, element, job->bytes), .y = at(all->y, element, job->bytes),
        .mask = all->mask ? all->mask + element / 8 : NULL, .dx = at(all->dx, element, job->bytes),
        .dresidual = at(all->dresidual, element, job->bytes),
    };
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

int64_t apus_normalization_scratch_bytes(const apus_normalization_parameters *p) {
    normalization_view v = normalization_view_of(p);
    return ((v.parts + 1) * 2 * v.width + 2 * p->channels) * (int64_t)sizeof(double);
}

bool apus_normalization_supports_mask(const apus_normalization_parameters *p) { return p->channels % 16 == 0; }

int64_t apus_normalization_mask_bytes(const apus_normalization_parameters *p) { return p->rows * p->channels / 8; }

/// The second row of [2, channels] where statistics are joined, else a buffer of its own.
static float *second(const apus_normalization_parameters *p, const float *first, void *buffer) {
    return !p->joined ? buffer : first ? (float *)first + p->channels : NULL;
}

// MARK: Channels

static void load_statistics(const normalization_job *job, int64_t first, int64_t width, normalization_channels *c) {
    for (int64_t j = 0; j < width; j++) {
        int64_t channel = (first + j) % job->p->channels;
        c->mean[j] = job->mean[channel];
        c->factor[j] = (float)(1.0 / sqrt((double)job->variance[channel] + job->p->epsilon));
    }
}

static void load_forward(const normalization_job *job, int64_t first, int64_t width, normalization_channels *c) {
    load_statistics(job, first, width, c);
    for (int64_t j = 0; j < width; j++) {
        int64_t channel = (first + j) % job->p->channels;
        if (job->scale) c->factor[j] *= job->scale[channel];
        c->offset[j] = job->offset ? job->offset[channel] : 0;
    }
}

static void load_backward(const normalization_job *job, int64_t first, int64_t width, normalization_channels *c) {
    int64_t channels = job->p->channels;
    double n = (double)job->p->rows;
    load_statistics(job, first, width, c);
    for (int64_t j = 0; j < width; j++) {
        int64_t channel = (first + j) % channels;
        double r = (double)c->factor[j], scale = job->scale ? (double)job->scale[channel] : 1;
        c->factor[j] = (float)(scale * r);
        c->offset[j] = (float)(-scale * r * job->totals[channel] / n);
        c->slope[j] = (float)(-scale * r * r * job->totals[channels + channel] / n);
    }
}

// MARK: Sums over rows

/// Task = part of the rows * strips + strip.
static void sum_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    const normalization_view *v = &job->view;
    normalization_channels channels;
    for (int64_t task = first; task < last; task++) {
        int64_t part = task / v->strips, column = task % v->strips * STRIP;
        int64_t row = v->rows * part / v->parts, rows = v->rows * (part + 1) / v->parts - row;
        int64_t width = normalization_minimum(STRIP, v->width - column), element = row * v->width + column;
        double *sums = job->partial_sums + part * 2 * v->width + column;
        if (job->moments) {
            job->loops->moments(at(job->images.x, element, job->bytes), v->width, rows, width, sums, sums + v->width);
            continue;
        }
        if (!job->row_mean) load_statistics(job, column, width, &channels);
        normalization_images images = images_at(job, element);
        job->loops->gradient_sums(&images, v->width, rows, width, &channels,
                                  job->row_mean ? job->row_mean + row : NULL,
                                  job->row_mean ? job->row_factor + row : NULL, sums, sums + v->width);
    }
}

/// All partial sums; the rest rows on the calling thread.
static void sum_rows(normalization_job *job) {
    const normalization_view *v = &job->view;
    run(job, sum_tasks, v->parts * v->strips);
    if (!v->rest) return;
    int64_t channels = job->p->channels, element = v->rows * v->width;
    double *sums = job->partial_sums + v->parts * 2 * v->width;
    if (job->moments) {
        job->loops->moments(at(job->images.x, element, job->bytes), channels, v->rest, channels, sums, sums + v->width);
    } else {
        normalization_channels c;
        load_statistics(job, 0, channels, &c);
        normalization_images images = images_at(job, element);
        job->loops->gradient_sums(&images, channels, v->rest, channels, &c, NULL, NULL, sums, sums + v->width);
    }
}

/// The totals of the partial sums of channel `channel`, in fixed order.
static void total(const normalization_job *job, int64_t channel, double *sum, double *product) {
    const normalization_view *v = &job->view;
    *sum = *product = 0;
    for (int64_t part = 0; part <= v->parts; part++) {
        const double *sums = job->partial_sums + part * 2 * v->width;
        int64_t group = part < v->parts ? v->group : v->rest > 0;
        for (int64_t i = 0; i < group; i++) {
            *sum += sums[i * job->p->channels + channel];
            *product += sums[v->width + i * job->p->channels + channel];
        }
    }
}

int apus_moments(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.images.x = buffers[0];
    job.partial_sums = buffers[3];
    job.moments = true;
    float *mean = buffers[1], *variance = second(p, mean, buffers[2]);
    sum_rows(&job);
    const normalization_view *v = &job.view;
    for (int64_t c = 0; c < p->channels; c++) {
        // Chan's formula again, over parts and groups.
        double m = 0, squares = 0, count = 0;
        for (int64_t part = 0; part <= v->parts; part++) {
            const double *sums = job.partial_sums + part * 2 * v->width;
            bool whole = part < v->parts;
            double rows = (double)(whole ? v->rows * (part + 1) / v->parts - v->rows * part / v->parts : v->rest);
            if (rows == 0) continue;
            for (int64_t i = 0; i < (whole ? v->group : 1); i++) {
                double difference = sums[i * p->channels + c] - m, weight = rows / (count + rows);
                squares += sums[v->width + i * p->channels + c] + difference * difference * count * weight;
                m += difference * weight;
                count += rows;
            }
        }
        if (mean) mean[c] = (float)m;
        if (variance) variance[c] = (float)(squares / count);
    }
    return APUS_STATUS_OK;
}

// MARK: Batch norm

/// Rows of a task of the loops that write rows.
static int64_t rows_of_task(const normalization_view *v) {
    return normalization_maximum(16, 16384 / normalization_maximum(1, normalization_minimum(v->width, STRIP)));
}

static void forward_rows(const normalization_job *job, int64_t element, int64_t rows, int64_t width, int64_t stride,
                         const normalization_channels *c) {
    job->loops->apply(at(job->images.x, element, job->bytes), at(job->residual, element, job->bytes),
                      job->y + element * job->bytes, job->mask ? job->mask + element / 8 : NULL, stride, rows, width, c,
                      job->p->relu != 0);
}

static void backward_rows(const normalization_job *job, int64_t element, int64_t rows, int64_t width, int64_t stride,
                          const normalization_channels *c) {
    normalization_images images = images_at(job, element);
    job->loops->gradient_apply(&images, stride, rows, width, c);
}

/// Task = block of rows * strips + strip; the task after them all is the rest rows.
static void apply_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    const normalization_view *v = &job->view;
    int64_t block = rows_of_task(v), blocks = (v->rows + block - 1) / block;
    int64_t loaded = -1;
    normalization_channels channels;
    for (int64_t task = first; task < last; task++) {
        // Neighbouring tasks share a strip, whose constants are loaded once.
        bool rest = task == blocks * v->strips;
        int64_t strip = rest ? 0 : task / blocks, row = rest ? v->rows : task % blocks * block;
        int64_t width = rest ? job->p->channels : normalization_minimum(STRIP, v->width - strip * STRIP);
        int64_t rows = rest ? v->rest : normalization_minimum(block, v->rows - row);
        if (loaded != strip) {
            int64_t all = normalization_minimum(STRIP, v->width - strip * STRIP);
            job->totals ? load_backward(job, strip * STRIP, all, &channels)
                        : load_forward(job, strip * STRIP, all, &channels);
            loaded = strip;
        }
        int64_t element = row * v->width + strip * STRIP, stride = rest ? job->p->channels : v->width;
        job->totals ? backward_rows(job, element, rows, width, stride, &channels)
                    : forward_rows(job, element, rows, width, stride, &channels);
    }
}

static void apply(normalization_job *job) {
    const normalization_view *v = &job->view;
    int64_t block = rows_of_task(v);
    run(job, apply_tasks, (v->rows + block - 1) / block * v->strips + (v->rest > 0));
}

int apus_batch_norm(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    bool masked = p->relu && p->masked && buffers[7];
    if (masked && !apus_normalization_supports_mask(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.images.x = buffers[0];
    job.mean = buffers[1];
    job.variance = second(p, job.mean, buffers[2]);
    job.scale = buffers[3];
    job.offset = buffers[4];
    job.residual = buffers[5];
    job.y = buffers[6];
    job.mask = masked ? buffers[7] : NULL;
    apply(&job);
    return APUS_STATUS_OK;
}

int apus_batch_norm_gradient(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    if (p->relu && p->masked && !apus_normalization_supports_mask(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.mean = buffers[2];
    job.variance = second(p, job.mean, buffers[3]);
    job.scale = buffers[4];
    job.partial_sums = buffers[11];
    job.images = (normalization_images){
        .x = buffers[0], .g = buffers[1], .g2 = buffers[6], .y = p->relu && !p->masked ? buffers[5] : NULL,
        .mask = p->relu && p->masked ? buffers[5] : NULL, .dx = buffers[7], .dresidual = buffers[10],
    };
    float *dscale = buffers[8], *doffset = second(p, dscale, buffers[9]);
    sum_rows(&job);
    double *totals = job.partial_sums + (job.view.parts + 1) * 2 * job.view.width;
    for (int64_t c = 0; c < p->channels; c++) {
        total(&job, c, &totals[c], &totals[p->channels + c]);
        if (doffset) doffset[c] = (float)totals[c];
        if (dscale) dscale[c] = (float)totals[p->channels + c];
    }
    job.totals = totals;
    if (!job.images.dx) return APUS_STATUS_OK;
    // The first pass has written what the second one needs of the gradients.
    if (job.images.dresidual)
        job.images = (normalization_images){.x = job.images.x, .g = job.images.dresidual, .dx = job.images.dx};
    apply(&job);
    return APUS_STATUS_OK;
}

// MARK: Layer norm

static void layer_forward_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    for (int64_t row = first; row < last; row++) {
        int64_t element = row * job->p->channels * job->bytes;
        float mean, factor;
        job->loops->layer_forward((const char *)job->images.x + element, job->scale, job->offset, job->y + element, job->p->channels,
                                  job->p->epsilon, &mean, &factor);
        if (job->row_mean) job->row_mean[row] = mean;
        if (job->row_factor) job->row_factor[row] = factor;
    }
}

int apus_layer_norm(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.images.x = buffers[0];
    job.scale = buffers[1];
    job.offset = buffers[2];
    job.y = buffers[3];
    job.row_mean = buffers[4];
    job.row_factor = buffers[5];
    run(&job, layer_forward_tasks, p->rows);
    return APUS_STATUS_OK;
}

static void layer_backward_tasks(void *context, int64_t first, int64_t last) {
    const normalization_job *job = context;
    for (int64_t row = first; row < last; row++) {
        int64_t element = row * job->p->channels * job->bytes;
        job->loops->layer_backward((const char *)job->images.x + element, (const char *)job->images.g + element, job->scale, (char *)job->images.dx + element, job->p->channels,
                                   job->row_mean[row], job->row_factor[row]);
    }
}

int apus_layer_norm_gradient(void *const *buffers, const void *parameters) {
    const apus_normalization_parameters *p = parameters;
    if (!supported(p)) return APUS_STATUS_UNSUPPORTED;
    normalization_job job = job_of(p);
    job.images.x = buffers[0];
    job.images.g = buffers[1];
    job.scale = buffers[2];
    job.row_mean = buffers[3];
    job.row_factor = buffers[4];
    job.images.dx = buffers[5];
    job.partial_sums = buffers[8];
    float *dscale = buffers[6], *doffset = buffers[7];
    if (dscale || doffset) {
        // Rows have statistics of their own, so they are not grouped.
        normalization_view *v = &job.view;
        v->group = 1;
        v->rows = p->rows;
        v->width = p->channels;
        v->rest = 0;
        v->parts = normalization_minimum(v->parts, normalization_maximum(1, v->rows / 32));
        sum_rows(&job);
        for (int64_t c = 0; c < p->channels; c++) {
            double sum, product;
            total(&job, c, &sum, &product);
            if (doffset) doffset[c] = (float)sum;
            if (dscale) dscale[c] = (float)product;
        }
    }
    // Last, since dx may replace g or x.
    if (job.images.dx) run(&job, layer_backward_tasks, p->rows);
    return APUS_STATUS_OK;
}
