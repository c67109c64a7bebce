// The Winograd convolution for one instruction set: forward, and the gradient to the input.

#include "vector_math.h"
#include "movement_vectors.h"
#include "gemm_pack.h"
#include "winograd_maps.h"
#include "winograd_tiles.h"
#include "winograd_multiply.h"

// MARK: Kernel

/// G g G^T of one row of a panel: `taps` points to the first of 9, `tap_stride` apart, each `count` channels. A row
/// that follows soon begins `ahead` floats later.
static void APUS_FN(winograd_kernel_row)(const float *taps, int64_t tap_stride, int64_t ahead, int64_t count,
                                         int64_t columns, float *to, int64_t stride) {
    for (int64_t c = 0; c < columns; c += APUS_LANES, taps += APUS_LANES, to += APUS_LANES, count -= APUS_LANES) {
        for (int tap = 0; tap < 9; tap++) __builtin_prefetch(taps + tap * tap_stride + ahead);
#define FROM(i, j) APUS_FN(winograd_load)(taps + ((i) * 3 + (j)) * tap_stride, count)
#define TO(i, j, value) vstore(to + ((i) * 6 + (j)) * stride, value)
        WINOGRAD_MAP_BOTH(APUS_FN(winograd_map_kernel), FROM, 3, TO, 6);
#undef FROM
#undef TO
    }
}

/// Rows (input channels) of one panel of the transformed kernel, to u[36][rows][columns], `stride` apart.
static void APUS_FN(winograd_kernel_rows)(const winograd_job *job, int64_t panel, winograd_range rows, float *u,
                                          int64_t stride) {
    const winograd_geometry *g = &job->geometry;
    winograd_range channels = winograd_panel(g, panel);
    int64_t columns = channels.last - channels.first, count = gemm_least(channels.last, g->out) - channels.first;
    if (!job->turned) {
        const float *taps = job->w + rows.first * g->out + channels.first;
        for (int64_t row = rows.first; row < rows.last; row++, taps += g->out, u += columns)
            APUS_FN(winograd_kernel_row)(taps, g->in * g->out, 4 * g->out, count, columns, u, stride);
        return;
    }
    // w is [3, 3, out, in] here: transposed a few rows at a time, and its taps taken in the opposite order.
    float taps[9][WINOGRAD_ROUND * WINOGRAD_PANEL];
    for (int64_t row = rows.first; row < rows.last; row += WINOGRAD_ROUND) {
        int64_t some = gemm_least(WINOGRAD_ROUND, rows.last - row);
        for (int64_t tap = 0; tap < 9; tap++)
            APUS_FN(gemm_copy)(job->w + ((8 - tap) * g->out + channels.first) * g->in + row, 1, g->in, count, some,
                               taps[tap], WINOGRAD_PANEL);
        for (int64_t i = 0; i < some; i++, u += columns)
            APUS_FN(winograd_kernel_row)(taps[0] + i * WINOGRAD_PANEL, WINOGRAD_ROUND * WINOGRAD_PANEL, 0, count,
                                         columns, u, stride);
    }
}

// MARK: Results

/// A^T m A of `lanes` channels of a tile to the first `rows` and `columns` pixels of y.
MATH_INLINE void APUS_FN(winograd_result_vector)(const winograd_geometry *g, const float *m, int64_t stride,
                                                 vfloat bias, vfloat floor, char *y, int64_t channel, int64_t lanes,
                                                 int64_t rows, int64_t columns, const bool bfloat16) {
    int64_t pixel = g->out * (bfloat16 ? 2 : 4), row = g->out_width * pixel;
#define FROM(i, j) vload(m + ((i) * 6 + (j)) * stride)
#define TO(i, j, value)                                                                                 \
    if (i < rows && j < columns) {                                                                      \
        vfloat sum = (value) + bias;                                                                    \
        sum = vselect(sum < floor, floor, sum);                                                         \
        APUS_FN(winograd_store_pixel)(y + i * row + j * pixel, channel, sum, lanes, bfloat16);          \
    }
    WINOGRAD_MAP_BOTH(APUS_FN(winograd_map_products), FROM, 6, TO, 4);
#undef FROM
#undef TO
}

