// What the Winograd kernels share: tiles of an image, panels of channels, and loops with scratch for each worker.
//
// The result is cut into tiles of 4 x 4; each needs a patch of 6 x 6 of the source, and neighbouring patches overlap.
// A patch d, a kernel g and a tile y become 6 x 6 products, one for each pair of interpolation points:
//     y = A^T [(G g G^T) . (B^T d B)] A
// summed over the input channels before A is applied. So there are 36 matrix products, tiles x in times in x out.
#ifndef APUS_WINOGRAD_GEOMETRY_H
#define APUS_WINOGRAD_GEOMETRY_H

#include "apus_winograd.h"
#include "gemm_shape.h"

enum {
    WINOGRAD_TILE = 4,
    WINOGRAD_PATCH = 6,
    WINOGRAD_POINTS = 36,
    // Channels of results that are multiplied together: the width of the widest register tile.
    WINOGRAD_PANEL = 64,
    // Channels are padded to whole vectors of the widest kind, so that the sizes serve every instruction set.
    WINOGRAD_ROUND = 16,
    // The least multiplications worth a second thread, about 5 us.
    WINOGRAD_SPLIT = 1 << 19,
    // Floats between the matrices of neighbouring points beyond their size: a distance that is a power of two would
    // put all 36 into the same few lines of the cache.
    WINOGRAD_GAP = 16,
};

/// A convolution of `in` to `out` channels.
typedef struct {
    int64_t samples, height, width, in;
    int64_t out_height, out_width, out;
    int64_t pad_top, pad_left;
    int64_t tile_rows, tile_columns, tiles;
    /// Channel counts rounded up.
    int64_t in_padded, out_padded;
    /// Panels of `out_padded`.
    int64_t panels;
    /// Whether the images are of bfloat16; otherwise they are of float32.
    bool bfloat16;
} winograd_geometry;

static inline winograd_geometry winograd_forward(const apus_winograd_parameters *p) {
    winograd_geometry g = {
        .samples = p->samples,
        .height = p->height,
        .width = p->width,
        .in = p->channels_in,
        .out_height = p->height + p->pad_top + p->pad_bottom - 2,
        .out_width = p->width + p->pad_left + p->pad_right - 2,
        .out = p->channels_out,
        .pad_top = p->pad_top,
        .pad_left = p->pad_left,
        .bfloat16 = p->type == APUS_BFLOAT16,
    };
    g.tile_rows = gemm_ceiling(g.out_height, WINOGRAD_TILE);
    g.tile_columns = gemm_ceiling(g.out_width, WINOGRAD_TILE);
    g.tiles = g.samples * g.tile_rows * g.tile_columns;
    g.in_padded = gemm_ceiling(g.in, WINOGRAD_ROUND) * WINOGRAD_ROUND;
    g.out_padded = gemm_ceiling(g.out, WINOGRAD_ROUND) * WINOGRAD_ROUND;
    g.panels = gemm_ceiling(g.out_padded, WINOGRAD_PANEL);
    return g;
}

/// How many of `threads` are worth their while.
static inline int64_t winograd_threads(const winograd_geometry *g, int64_t threads) {
    return WINOGRAD_POINTS * g->tiles * g->in_padded * g->out_padded < WINOGRAD_SPLIT ? 1 : threads;
}

/// Bytes from one element of an image to the next.
static inline int64_t winograd_element(const winograd_geometry *g) { return g->bfloat16 ? 2 : 4; }

/// Groups so that panels x groups are shared out evenly: the least with at most an eighth of the threads' time idle, or
/// else the most there may be, at least 1.
static inline int64_t winograd_groups(int64_t panels, int64_t most, int64_t threads) {
    for (int64_t groups = 1;; groups++) {
        int64_t tasks = panels * groups, turns = gemm_ceiling(tasks, threads);
        if (tasks * 8 >= turns * threads * 7 || groups >= most) return groups;
    }
}

// MARK: Panels

typedef struct {
    int64_t first, last;
} winograd_range;

