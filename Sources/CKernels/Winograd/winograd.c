// The Winograd convolution and its gradient to the input, which is the same with the kernel turned and transposed.
//
// Few channels: the kernel is transformed once; then each thread takes blocks of tiles from x to y within its L2 cache.
// Many channels: the blocks would be too small, and the transformed kernel too large to be read for each of them. So
// the patches of a chunk of tiles are transformed to the L3 cache; then each thread takes panels of 64 output channels
// from there to y, and transforms their part of the kernel itself.

#include "winograd_geometry.h"
#include "apus_movement.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Sizes in floats.
typedef struct {
    /// Whether the transformed kernel is kept and each task goes from x to y.
    bool fused;
    /// Fused: blocks of all tiles.
    int64_t blocks;
    /// Otherwise: chunks of all tiles, groups of a chunk, and parts of the input channels.
    int64_t chunks, groups, row_parts;
    /// The most tiles of a block: of all, or of a group.
    int64_t block_tiles;
    /// The transformed kernel (or a part of it), the transformed patches (of a block or chunk), a row of zeros.
    int64_t u_size, v_size, zeros_size;
    /// The scratch of a worker.
    int64_t worker_size;
} winograd_plan;

typedef struct {
    winograd_geometry geometry;
    winograd_plan plan;
    int64_t threads;
    const void *x;
    const float *w, *bias;
    void *y;
    bool turned, relu;
    float *u, *v, *zeros, *workers;
    /// The chunk at work.
    int64_t first_tile, chunk_tiles;
} winograd_job;

/// The transformed kernel of a panel, if it is kept: panel after panel.
static inline winograd_tensor winograd_kernel(const winograd_job *job, int64_t panel) {
    const winograd_geometry *g = &job->geometry;
    return (winograd_tensor){job->u + WINOGRAD_POINTS * (g->in * winograd_panel(g, panel).first + panel * WINOGRAD_GAP),
                             g->in * winograd_columns(g, panel) + WINOGRAD_GAP};
}

/// The distance of the points of the patches of a chunk.
static inline int64_t winograd_chunk_stride(const winograd_job *job) {
    return job->chunk_tiles * job->geometry.in_padded + WINOGRAD_GAP;
}

enum {
    // Tiles whose patches a thread transforms at a time.
    WINOGRAD_PATCH_TILES = 4,
};

#define APUS_TEMPLATE "winograd_template.h"
#include "multiversion.h"

enum {
    // Floats of a transformed kernel that is kept, in L3 or, if small, in L2; twice that if there are many tiles.
    WINOGRAD_KERNEL = 36 * 256 * 128,
    WINOGRAD_MANY_TILES = 256,
    // Floats of a block of tiles: the patches of all input channels and the products of a panel.
    WINOGRAD_BLOCK = 120 << 10,
    // The most tiles of a block: enough for the multiplication to run at full speed.
    WINOGRAD_BLOCK_TILES = 48,
    // Input channels whose transformed kernel, with a panel of outputs, stays in L2.
    WINOGRAD_ROW_PART = 64,
    // Floats of the patches of a chunk: part of the L3 cache.
    WINOGRAD_CHUNK = 2 << 20,
};

bool apus_winograd_supports(const apus_winograd_parameters *p) {
    const int64_t pads[] = {p->pad_top, p->pad_left, p->pad_bottom, p->pad_right};
    for (int i = 0; i < 4; i++)
        if (pads[i] < 0 || pads[i] > 2) return false;
    winograd_geometry g = winograd_forward(p);
    bool type = p->type == APUS_FLOAT32 || p->type == APUS_BFLOAT16;
    return type && p->threads >= 1 && p->channels_in >= 1 && p->channels_out >= 1 && p->height >= 1 && p->width >= 1
        && g.out_height >= 1 && g.out_width >= 1 && p->samples >= 0;
}

/// The convolution that computes the gradient to the input: of the gradient, to the input channels.
static winograd_geometry backward(const apus_winograd_parameters *p) {
    winograd_geometry y = winograd_forward(p);
    apus_winograd_parameters q = {
        .samples = p->samples,
        .height = y.out_height,
        .width = y.out_width,
        .channels_in = p->channels_out,
        .channels_out = p->channels_in,
        .pad_top = 2 - p->pad_top,
        .pad_left = 2 - p->pad_left,
        .pad_bottom = 2 - p->pad_bottom,
        .pad_right = 2 - p->pad_right,
        .type = p->type,
    };
    return winograd_forward(&q);
}

