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
    /// Whether A and B are both read in place, in short blocks of k, and tiles fetch what the next block reads.
    int32_t fetches_k;
    /// Whether k is divided into parts, whose products lie in the scratch until they are added; and whether these are
    /// C^T = B^T A^T.
    int32_t parts, transposes;
    /// Whether short blocks of rows, each over all columns, follow each other, and tiles fetch the next one.
    int32_t fetches_rows;
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
    float *sums;
    const float *added;
    float *scratch;
    /// The result of a product in parts, and the distance of its rows.
    float *result;
    int64_t result_stride;
} gemm_job;

/// Row tiles of one panel over a block of k.
typedef struct {
    int64_t batch, panel;
    /// The row after those of the block of rows.
    int64_t bottom;
    /// The row tiles of the whole panel, and those of this piece.
    int64_t tiles, tile_begin, tile_end;
    /// Rows of B, and where those of the part begin.
    int64_t k_begin, k_end, part_begin;
    /// Where its matrix, or the part of it, begins in C.
    int64_t c_offset;
    /// Whether the thread has multiplied these rows of A with no other panel of the block yet.
    bool is_first;
} gemm_piece;

enum {
    // Packing is shared out in pieces of this many rows, adding parts likewise.
    GEMM_PACK_ROWS = 128,
    GEMM_SUM_ROWS = 32,
};

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
