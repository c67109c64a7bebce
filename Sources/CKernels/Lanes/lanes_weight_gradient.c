// Gradient of kernel and bias: dw[ky][kx][i][o] = Σ x[i][row + ky][column + kx] · g[o][row][column], db[o] = Σ g[o].
//
// Blocks fall into at most 8 groups, output channels into tiles; a task is one tile of channels over one group, and
// leaves the group's partial sums in scratch. At the end the partial sums are added in the order of the groups.
#include "lanes_gradient.h"

/// The elements that one register tile runs over. Strides are in floats.
typedef struct {
    const float *x, *g;
    /// From one tap to the next: one element, or a channel where taps are input channels (1×1 kernels).
    int64_t x_tap;
    int64_t x_row, g_row, g_channel, rows, columns;
} weight_tile;

#define APUS_TEMPLATE "lanes_weight_gradient_template.h"
#include "multiversion.h"

/// A padded strip and an expanded gradient that share the first-level cache.
#define STRIP_BYTES 40960
#define EXPANDED_BYTES 40960

typedef struct {
    lanes_geometry geometry;
    lanes_bands bands;
    int64_t groups, out_tiles, most_outs;
    /// Result rows that are expanded at a time.
    int64_t rows_expanded;
    int64_t expanded_bytes, slot_bytes, partial_bytes;
} weight_plan;

/// Output channels of a tile: 4 wherever registers allow it; the plan must not depend on the instruction set.
static weight_plan plan_of(const apus_lanes_convolution_parameters *p) {
    weight_plan plan = {.geometry = lanes_geometry_of(p)};
    const lanes_geometry *g = &plan.geometry;
    plan.groups = lanes_minimum(g->blocks, 8);
    plan.out_tiles = lanes_divide_up(p->channels_out, 4);
    plan.most_outs = lanes_divide_up(p->channels_out, lanes_maximum(plan.out_tiles, 1));
    plan.bands = lanes_bands_of(p, g, STRIP_BYTES);
    if (!g->padded) plan.bands.count = plan.bands.count ? 1 : 0;
    int64_t row_bytes = plan.most_outs * g->pool * g->columns * ELEMENT * (int64_t)sizeof(float);
    plan.rows_expanded = lanes_minimum(lanes_maximum(EXPANDED_BYTES / lanes_maximum(row_bytes, 1), 1),
                                       lanes_maximum(g->rows_out, 1));
    plan.expanded_bytes = plan.rows_expanded * row_bytes;
    plan.slot_bytes = plan.bands.strip_bytes + plan.expanded_bytes;
    int64_t weights = p->kernel_height * p->kernel_width * p->channels_in * p->channels_out;
    plan.partial_bytes = lanes_round_up((weights + p->channels_out) * (int64_t)sizeof(float), 64);
    return plan;
}

int64_t lanes_weight_gradient_scratch_bytes(const apus_lanes_convolution_parameters *p) {
    weight_plan plan = plan_of(p);
    return plan.groups * plan.partial_bytes + plan.groups * plan.out_tiles * plan.slot_bytes;
}

typedef struct {
    const apus_lanes_convolution_parameters *p;
    weight_plan plan;
    const float *x, *g;
    const uint16_t *masks;
    float *dw, *db;
    char *scratch;
    void (*expand)(const lanes_geometry *, const float *g, const uint16_t *masks, int64_t channels, int64_t rows,
                   float *dense, float *sums);
    void (*sum_channels)(const float *g, int64_t channels, int64_t stride, int64_t elements, float *sums);
    void (*taps)(const apus_lanes_convolution_parameters *, const weight_tile *, int64_t x_channel, int64_t outs,
                 float *dw);
} weight_job;

/// The output channels `first_out..<last_out`, of tile boundaries, over one band of one block.
static void add_band(const weight_job *job, int64_t block, int64_t band, int64_t first_tile, int64_t last_tile,
                     float *strip, float *expanded, float *partial) {
    const apus_lanes_convolution_parameters *p = job->p;
    const lanes_geometry *g = &job->plan.geometry;
    int64_t row = lanes_part(g->rows_out, job->plan.bands.count, band);
    int64_t rows = lanes_part(g->rows_out, job->plan.bands.count, band + 1) - row;
    int64_t plane = g->rows_out * g->columns_out;
    int64_t weights = p->kernel_height * p->kernel_width * p->channels_in * p->channels_out;
    const float *x = job->dw ? job->x + block * p->channels_in * p->height * p->width * ELEMENT : NULL;
    int64_t x_row = p->width * ELEMENT, x_channel = p->height * x_row;
    if (x && g->padded) {
        int64_t strip_rows = rows * g->pool + p->kernel_height - 1;
        lanes_copy_strip(p, x, row * g->pool, strip_rows, strip);
        x = strip;
        x_row = g->padded_width * ELEMENT;
        x_channel = strip_rows * x_row;
    } else if (x) {
        x += row * g->pool * x_row;
    }
    int64_t step = job->masks ? job->plan.rows_expanded : rows;
    for (int64_t tile = first_tile; tile < last_tile; tile++) {
        int64_t out = lanes_part(p->channels_out, job->plan.out_tiles, tile);
        int64_t outs = lanes_part(p->channels_out, job->plan.out_tiles, tile + 1) - out;
        for (int64_t done = 0; done < rows; done += step) {
            int64_t count = lanes_minimum(step, rows - done);
            int64_t at = (block * p->channels_out + out) * plane + (row + done) * g->columns_out;
            weight_tile t = {
                .x = x ? x + done * g->pool * x_row : NULL,
                .g = job->g + at * ELEMENT,
                .x_row = x_row,
                .g_row = g->columns * ELEMENT,
                .g_channel = plane * ELEMENT,
                .rows = count * g->pool,
                .columns = g->columns,
            };
            float *sums = job->db ? partial + weights + out : NULL;
            if (job->masks) {
                job->expand(g, t.g, job->masks + at * g->positions, outs, count, expanded, sums);
                t.g = expanded;
                t.g_channel = t.rows * t.g_row;
            } else if (sums) {
                job->sum_channels(t.g, outs, t.g_channel, t.rows * t.columns, sums);
            }
            if (job->dw) job->taps(p, &t, x_channel, outs, partial + out);
        }
    }
}