static winograd_plan plan_of(const winograd_geometry *g, int64_t threads) {
    int64_t kernel = WINOGRAD_POINTS * g->in * g->out_padded;
    winograd_plan plan = {
        .fused = kernel <= (g->tiles < WINOGRAD_MANY_TILES ? WINOGRAD_KERNEL : 2 * WINOGRAD_KERNEL),
        .zeros_size = g->in_padded,
    };
    if (g->tiles == 0) return plan;
    int64_t panel = gemm_least(g->out_padded, WINOGRAD_PANEL);
    if (plan.fused) {
        int64_t most = WINOGRAD_BLOCK / (WINOGRAD_POINTS * (g->in_padded + panel)) / 12 * 12;
        plan.blocks = gemm_ceiling(g->tiles, gemm_greatest(12, gemm_least(most, WINOGRAD_BLOCK_TILES)));
        plan.blocks = gemm_least(gemm_ceiling(plan.blocks, threads) * threads, g->tiles);
        plan.block_tiles = gemm_ceiling(g->tiles, plan.blocks);
        plan.u_size = WINOGRAD_POINTS * (g->in * g->out_padded + g->panels * WINOGRAD_GAP);
        plan.v_size = WINOGRAD_POINTS * (plan.block_tiles * g->in_padded + WINOGRAD_GAP);
        plan.worker_size = plan.v_size;
    } else {
        int64_t most = gemm_greatest(WINOGRAD_CHUNK / (WINOGRAD_POINTS * g->in_padded), 2 * WINOGRAD_BLOCK_TILES);
        plan.chunks = gemm_ceiling(g->tiles, most);
        int64_t chunk_tiles = gemm_ceiling(g->tiles, plan.chunks);
        plan.groups = winograd_groups(g->panels, chunk_tiles / WINOGRAD_BLOCK_TILES, threads);
        plan.block_tiles = gemm_least(WINOGRAD_BLOCK_TILES, chunk_tiles);
        // With few tiles to multiply it with, the transformed kernel should not even leave the L2 cache.
        plan.row_parts = chunk_tiles <= WINOGRAD_BLOCK_TILES ? gemm_ceiling(g->in, WINOGRAD_ROW_PART) : 1;
        plan.u_size = WINOGRAD_POINTS * (gemm_ceiling(g->in, plan.row_parts) * panel + WINOGRAD_GAP);
        plan.v_size = WINOGRAD_POINTS * (chunk_tiles * g->in_padded + WINOGRAD_GAP);
        plan.worker_size = plan.u_size;
    }
    plan.worker_size += WINOGRAD_POINTS * (plan.block_tiles * panel + WINOGRAD_GAP);
    return plan;
}

static int64_t scratch_bytes(const winograd_geometry *g, int64_t most_threads) {
    int64_t threads = winograd_threads(g, most_threads);
    winograd_plan plan = plan_of(g, threads);
    int64_t shared = plan.zeros_size + (plan.fused ? plan.u_size : plan.v_size);
    return (shared + threads * plan.worker_size) * (int64_t)sizeof(float);
}

static void run(winograd_job *job, float *scratch) {
    const winograd_geometry *g = &job->geometry;
    if (g->tiles == 0) return;
    job->threads = winograd_threads(g, job->threads);
    job->plan = plan_of(g, job->threads);
    job->zeros = scratch;
    job->u = job->v = scratch + job->plan.zeros_size;
    job->workers = job->u + (job->plan.fused ? job->plan.u_size : job->plan.v_size);
    memset(job->zeros, 0, (size_t)job->plan.zeros_size * sizeof(float));
    APUS_DISPATCH(winograd_run)(job);
}

int apus_winograd(void *const *buffers, const void *parameters) {
    const apus_winograd_parameters *p = parameters;
    if (!apus_winograd_supports(p)) return APUS_STATUS_UNSUPPORTED;
    winograd_job job = {
        .geometry = winograd_forward(p),
        .threads = p->threads,
        .relu = p->relu != 0,
        .x = buffers[0],
        .w = buffers[1],
        .bias = buffers[2],
        .y = buffers[3],
    };
    run(&job, buffers[4]);
    return APUS_STATUS_OK;
}

int apus_winograd_gradient_x(void *const *buffers, const void *parameters) {
    const apus_winograd_parameters *p = parameters;
    if (!apus_winograd_supports(p)) return APUS_STATUS_UNSUPPORTED;
    winograd_job job = {
        .geometry = backward(p),
        .threads = p->threads,
        .turned = true,
        .x = buffers[0],
        .w = buffers[1],
        .y = buffers[2],
    };
    run(&job, buffers[3]);
    return APUS_STATUS_OK;
}

int64_t apus_winograd_scratch_bytes(const apus_winograd_parameters *p) {
    winograd_geometry g = winograd_forward(p);
    return scratch_bytes(&g, p->threads);
}

int64_t apus_winograd_gradient_x_scratch_bytes(const apus_winograd_parameters *p) {
    winograd_geometry g = backward(p);
    return scratch_bytes(&g, p->threads);
}
