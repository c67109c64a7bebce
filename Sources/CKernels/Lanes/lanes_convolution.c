// Convolution in the lanes layout, with bias, ReLU and 2×2 max pooling in the registers' epilogue.
#include "lanes_common.h"

/// Everything that stays the same while the tiles of a convolution are computed. Strides are in floats.
typedef struct {
    int64_t channels_in, kernel_height, kernel_width;
    int64_t x_row, x_channel;
    /// From one weight tap, one input channel to the next.
    int64_t w_tap, w_channel;
    int64_t y_channel, mask_channel;
    int32_t relu;
} convolution_constants;

/// Where one tile lies.
typedef struct {
    const float *x, *w, *bias;
    float *y;
    uint16_t *masks;
    /// Which part of the 16 lanes, if a register holds fewer.
    int part;
} convolution_tile;

#define APUS_TEMPLATE "lanes_convolution_template.h"
#include "multiversion.h"

/// Padded strips up to this size share the first-level cache with weights and results.
#define STRIP_BYTES 40960

typedef struct {
    const apus_lanes_convolution_parameters *p;
    lanes_geometry geometry;
    lanes_bands bands;
    int64_t chunks;
    const float *x, *w, *bias;
    float *y;
    uint16_t *masks;
    char *scratch;
    void (*band)(const apus_lanes_convolution_parameters *, const lanes_geometry *, const convolution_constants *,
                 const float *x, const float *w, const float *bias, float *y, uint16_t *masks, int64_t rows);
} convolution_job;

static void convolution_chunks(void *context, int64_t first_chunk, int64_t last_chunk) {
    const convolution_job *job = context;
    const apus_lanes_convolution_parameters *p = job->p;
    const lanes_geometry *g = &job->geometry;
    int64_t tasks = g->blocks * job->bands.count;
    float *strip = (float *)(job->scratch + first_chunk * job->bands.strip_bytes);
    int64_t last = lanes_part(tasks, job->chunks, last_chunk);
    for (int64_t task = lanes_part(tasks, job->chunks, first_chunk); task < last; task++) {
        int64_t block = task / job->bands.count, band = task % job->bands.count;
        int64_t row = lanes_part(g->rows_out, job->bands.count, band);
        int64_t rows = lanes_part(g->rows_out, job->bands.count, band + 1) - row;
        const float *x = job->x + block * p->channels_in * p->height * p->width * ELEMENT;
        convolution_constants constants = {
            .channels_in = p->channels_in,
            .kernel_height = p->kernel_height,
            .kernel_width = p->kernel_width,
            .x_row = p->width * ELEMENT,
            .x_channel = p->height * p->width * ELEMENT,
            .w_tap = p->channels_in * p->channels_out,
            .w_channel = p->channels_out,
            .y_channel = g->rows_out * g->columns_out * ELEMENT,
            .mask_channel = g->rows_out * g->columns_out * g->positions,
            .relu = p->relu,
        };
        if (g->padded) {
            int64_t strip_rows = rows * g->pool + p->kernel_height - 1;
            lanes_copy_strip(p, x, row * g->pool, strip_rows, strip);
            x = strip;
            constants.x_row = g->padded_width * ELEMENT;
            constants.x_channel = strip_rows * constants.x_row;
        } else {
            x += row * g->pool * constants.x_row;
        }
        int64_t at = block * p->channels_out * g->rows_out * g->columns_out + row * g->columns_out;
        job->band(p, g, &constants, x, job->w, job->bias, job->y + at * ELEMENT,
                  job->masks ? job->masks + at * g->positions : NULL, rows);
    }
}

int64_t apus_lanes_convolution_mask_bytes(const apus_lanes_convolution_parameters *p) {
    if (!p->relu && !p->pool) return 0;
    lanes_geometry g = lanes_geometry_of(p);
    return g.blocks * p->channels_out * g.rows_out * g.columns_out * g.positions * (int64_t)sizeof(uint16_t);
}

static int64_t chunks_of(const lanes_geometry *g, const lanes_bands *bands) {
    return lanes_minimum(g->blocks * bands->count, LANES_MAXIMUM_CHUNKS);
}

int64_t apus_lanes_convolution_scratch_bytes(const apus_lanes_convolution_parameters *p) {
    lanes_geometry g = lanes_geometry_of(p);
    lanes_bands bands = lanes_bands_of(p, &g, STRIP_BYTES);
    return chunks_of(&g, &bands) * bands.strip_bytes;
}

int apus_lanes_convolution(void *const *buffers, const void *parameters) {
    const apus_lanes_convolution_parameters *p = parameters;
    convolution_job job = {
        .p = p,
        .geometry = lanes_geometry_of(p),
        .x = buffers[0],
        .w = buffers[1],
        .bias = buffers[2],
        .y = buffers[3],
        .masks = buffers[4],
        .scratch = buffers[5],
        .band = APUS_DISPATCH(convolution_band),
    };
    job.bands = lanes_bands_of(p, &job.geometry, STRIP_BYTES);
    job.chunks = chunks_of(&job.geometry, &job.bands);
    if (job.masks && !p->relu && !p->pool) job.masks = NULL;
    apus_parallel_for(job.chunks, convolution_chunks, &job);
    return 0;
}