MATH_INLINE void APUS_FN(winograd_results_of)(const winograd_job *job, int64_t first_tile, int64_t tiles, int64_t panel,
                                              winograd_tensor m, const bool bfloat16) {
    const winograd_geometry *g = &job->geometry;
    winograd_range channels = winograd_panel(g, panel);
    int64_t end = gemm_least(channels.last, g->out);
    vfloat floor = vsplat(job->relu ? 0.0f : -__builtin_inff());
    for (int64_t tile = 0; tile < tiles; tile++, m.at += channels.last - channels.first) {
        winograd_position p = winograd_tile_position(g, first_tile + tile);
        int64_t rows = gemm_least(WINOGRAD_TILE, g->out_height - p.row);
        int64_t columns = gemm_least(WINOGRAD_TILE, g->out_width - p.column);
        char *y = (char *)job->y
            + ((p.sample * g->out_height + p.row) * g->out_width + p.column) * g->out * winograd_element(g);
        for (int64_t channel = channels.first; channel < end; channel += APUS_LANES) {
            int64_t lanes = end - channel;
            vfloat bias = job->bias ? APUS_FN(winograd_load)(job->bias + channel, lanes) : vsplat(-0.0f);
            const float *from = m.at + channel - channels.first;
            if (lanes >= APUS_LANES)
                APUS_FN(winograd_result_vector)(g, from, m.stride, bias, floor, y, channel, APUS_LANES, rows, columns,
                                                bfloat16);
            else
                APUS_FN(winograd_result_vector)(g, from, m.stride, bias, floor, y, channel, lanes, rows, columns,
                                                bfloat16);
        }
    }
}

/// The channels of one panel of some tiles of y, from their products m[36][tiles][columns].
static void APUS_FN(winograd_results)(const winograd_job *job, int64_t first_tile, int64_t tiles, int64_t panel,
                                      winograd_tensor m) {
    if (job->geometry.bfloat16)
        APUS_FN(winograd_results_of)(job, first_tile, tiles, panel, m, true);
    else
        APUS_FN(winograd_results_of)(job, first_tile, tiles, panel, m, false);
}

// MARK: Products

/// Some tiles times some rows of the transformed kernel of a panel, to or onto the products m[36][tiles][columns].
/// v is [36][tiles][in_padded], u [36][rows][columns].
static void APUS_FN(winograd_multiply_panel)(const winograd_job *job, winograd_tensor v, int64_t tiles,
                                             winograd_tensor u, winograd_range rows, int64_t columns,
                                             winograd_tensor m) {
    APUS_FN(winograd_product) product = {
        .rows = tiles,
        .columns = columns,
        .k = rows.last - rows.first,
        .a_row_stride = job->geometry.in_padded,
        .a_column_stride = 1,
        .b_row_stride = columns,
        .c_row_stride = columns,
        .adds = rows.first > 0,
    };
    for (int64_t point = 0; point < WINOGRAD_POINTS; point++)
        APUS_FN(winograd_multiply)(&product, v.at + point * v.stride + rows.first, u.at + point * u.stride,
                                   m.at + point * m.stride);
}

// MARK: Tasks

/// Few channels, first: some rows of a panel of the transformed kernel.
static void APUS_FN(winograd_kernel_task)(const void *context, int64_t task, float *unused) {
    const winograd_job *job = context;
    const winograd_geometry *g = &job->geometry;
    (void)unused;
    int64_t panel = task % g->panels, row = task / g->panels * WINOGRAD_ROUND;
    winograd_range rows = {row, gemm_least(row + WINOGRAD_ROUND, g->in)};
    APUS_FN(winograd_kernel_rows)(job, panel, rows, winograd_kernel(job, panel).at + row * winograd_columns(g, panel),
                                  winograd_kernel(job, panel).stride);
}

/// Few channels, then: a block of tiles from x to y, in the L2 cache.
static void APUS_FN(winograd_block_task)(const void *context, int64_t task, float *scratch) {
    const winograd_job *job = context;
    const winograd_geometry *g = &job->geometry;
    int64_t first = gemm_part(g->tiles, task, job->plan.blocks);
    int64_t tiles = gemm_part(g->tiles, task + 1, job->plan.blocks) - first;
    winograd_tensor v = {scratch, tiles * g->in_padded + WINOGRAD_GAP};
    APUS_FN(winograd_patches)(g, job->x, first, tiles, (winograd_range){0, g->in_padded}, job->zeros, v.at,
                              g->in_padded, v.stride);
    for (int64_t panel = 0; panel < g->panels; panel++) {
        int64_t columns = winograd_columns(g, panel);
        winograd_tensor m = {scratch + job->plan.v_size, tiles * columns + WINOGRAD_GAP};
        APUS_FN(winograd_multiply_panel)(job, v, tiles, winograd_kernel(job, panel), (winograd_range){0, g->in},
                                         columns, m);
        APUS_FN(winograd_results)(job, first, tiles, panel, m);
    }
}