/// The channels of one of `panels`: whole vectors, dealt to the panels as evenly as possible.
static inline winograd_range winograd_panel_of(int64_t padded, int64_t panel, int64_t panels) {
    int64_t vectors = padded / WINOGRAD_ROUND;
    return (winograd_range){gemm_part(vectors, panel, panels) * WINOGRAD_ROUND,
                            gemm_part(vectors, panel + 1, panels) * WINOGRAD_ROUND};
}

/// A panel of the output channels.
static inline winograd_range winograd_panel(const winograd_geometry *g, int64_t panel) {
    return winograd_panel_of(g->out_padded, panel, g->panels);
}

static inline int64_t winograd_columns(const winograd_geometry *g, int64_t panel) {
    return winograd_panel(g, panel).last - winograd_panel(g, panel).first;
}

/// Matrices at the 36 points, `stride` apart.
typedef struct {
    float *at;
    int64_t stride;
} winograd_tensor;

// MARK: Tiles

typedef struct {
    int64_t sample, row, column;
} winograd_position;

/// Where tile number `tile` begins in the result.
static inline winograd_position winograd_tile_position(const winograd_geometry *g, int64_t tile) {
    int64_t plane = g->tile_rows * g->tile_columns;
    return (winograd_position){tile / plane, tile % plane / g->tile_columns * WINOGRAD_TILE,
                               tile % g->tile_columns * WINOGRAD_TILE};
}

/// Points `at[i * size + j]` to pixel (row + i, column + j) of an image, or to `zeros` outside of it. Pixels are
/// addressed by bytes: their elements are of either type.
static inline void winograd_pixels(const char *image, int64_t height, int64_t width, int64_t pixel, int64_t row,
                                   int64_t column, int64_t size, const void *zeros, const char **at) {
    for (int64_t i = 0; i < size; i++) {
        bool inside = row + i >= 0 && row + i < height;
        for (int64_t j = 0; j < size; j++)
            *at++ = inside && column + j >= 0 && column + j < width ? image + ((row + i) * width + column + j) * pixel
                                                                    : zeros;
    }
}

/// The patch that a tile needs of x: 36 pixels.
static inline void winograd_patch_pixels(const winograd_geometry *g, const void *x, int64_t tile, const void *zeros,
                                         const char **at) {
    winograd_position p = winograd_tile_position(g, tile);
    int64_t pixel = g->in * winograd_element(g);
    winograd_pixels((const char *)x + p.sample * g->height * g->width * pixel, g->height, g->width, pixel,
                    p.row - g->pad_top, p.column - g->pad_left, WINOGRAD_PATCH, zeros, at);
}

/// A tile of y, or of its gradient: 16 pixels.
static inline void winograd_tile_pixels(const winograd_geometry *g, const void *y, int64_t tile, const void *zeros,
                                        const char **at) {
    winograd_position p = winograd_tile_position(g, tile);
    int64_t pixel = g->out * winograd_element(g);
    winograd_pixels((const char *)y + p.sample * g->out_height * g->out_width * pixel, g->out_height, g->out_width,
                    pixel, p.row, p.column, WINOGRAD_TILE, zeros, at);
}

// MARK: Workers

/// Tasks that need scratch. A worker does a range of them, one after the other, in its own piece.
typedef struct {
    void (*task)(const void *job, int64_t task, float *scratch);
    const void *job;
    int64_t tasks, workers;
    float *scratch;
    int64_t scratch_size;
} winograd_loop;

static inline void winograd_do_workers(void *context, int64_t first, int64_t last) {
    const winograd_loop *l = context;
    for (int64_t worker = first; worker < last; worker++)
        for (int64_t task = gemm_part(l->tasks, worker, l->workers); task < gemm_part(l->tasks, worker + 1, l->workers);
             task++)
            l->task(l->job, task, l->scratch + worker * l->scratch_size);
}

/// Does the tasks with at most `threads` workers, for which there is scratch.
static inline void winograd_for(void (*task)(const void *, int64_t, float *), const void *job, int64_t tasks,
                                int64_t threads, float *scratch, int64_t scratch_size) {
    int64_t workers = gemm_least(gemm_least(threads, apus_thread_count()), tasks);
    winograd_loop l = {task, job, tasks, workers, scratch, scratch_size};
    apus_parallel_for(workers, winograd_do_workers, &l);
}

#endif
