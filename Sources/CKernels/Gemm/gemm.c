// The matrix product: decisions that depend on the shape, and the parallel phases.
//
// A product is packed at most once, then split into register tiles (gemm_tile.h) that each compute a few rows and
// vectors of C over a block of k. A is read in place, one broadcast a row and k, so that it may have any strides; B is
// read in place as well if its columns are contiguous and it stays in the cache.

#include "gemm_shape.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define APUS_TEMPLATE "gemm_template.h"
#include "multiversion.h"

enum {
    // The most rows of B in a block: a panel of it, 64 columns wide, is a quarter of a megabyte.
    GEMM_K_BLOCK = 1024,
    // The most rows of B in a block of which tiles fetch the next one.
    GEMM_FETCHED_K = 512,
    // The same, and the parts of k, where parts of C lie in the cache, with the most floats that C may have for that.
    GEMM_PART_FETCHED_K = 64,
    GEMM_PARTS = 8,
    GEMM_PART_OF_C = 1 << 17,
    // The rows of A in a block of which tiles fetch the next one, and the least rows for which there are such blocks.
    GEMM_FETCHED_ROWS = 48,
    GEMM_MANY_ROWS = 512,
    // How many times as long as the longer side of C the sum is, at least, in a tall product.
    GEMM_TALL = 4,
    // The most floats of A in a block: half a megabyte.
    GEMM_A_BLOCK = 1 << 17,
    // Floats that must stay in the L2 cache for a matrix to be read in place, where that cache is no smaller.
    GEMM_IN_PLACE = 1 << 18,
    // The most rows for which a transposed B is multiplied by dot products.
    GEMM_DOT_ROWS = 4,
    // The least work worth a second thread, about 2 us.
    GEMM_SPLIT = 200000,
};

/// Makes C^T = B^T A^T of C = A B.
static void exchange_operands(apus_gemm_parameters *p) {
    apus_gemm_parameters from = *p;
    p->m = from.n;
    p->n = from.m;
    p->a_row_stride = from.b_column_stride;
    p->a_column_stride = from.b_row_stride;
    p->b_row_stride = from.a_column_stride;
    p->b_column_stride = from.a_row_stride;
}