/// Many channels, first: some of the transformed patches.
static void APUS_FN(winograd_patch_task)(const void *context, int64_t task, float *unused) {
    const winograd_job *job = context;
    const winograd_geometry *g = &job->geometry;
    (void)unused;
    int64_t first = task * WINOGRAD_PATCH_TILES, tiles = gemm_least(WINOGRAD_PATCH_TILES, job->chunk_tiles - first);
    APUS_FN(winograd_patches)(g, job->x, job->first_tile + first, tiles, (winograd_range){0, g->in_padded}, job->zeros,
                              job->v + first * g->in_padded, g->in_padded, winograd_chunk_stride(job));
}

/// Many channels, then: one panel of a group of tiles. Its part of the kernel is transformed here, so that the
/// transformed kernel, four times as large as the kernel, never leaves the caches.
static void APUS_FN(winograd_panel_task)(const void *context, int64_t task, float *scratch) {
    const winograd_job *job = context;
    const winograd_geometry *g = &job->geometry;
    int64_t panel = task % g->panels, group = task / g->panels, columns = winograd_columns(g, panel);
    int64_t begin = gemm_part(job->chunk_tiles, group, job->plan.groups);
    int64_t tiles = gemm_part(job->chunk_tiles, group + 1, job->plan.groups) - begin;
    int64_t blocks = gemm_ceiling(tiles, job->plan.block_tiles);
    // Either there is one block, and the products stay in L2, or one range of rows, and the kernel stays in L3.
    for (int64_t part = 0; part < job->plan.row_parts; part++) {
        winograd_range rows = {gemm_part(g->in, part, job->plan.row_parts),
                               gemm_part(g->in, part + 1, job->plan.row_parts)};
        winograd_tensor u = {scratch, (rows.last - rows.first) * columns + WINOGRAD_GAP};
        APUS_FN(winograd_kernel_rows)(job, panel, rows, u.at, u.stride);
        for (int64_t block = 0; block < blocks; block++) {
            int64_t first = begin + gemm_part(tiles, block, blocks);
            int64_t count = begin + gemm_part(tiles, block + 1, blocks) - first;
            winograd_tensor v = {job->v + first * g->in_padded, winograd_chunk_stride(job)};
            winograd_tensor m = {scratch + job->plan.u_size, count * columns + WINOGRAD_GAP};
            APUS_FN(winograd_multiply_panel)(job, v, count, u, rows, columns, m);
            if (rows.last == g->in) APUS_FN(winograd_results)(job, job->first_tile + first, count, panel, m);
        }
    }
}

static void APUS_FN(winograd_run)(winograd_job *job) {
    const winograd_geometry *g = &job->geometry;
    const winograd_plan *plan = &job->plan;
    if (plan->fused) {
        winograd_for(APUS_FN(winograd_kernel_task), job, g->panels * gemm_ceiling(g->in, WINOGRAD_ROUND), job->threads,
                     NULL, 0);
        winograd_for(APUS_FN(winograd_block_task), job, plan->blocks, job->threads, job->workers, plan->worker_size);
        return;
    }
    for (int64_t chunk = 0; chunk < plan->chunks; chunk++) {
        job->first_tile = gemm_part(g->tiles, chunk, plan->chunks);
        job->chunk_tiles = gemm_part(g->tiles, chunk + 1, plan->chunks) - job->first_tile;
        winograd_for(APUS_FN(winograd_patch_task), job, gemm_ceiling(job->chunk_tiles, WINOGRAD_PATCH_TILES),
                     job->threads, NULL, 0);
        winograd_for(APUS_FN(winograd_panel_task), job, plan->groups * g->panels, job->threads, job->workers,
                     plan->worker_size);
    }
}
