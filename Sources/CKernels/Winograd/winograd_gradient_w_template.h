// The gradient to the kernel for one instruction set.

#include "vector_math.h"
#include "movement_vectors.h"
#include "winograd_maps.h"
#include "winograd_tiles.h"
#include "winograd_multiply.h"

// MARK: Tiles

/// A g A^T of a vector of `lanes` channels of a tile, at[16], to one vector at each point, `stride` apart.
MATH_INLINE void APUS_FN(winograd_gradient_vector)(const char *const *at, int64_t channel, int64_t lanes, float *to,
                                                   int64_t stride, const bool bfloat16) {
#define FROM(i, j) APUS_FN(winograd_load_pixel)(at[(i) * 4 + (j)], channel, lanes, bfloat16)
#define TO(i, j, value) vstore(to + ((i) * 6 + (j)) * stride, value)
    WINOGRAD_MAP_BOTH(APUS_FN(winograd_map_gradient), FROM, 4, TO, 6);
#undef FROM
#undef TO
}

MATH_INLINE void APUS_FN(winograd_gradient_tiles_of)(const winograd_gradient_job *job, int64_t tile, int64_t tiles,
                                                     winograd_range channels, winograd_tensor d, const bool bfloat16) {
    const winograd_geometry *g = &job->geometry;
    const char *pixels[2][WINOGRAD_TILE * WINOGRAD_TILE];
    winograd_tile_pixels(g, job->gradient, tile, job->zeros, pixels[0]);
    for (int64_t i = 0; i < tiles; i++, d.at += channels.last - channels.first) {
        const char **at = pixels[i % 2], **next = pixels[(i + 1) % 2];
        winograd_tile_pixels(g, job->gradient, gemm_least(tile + i + 1, g->tiles - 1), job->zeros, next);
        for (int64_t channel = channels.first; channel < channels.last; channel += APUS_LANES) {
            APUS_FN(winograd_prefetch)(next, WINOGRAD_TILE * WINOGRAD_TILE, channel, bfloat16);
            float *to = d.at + channel - channels.first;
            if (channel + APUS_LANES <= g->out)
                APUS_FN(winograd_gradient_vector)(at, channel, APUS_LANES, to, d.stride, bfloat16);
            else
                APUS_FN(winograd_gradient_vector)(at, channel, g->out - channel, to, d.stride, bfloat16);
        }
    }
}

/// Some tiles of the gradient, to d[36][tiles][columns]: the channels of a panel of `out`.
static void APUS_FN(winograd_gradient_tiles)(const winograd_gradient_job *job, int64_t tile, int64_t tiles,
                                             winograd_range channels, winograd_tensor d) {
    if (job->geometry.bfloat16)
        APUS_FN(winograd_gradient_tiles_of)(job, tile, tiles, channels, d, true);
    else
        APUS_FN(winograd_gradient_tiles_of)(job, tile, tiles, channels, d, false);
}

// MARK: Result

/// The sum of the partial sums of a vector of products, in their order.
MATH_INLINE vfloat APUS_FN(winograd_sum)(const float *from, int64_t parts, int64_t part_stride) {
    vfloat sum = vload(from);
    for (int64_t part = 1; part < parts; part++) sum += vload(from + part * part_stride);
    return sum;
}

/// G^T m G: some rows of a panel of dw from their products m[36][rows][columns], sums of `parts`.
static void APUS_FN(winograd_kernel_gradient)(const winograd_gradient_job *job, winograd_range rows,
                                              winograd_range channels, winograd_tensor m, int64_t parts,
                                              int64_t part_stride) {
    const winograd_geometry *g = &job->geometry;
    int64_t end = gemm_least(channels.last, g->out), tap_stride = g->in * g->out;
    for (int64_t row = rows.first; row < gemm_least(rows.last, g->in); row++, m.at += channels.last - channels.first) {
        for (int64_t channel = channels.first; channel < end; channel += APUS_LANES) {
            float *to = job->dw + row * g->out + channel;
            for (int tap = 0; tap < 9; tap++) __builtin_prefetch(to + tap * tap_stride + 4 * g->out, 1);
            const float *from = m.at + channel - channels.first;
            int64_t lanes = gemm_least(end - channel, APUS_LANES);
#define FROM(i, j) APUS_FN(winograd_sum)(from + ((i) * 6 + (j)) * m.stride, parts, part_stride)
#define TO(i, j, value) vstore_first(to + ((i) * 3 + (j)) * tap_stride, value, lanes)
            WINOGRAD_MAP_BOTH(APUS_FN(winograd_map_kernel_products), FROM, 6, TO, 3);
#undef FROM
#undef TO
        }
    }
}

