// Gradient of the input: dx[i][row][column] = Σ g[o][row + pad_top - ky][column + pad_left - kx] · w[ky][kx][i][o].
//
// A task is a band of input rows of one block. The kernel is first copied so that tiles read it from front to back.
#include "lanes_gradient.h"

/// What one register tile needs. Strides are in floats.
typedef struct {
    /// The gradient at the tile's first column, in the row that the first kernel row meets; each further kernel row
    /// meets the gradient row above.
    const float *g;
    int64_t g_channel, g_row;
    /// The copied kernel `[out][kernel_height][taps][ins]`, at the first kernel row that meets the image.
    const float *w;
    int64_t w_channel;
    int64_t channels_out, kernel_rows;
    /// The sums in memory: the tile adds `columns + taps - 1` elements in each of `ins` channels.
    float *sums;
    int64_t sums_channel;
} input_tile;

/// How kernel taps and input channels are cut into tiles. Depends on the register count of the instruction set.
typedef struct {
    int64_t pieces, most_ins;
} input_cut;

/// One band of input rows.
typedef struct {
    const float *g;
    int64_t g_channel, g_row;
    /// Convolution rows from which g is there, and up to which.
    int64_t first_row, last_row;
    float *dx;
    int64_t row, rows;
    /// A row of sums: `[2][padded_width][16]`.
    float *sums;
} input_band;

#define APUS_TEMPLATE "lanes_input_gradient_template.h"
#include "multiversion.h"

/// Expanded gradients up to this size stay in the second-level cache.
#define EXPANDED_BYTES 131072

typedef struct {
    lanes_geometry geometry;
    int64_t bands, chunks;
    int64_t weight_bytes, expanded_bytes, sums_bytes, slot_bytes;
} input_plan;

/// The result rows whose gradient the input rows `row..<row + rows` need.
static void needed_rows(const apus_lanes_convolution_parameters *p, const lanes_geometry *g, int64_t row, int64_t rows,
                        int64_t *first, int64_t *last) {
    int64_t top = lanes_maximum(row + p->pad_top - p->kernel_height + 1, 0);
    int64_t bottom = lanes_minimum(row + rows - 1 + p->pad_top, g->rows - 1) + 1;
    *first = lanes_minimum(top, g->rows) / g->pool;
    *last = lanes_maximum(lanes_divide_up(lanes_maximum(bottom, 0), g->pool), *first);
}

static input_plan plan_of(const apus_lanes_convolution_parameters *p) {
    input_plan plan = {.geometry = lanes_geometry_of(p)};
    const lanes_geometry *g = &plan.geometry;
    if (g->blocks <= 0 || p->height <= 0 || p->width <= 0) return plan;
    int64_t row_bytes = p->channels_out * g->columns * ELEMENT * (int64_t)sizeof(float);
    int64_t fitting = EXPANDED_BYTES / lanes_maximum(row_bytes, 1) - p->kernel_height - 1;
    int64_t bands = lanes_maximum(lanes_divide_up(8, g->blocks), lanes_divide_up(p->height, lanes_maximum(fitting, 4)));
    plan.bands = lanes_minimum(bands, p->height);
    plan.chunks = lanes_minimum(g->blocks * plan.bands, LANES_MAXIMUM_CHUNKS);
    // The rows a band needs, one more at each end where a window is cut.
    int64_t rows = lanes_divide_up(p->height, plan.bands) + p->kernel_height - 1 + 2 * (g->pool - 1);
    if (p->relu || p->pool) plan.expanded_bytes = lanes_minimum(rows, lanes_maximum(g->rows, 0)) * row_bytes;
    plan.sums_bytes = 2 * g->padded_width * ELEMENT * (int64_t)sizeof(float);
    plan.slot_bytes = plan.expanded_bytes + plan.sums_bytes;
    int64_t weights = p->kernel_height * p->kernel_width * p->channels_in * p->channels_out;
    plan.weight_bytes = lanes_round_up(weights * (int64_t)sizeof(float), 64);
    return plan;
}

int64_t lanes_input_gradient_scratch_bytes(const apus_lanes_convolution_parameters *p) {
    input_plan plan = plan_of(p);
    return plan.weight_bytes + plan.chunks * plan.slot_bytes;
}

