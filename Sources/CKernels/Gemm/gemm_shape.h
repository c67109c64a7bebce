// What the matrix product decides from its parameters alone: blocks, packing, and whether threads pay.
#ifndef APUS_GEMM_SHAPE_H
#define APUS_GEMM_SHAPE_H

#include "apus_gemm.h"

/// The parameters after folding the batch into the rows where possible, and the decisions on them.
typedef struct {
    apus_gemm_parameters p;
    /// Dot products instead of tiles; nothing is packed.
    int32_t dots;
    /// Whether A or B are copied to the scratch: A as written, B in panels of the width of a register tile.
    int32_t packs_a, packs_b;
    /// The number of packed matrices: 1 if the batch shares one.
    int64_t packed_a_count, packed_b_count;
    /// Where the packed A begins and the distance of its rows, in floats.
    int64_t packed_a_offset, packed_a_stride;
    /// The sum over k is taken in this many blocks, and the rows in blocks whose part of A stays in the L2 cache.
    int64_t k_blocks, row_blocks;
} gemm_shape;

/// A product in progress.
typedef struct {
    const gemm_shape *shape;
    const float *a, *b;
    float *c;
    const float *bias, *y;
    float *sums, *scratch;
} gemm_job;

/// Packing is shared out in pieces of this many rows.
enum { GEMM_PACK_ROWS = 128 };

static inline void gemm_for(bool splits, int64_t tasks, apus_loop_body body, gemm_job *job) {
    if (splits)
        apus_parallel_for(tasks, body, job);
    else
        body(job, 0, tasks);
}

/// The first row or column of part `i` of `parts` nearly equal parts.
static inline int64_t gemm_part(int64_t extent, int64_t i, int64_t parts) { return extent * i / parts; }

/// The first part that begins at or after `index`.
static inline int64_t gemm_part_from(int64_t extent, int64_t index, int64_t parts) {
    return (index * parts + extent - 1) / extent;
}

static inline int64_t gemm_ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t gemm_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t gemm_greatest(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
