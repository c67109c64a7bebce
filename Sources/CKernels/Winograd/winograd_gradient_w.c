// The gradient to the kernel by Winograd: dw = G^T [sum over tiles of (B^T d B) . (A g A^T)] G.
//
// At each of the 36 points this is a matrix product, in x tiles times tiles x out. dw is cut into panels of 64 x 64
// channels. A task takes one panel and a part of the tiles, block after block: it transforms the 64 channels of x and g
// and adds up the 36 products, all in the L2 cache. So a tile is transformed once for each 64 channels of the other
// side; that costs less than writing the transformed tensors, 2.25 times as large, to L3 and reading them back. If all
// tiles make one block, the next panel with the same channels of x finds them transformed in L2.

#include "winograd_geometry.h"
#include "apus_movement.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    // Tiles of a block: long sums, but the products and both sides of the block must share L2.
    WINOGRAD_SUM_TILES = 40,
    // The tiles are cut into parts, with partial sums of their own, until there are this many tasks.
    WINOGRAD_TASKS = 8,
};

/// Sizes in floats.
typedef struct {
    /// Panels of the input channels; those of the output channels are in the geometry.
    int64_t row_panels;
    /// The tiles are cut into blocks, and these dealt to parts. Both depend on the shape only: they order the sum.
    int64_t blocks, parts;
    /// The panels that share their input channels are dealt to groups. A task takes one part of one group.
    int64_t groups;
    /// The products of one task, and the scratch of a worker.
    int64_t products_size, worker_size, zeros_size;
} winograd_gradient_plan;

typedef struct {
    winograd_geometry geometry;
    winograd_gradient_plan plan;
    int64_t threads;
    const void *x, *gradient;
    float *dw;
    float *zeros, *products, *workers;
} winograd_gradient_job;

/// The input and output channels of a panel of dw.
static inline winograd_range winograd_row_panel(const winograd_gradient_job *job, int64_t panel) {
    return winograd_panel_of(job->geometry.in_padded, panel / job->geometry.panels, job->plan.row_panels);
}

static inline winograd_range winograd_column_panel(const winograd_gradient_job *job, int64_t panel) {
    return winograd_panel(&job->geometry, panel % job->geometry.panels);
}

#define APUS_TEMPLATE "winograd_gradient_w_template.h"
#include "multiversion.h"

static winograd_gradient_plan plan_of(const winograd_geometry *g, int64_t threads) {
    winograd_gradient_plan plan = {
        .row_panels = gemm_ceiling(g->in_padded, WINOGRAD_PANEL),
        .blocks = gemm_ceiling(g->tiles, WINOGRAD_SUM_TILES),
        .zeros_size = gemm_greatest(g->in_padded, g->out_padded),
    };
    int64_t panels = plan.row_panels * g->panels;
    plan.parts = gemm_greatest(1, gemm_least(gemm_ceiling(WINOGRAD_TASKS, panels), plan.blocks / 2));
    // The transformed x of a single block serves a whole group, so groups are then as few as keep the threads busy.
    plan.groups = plan.blocks == 1 ? winograd_groups(plan.row_panels, g->panels, threads) : g->panels;
    int64_t rows = gemm_least(g->in_padded, WINOGRAD_PANEL), columns = gemm_least(g->out_padded, WINOGRAD_PANEL);
    plan.products_size = WINOGRAD_POINTS * (rows * columns + WINOGRAD_GAP);
    plan.worker_size = WINOGRAD_POINTS * (WINOGRAD_SUM_TILES * (rows + columns) + 2 * WINOGRAD_GAP);
    if (plan.parts == 1) plan.worker_size += plan.products_size;
    return plan;
}

/// The partial sums of all tasks; none if there is one part.
static int64_t partial_size(const winograd_geometry *g, const winograd_gradient_plan *plan) {
    return plan->parts > 1 ? plan->row_panels * g->panels * plan->parts * plan->products_size : 0;
}

int64_t apus_winograd_gradient_w_scratch_bytes(const apus_winograd_parameters *p) {
    winograd_geometry g = winograd_forward(p);
    int64_t threads = winograd_threads(&g, p->threads);
    winograd_gradient_plan plan = plan_of(&g, threads);
    int64_t workers = threads * plan.worker_size;
    return (plan.zeros_size + partial_size(&g, &plan) + workers) * (int64_t)sizeof(float);
}

int apus_winograd_gradient_w(void *const *buffers, const void *parameters) {
    const apus_winograd_parameters *p = parameters;
    if (!apus_winograd_supports(p)) return APUS_STATUS_UNSUPPORTED;
    winograd_geometry g = winograd_forward(p);
    int64_t threads = winograd_threads(&g, p->threads);
    winograd_gradient_job job = {
        .geometry = g,
        .plan = plan_of(&g, threads),
        .threads = threads,
        .x = buffers[0],
        .gradient = buffers[1],
        .dw = buffers[2],
        .zeros = buffers[3],
    };
    if (g.tiles == 0) {
        memset(job.dw, 0, (size_t)(9 * g.in * g.out) * sizeof(float));
        return APUS_STATUS_OK;
    }
    job.products = job.zeros + job.plan.zeros_size;
    job.workers = job.products + partial_size(&g, &job.plan);
    memset(job.zeros, 0, (size_t)job.plan.zeros_size * sizeof(float));
    APUS_DISPATCH(winograd_gradient_run)(&job);
    return APUS_STATUS_OK;
}