// MARK: Tasks

/// The products of a panel of dw, summed over a part of the tiles: blocks of them, in L2. The result too if there is
/// one part. `repeats`: the scratch is that of a panel with the same input channels, so it holds their single block.
static void APUS_FN(winograd_part)(const winograd_gradient_job *job, int64_t panel, int64_t part, bool repeats,
                                   float *scratch) {
    const winograd_geometry *g = &job->geometry;
    const winograd_gradient_plan *plan = &job->plan;
    winograd_range rows = winograd_row_panel(job, panel), channels = winograd_column_panel(job, panel);
    int64_t row_count = rows.last - rows.first, columns = channels.last - channels.first;
    int64_t blocks = gemm_part(plan->blocks, part + 1, plan->parts);
    winograd_tensor m = {plan->parts > 1 ? job->products + (panel * plan->parts + part) * plan->products_size : scratch,
                         row_count * columns + WINOGRAD_GAP};
    scratch += plan->parts > 1 ? 0 : plan->products_size;
    APUS_FN(winograd_product) product = {
        .rows = row_count,
        .columns = columns,
        .a_row_stride = 1,
        .a_column_stride = row_count,
        .b_row_stride = columns,
        .c_row_stride = columns,
    };
    for (int64_t block = gemm_part(plan->blocks, part, plan->parts); block < blocks; block++) {
        int64_t first = gemm_part(g->tiles, block, plan->blocks);
        int64_t tiles = gemm_part(g->tiles, block + 1, plan->blocks) - first;
        winograd_tensor v = {scratch, tiles * row_count + WINOGRAD_GAP};
        winograd_tensor d = {scratch + WINOGRAD_POINTS * v.stride, tiles * columns + WINOGRAD_GAP};
        if (!repeats) APUS_FN(winograd_patches)(g, job->x, first, tiles, rows, job->zeros, v.at, row_count, v.stride);
        APUS_FN(winograd_gradient_tiles)(job, first, tiles, channels, d);
        product.k = tiles;
        for (int64_t point = 0; point < WINOGRAD_POINTS; point++)
            APUS_FN(winograd_multiply)(&product, v.at + point * v.stride, d.at + point * d.stride,
                                       m.at + point * m.stride);
        product.adds = true;
    }
    if (plan->parts == 1) APUS_FN(winograd_kernel_gradient)(job, rows, channels, m, 1, 0);
}

/// One part of the panels of a group.
static void APUS_FN(winograd_part_task)(const void *context, int64_t task, float *scratch) {
    const winograd_gradient_job *job = context;
    const winograd_gradient_plan *plan = &job->plan;
    int64_t part = task % plan->parts, group = task / plan->parts % plan->groups;
    int64_t panels = job->geometry.panels, row = task / plan->parts / plan->groups * panels;
    int64_t first = gemm_part(panels, group, plan->groups);
    for (int64_t column = first; column < gemm_part(panels, group + 1, plan->groups); column++)
        APUS_FN(winograd_part)(job, row + column, part, column > first, scratch);
}

/// Some rows of a panel of dw from the partial sums.
static void APUS_FN(winograd_finish_task)(const void *context, int64_t task, float *unused) {
    const winograd_gradient_job *job = context;
    const winograd_gradient_plan *plan = &job->plan;
    (void)unused;
    int64_t panel = task / (WINOGRAD_PANEL / WINOGRAD_ROUND), piece = task % (WINOGRAD_PANEL / WINOGRAD_ROUND);
    winograd_range rows = winograd_row_panel(job, panel), channels = winograd_column_panel(job, panel);
    int64_t columns = channels.last - channels.first, stride = (rows.last - rows.first) * columns + WINOGRAD_GAP;
    winograd_tensor m = {job->products + panel * plan->parts * plan->products_size + piece * WINOGRAD_ROUND * columns,
                         stride};
    rows.first += piece * WINOGRAD_ROUND;
    rows.last = gemm_least(rows.first + WINOGRAD_ROUND, rows.last);
    APUS_FN(winograd_kernel_gradient)(job, rows, channels, m, plan->parts, plan->products_size);
}

static void APUS_FN(winograd_gradient_run)(const winograd_gradient_job *job) {
    const winograd_gradient_plan *plan = &job->plan;
    int64_t panels = plan->row_panels * job->geometry.panels;
    winograd_for(APUS_FN(winograd_part_task), job, plan->row_panels * plan->groups * plan->parts, job->threads,
                 job->workers, plan->worker_size);
    if (plan->parts > 1)
        winograd_for(APUS_FN(winograd_finish_task), job, panels * (WINOGRAD_PANEL / WINOGRAD_ROUND), job->threads, NULL,
                     0);
}