/// - cache: the bytes of the second-level cache
static gemm_shape shape_for(const apus_gemm_parameters *parameters, int64_t cache) {
    int64_t in_place = gemm_least(GEMM_IN_PLACE, cache / (int64_t)sizeof(float));
    gemm_shape s = {.p = *parameters};
    apus_gemm_parameters *p = &s.p;
    // A batch that shares B and lies in one piece is one tall product.
    if (p->batch > 1 && p->b_batch_stride == 0 && p->a_batch_stride == p->m * p->a_row_stride
        && p->c_batch_stride == p->m * p->c_row_stride && !p->column_sums) {
        p->m *= p->batch;
        p->batch = 1;
    }
    s.dots = p->m <= GEMM_DOT_ROWS && p->b_row_stride == 1 && p->a_column_stride == 1 && p->b_column_stride != 1
        && p->k >= 16 && !p->column_sums;
    // A tall product, C = X^T G over many rows of X and G, takes each element so rarely from memory that copying it
    // would cost as much. Rows of less than 64 floats are read fast enough without being fetched. Where C is small, threads
    // read different rows, all of them, in their order; narrow panels of B are then read best.
    int64_t side = gemm_greatest(p->m, p->n);
    s.fetches_k = p->a_row_stride == 1 && p->a_column_stride != 1 && p->b_column_stride == 1 && side >= 64
        && p->k >= GEMM_TALL * side && p->k * (p->m + p->n) > 8 * GEMM_IN_PLACE;
    bool is_plain = p->activation == APUS_ACTIVATION_NONE && !p->has_bias && !p->adds && !p->column_sums;
    bool is_dense = p->a_column_stride == p->m && p->b_row_stride == p->n && p->batch == 1;
    s.parts = s.fetches_k && is_plain && is_dense && gemm_least(p->m, p->n) >= 16 && p->m * p->n <= GEMM_PART_OF_C
        ? GEMM_PARTS
        : 1;
    s.transposes = s.parts > 1 && p->m < p->n;
    if (s.transposes) exchange_operands(p);
    if (s.parts > 1) p->c_row_stride = p->n;
    // Packing row-major B costs as much as multiplying about three rows; it pays once B leaves the L2 cache. So does
    // a large transposed A, of which each k is on another page.
    s.packs_b = p->k > 0 && !s.dots && !s.fetches_k
        && (p->b_column_stride != 1 || (p->m >= 128 && p->k * p->n > in_place));
    s.packs_a = p->k > 0 && !s.fetches_k && p->a_column_stride != 1 && p->n >= 256 && p->m * p->k > GEMM_IN_PLACE;
    s.packed_a_count = p->a_batch_stride == 0 || p->batch == 1 ? 1 : p->batch;
    s.packed_b_count = p->b_batch_stride == 0 || p->batch == 1 ? 1 : p->batch;
    // Whole vectors of the widest kind, so that the sizes serve every instruction set; and rows of A that are not a
    // power of two apart, which would share few lines of the cache.
    s.packed_a_offset = s.packs_b ? s.packed_b_count * p->k * gemm_ceiling(p->n, 16) * 16 : 0;
    s.packed_a_stride = gemm_ceiling(p->k, 16) * 16 + 16;
    int64_t k_block = s.parts > 1 ? GEMM_PART_FETCHED_K : s.fetches_k ? GEMM_FETCHED_K : GEMM_K_BLOCK;
    s.k_blocks = gemm_greatest(1, gemm_ceiling(gemm_ceiling(p->k, s.parts), k_block));
    s.row_blocks = gemm_greatest(1, gemm_ceiling(p->m * gemm_ceiling(p->k, s.k_blocks), GEMM_A_BLOCK));
    s.row_blocks = gemm_least(s.row_blocks, gemm_ceiling(p->m, 48));
    // While B stays in the cache, rows of A and C come from memory and go there once, in their order.
    s.fetches_rows = !s.dots && p->m >= GEMM_MANY_ROWS && s.k_blocks == 1 && p->k * p->n <= in_place
        && p->a_column_stride == 1 && p->a_row_stride == p->k && p->c_row_stride == p->n;
    if (s.fetches_rows) s.row_blocks = gemm_ceiling(p->m, GEMM_FETCHED_ROWS);
    return s;
}

static gemm_shape shape_of(const apus_gemm_parameters *parameters) {
    return shape_for(parameters, apus_second_cache_bytes());
}

int64_t apus_gemm_scratch_bytes(const apus_gemm_parameters *parameters) {
    return apus_gemm_scratch_bytes_with(parameters, apus_second_cache_bytes());
}

int64_t apus_gemm_scratch_bytes_with(const apus_gemm_parameters *parameters, int64_t second_cache_bytes) {
    gemm_shape s = shape_for(parameters, second_cache_bytes);
    if (s.parts > 1) return s.parts * s.p.m * s.p.n * (int64_t)sizeof(float);
    int64_t a = s.packs_a ? s.packed_a_count * s.p.m * s.packed_a_stride : 0;
    return (s.packed_a_offset + a) * (int64_t)sizeof(float);
}

int apus_gemm_float32(void *const *buffers, const void *parameters) {
    gemm_shape s = shape_of(parameters);
    const apus_gemm_parameters *p = &s.p;
    if (p->batch <= 0 || p->m <= 0 || p->n <= 0) return 0;
    gemm_job job = {&s,         buffers[0], buffers[1], buffers[2], buffers[3], buffers[4],
                    buffers[5], buffers[6], buffers[7], NULL,       0};
    if (s.parts > 1) {
        job.c = buffers[7];
        job.result = buffers[2];
        job.result_stride = ((const apus_gemm_parameters *)parameters)->c_row_stride;
    }
    if (s.transposes) {
        job.a = buffers[1];
        job.b = buffers[0];
    }
    bool splits = p->batch * p->m * gemm_ceiling(p->n, 16) * 16 * p->k >= GEMM_SPLIT;
    APUS_DISPATCH(gemm_run)(&job, splits);
    return 0;
}