typedef struct {
    const apus_lanes_convolution_parameters *p;
    input_plan plan;
    input_cut cut;
    const float *g;
    const uint16_t *masks;
    float *dx;
    char *scratch;
    void (*expand)(const lanes_geometry *, const float *g, const uint16_t *masks, int64_t channels, int64_t rows,
                   float *dense, float *sums);
    void (*band)(const apus_lanes_convolution_parameters *, const lanes_geometry *, input_cut, const float *w,
                 const input_band *);
} input_job;

/// Copies the kernel to `[channel pair][piece of kernel columns][out][kernel_height][taps][ins]`.
static void copy_kernel(const apus_lanes_convolution_parameters *p, input_cut cut, const float *w, float *copy) {
    int64_t groups = lanes_divide_up(p->channels_in, cut.most_ins);
    for (int64_t group = 0; group < groups; group++) {
        int64_t in = lanes_part(p->channels_in, groups, group), last_in = lanes_part(p->channels_in, groups, group + 1);
        for (int64_t piece = 0; piece < cut.pieces; piece++) {
            int64_t tap = lanes_part(p->kernel_width, cut.pieces, piece);
            int64_t last_tap = lanes_part(p->kernel_width, cut.pieces, piece + 1);
            for (int64_t out = 0; out < p->channels_out; out++)
                for (int64_t ky = 0; ky < p->kernel_height; ky++)
                    for (int64_t kx = tap; kx < last_tap; kx++)
                        for (int64_t i = in; i < last_in; i++)
                            *copy++ = w[((ky * p->kernel_width + kx) * p->channels_in + i) * p->channels_out + out];
        }
    }
}

static void input_chunks(void *context, int64_t first_chunk, int64_t last_chunk) {
    const input_job *job = context;
    const input_plan *plan = &job->plan;
    const apus_lanes_convolution_parameters *p = job->p;
    const lanes_geometry *g = &plan->geometry;
    char *slot = job->scratch + plan->weight_bytes + first_chunk * plan->slot_bytes;
    float *expanded = (float *)(slot + plan->sums_bytes);
    int64_t tasks = g->blocks * plan->bands, plane = g->rows_out * g->columns_out;
    int64_t last = lanes_part(tasks, job->plan.chunks, last_chunk);
    for (int64_t task = lanes_part(tasks, job->plan.chunks, first_chunk); task < last; task++) {
        int64_t block = task / plan->bands, index = task % plan->bands;
        int64_t row = lanes_part(p->height, plan->bands, index), end = lanes_part(p->height, plan->bands, index + 1);
        int64_t first_row, last_row;
        needed_rows(p, g, row, end - row, &first_row, &last_row);
        int64_t at = block * p->channels_out * plane + first_row * g->columns_out;
        input_band band = {
            .g = job->g + at * ELEMENT,
            .g_channel = plane * ELEMENT,
            .g_row = g->columns * ELEMENT,
            .first_row = first_row * g->pool,
            .last_row = last_row * g->pool,
            .dx = job->dx + block * p->channels_in * p->height * p->width * ELEMENT,
            .row = row,
            .rows = end - row,
            .sums = (float *)slot,
        };
        if (job->masks) {
            job->expand(g, band.g, job->masks + at * g->positions, p->channels_out, last_row - first_row, expanded,
                        NULL);
            band.g = expanded;
            band.g_channel = (last_row - first_row) * g->pool * band.g_row;
        }
        job->band(p, g, job->cut, (const float *)job->scratch, &band);
    }
}

void lanes_input_gradient(const apus_lanes_convolution_parameters *p, const float *w, const float *g,
                          const uint16_t *masks, float *dx, char *scratch) {
    input_job job = {
        .p = p,
        .plan = plan_of(p),
        .g = g,
        .masks = masks,
        .dx = dx,
        .scratch = scratch,
        .expand = APUS_DISPATCH(expand),
        .band = APUS_DISPATCH(input_rows),
    };
    job.cut = APUS_DISPATCH(cut_of)(p);
    copy_kernel(p, job.cut, w, (float *)scratch);
    apus_parallel_for(job.plan.chunks, input_chunks, &job);
}