static void weight_tasks(void *context, int64_t first, int64_t last) {
    const weight_job *job = context;
    const weight_plan *plan = &job->plan;
    const apus_lanes_convolution_parameters *p = job->p;
    char *slot = job->scratch + plan->groups * plan->partial_bytes + first * plan->slot_bytes;
    int64_t taps = p->kernel_height * p->kernel_width * p->channels_in;
    while (first < last) {
        // As many tiles of one group as are ours: they share the padded strip.
        int64_t group = first / plan->out_tiles, first_tile = first % plan->out_tiles;
        int64_t last_tile = lanes_minimum(plan->out_tiles, first_tile + last - first);
        float *partial = (float *)(job->scratch + group * plan->partial_bytes);
        int64_t out = lanes_part(p->channels_out, plan->out_tiles, first_tile);
        int64_t outs = lanes_part(p->channels_out, plan->out_tiles, last_tile) - out;
        for (int64_t row = 0; row <= taps; row++)  // the last row: the bias
            memset(partial + row * p->channels_out + out, 0, (size_t)outs * sizeof(float));
        int64_t last_block = lanes_part(plan->geometry.blocks, plan->groups, group + 1);
        for (int64_t block = lanes_part(plan->geometry.blocks, plan->groups, group); block < last_block; block++)
            for (int64_t band = 0; band < plan->bands.count; band++)
                add_band(job, block, band, first_tile, last_tile, (float *)slot,
                         (float *)(slot + plan->bands.strip_bytes), partial);
        first += last_tile - first_tile;
    }
}

#define COMBINED 4096

/// Adds the partial sums of `COMBINED` results a task.
static void combine_tasks(void *context, int64_t first, int64_t last) {
    const weight_job *job = context;
    const apus_lanes_convolution_parameters *p = job->p;
    int64_t weights = p->kernel_height * p->kernel_width * p->channels_in * p->channels_out;
    int64_t from = first * COMBINED, to = lanes_minimum(last * COMBINED, weights + p->channels_out);
    float *sums = (float *)job->scratch;
    for (int64_t group = 1; group < job->plan.groups; group++) {
        const float *more = (const float *)(job->scratch + group * job->plan.partial_bytes);
#pragma clang loop vectorize(assume_safety)
        for (int64_t i = from; i < to; i++) sums[i] += more[i];
    }
    int64_t to_weights = lanes_minimum(to, weights), from_bias = lanes_maximum(from, weights);
    if (job->dw && from < to_weights) memcpy(job->dw + from, sums + from, (size_t)(to_weights - from) * sizeof(float));
    if (job->db && from_bias < to)
        memcpy(job->db + from_bias - weights, sums + from_bias, (size_t)(to - from_bias) * sizeof(float));
}

void lanes_weight_gradient(const apus_lanes_convolution_parameters *p, const float *x, const float *g,
                           const uint16_t *masks, float *dw, float *db, char *scratch) {
    weight_job job = {
        .p = p,
        .plan = plan_of(p),
        .x = x,
        .g = g,
        .masks = masks,
        .dw = dw,
        .db = db,
        .scratch = scratch,
        .expand = APUS_DISPATCH(expand),
        .sum_channels = APUS_DISPATCH(sum_channels),
        .taps = APUS_DISPATCH(weight_taps),
    };
    job.plan.rows_expanded = APUS_DISPATCH(rows_of)(job.plan.rows_expanded);
    int64_t results = p->kernel_height * p->kernel_width * p->channels_in * p->channels_out + p->channels_out;
    if (job.plan.groups <= 0) {  // no samples
        if (dw) memset(dw, 0, (size_t)(results - p->channels_out) * sizeof(float));
        if (db) memset(db, 0, (size_t)p->channels_out * sizeof(float));
        return;
    }
    apus_parallel_for(job.plan.groups * job.plan.out_tiles, weight_tasks, &job);
    apus_parallel_for(lanes_divide_up(results, COMBINED), combine_tasks, &job);
}
