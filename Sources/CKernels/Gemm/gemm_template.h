// The matrix product for one instruction set: the walk over blocks and tiles.

#include "vector_math.h"
#include "gemm_tile.h"
#include "gemm_pack.h"

// MARK: Panels

/// The vectors that cover the columns, and the panels they are dealt to as evenly as possible. One or two rows take
/// wider panels, for enough independent sums to hide the latency of an addition.
typedef struct {
    int64_t vectors, panels;
} APUS_FN(gemm_columns);

static APUS_FN(gemm_columns) APUS_FN(gemm_columns_of)(const gemm_shape *s) {
    int64_t vectors = gemm_ceiling(s->p.n, APUS_LANES);
    return (APUS_FN(gemm_columns)){vectors, gemm_ceiling(vectors, s->p.m <= 2 ? 2 * GEMM_VECTORS : GEMM_VECTORS)};
}

// MARK: Packing

// The packed B: matrix after matrix, panel after panel, each k rows of whole vectors, as wide as a register tile.

static int64_t APUS_FN(gemm_pack_b_tasks)(const gemm_shape *s) {
    return s->packed_b_count * gemm_ceiling(s->p.k, GEMM_PACK_ROWS) * APUS_FN(gemm_columns_of)(s).panels;
}

/// A task packs some rows of one panel. Their order is that of B in memory; so a thread also multiplies much of what
/// it packs from a transposed B.
static void APUS_FN(gemm_pack_b)(void *context, int64_t first, int64_t last) {
    const gemm_job *job = context;
    const apus_gemm_parameters *p = &job->shape->p;
    APUS_FN(gemm_columns) columns = APUS_FN(gemm_columns_of)(job->shape);
    int64_t width = columns.vectors * APUS_LANES, chunks = gemm_ceiling(p->k, GEMM_PACK_ROWS);
    for (int64_t task = first; task < last; task++) {
        int64_t batch = task / (columns.panels * chunks), index = task % (columns.panels * chunks);
        int64_t panel = p->b_row_stride == 1 ? index / chunks : index % columns.panels;
        int64_t chunk = p->b_row_stride == 1 ? index % chunks : index / columns.panels;
        int64_t row = chunk * GEMM_PACK_ROWS, rows = gemm_least(p->k - row, GEMM_PACK_ROWS);
        int64_t begin = gemm_part(columns.vectors, panel, columns.panels) * APUS_LANES;
        int64_t end = gemm_part(columns.vectors, panel + 1, columns.panels) * APUS_LANES;
        const float *from = job->b + batch * p->b_batch_stride + row * p->b_row_stride + begin * p->b_column_stride;
        float *to = job->scratch + (batch * width + begin) * p->k + row * (end - begin);
        APUS_FN(gemm_copy)(from, p->b_row_stride, p->b_column_stride, gemm_least(end, p->n) - begin, rows, to,
                           end - begin);
    }
}

// The packed A: as written, in rows of `packed_a_stride`.

static int64_t APUS_FN(gemm_pack_a_tasks)(const gemm_shape *s) {
    return s->packed_a_count * gemm_ceiling(s->p.m, GEMM_PACK_ROWS) * gemm_ceiling(s->p.k, GEMM_PACK_ROWS);
}

/// A task packs a square block; the blocks of the same columns follow each other, as they lie in a transposed A.
static void APUS_FN(gemm_pack_a)(void *context, int64_t first, int64_t last) {
    const gemm_job *job = context;
    const gemm_shape *s = job->shape;
    const apus_gemm_parameters *p = &s->p;
    int64_t row_blocks = gemm_ceiling(p->m, GEMM_PACK_ROWS), column_blocks = gemm_ceiling(p->k, GEMM_PACK_ROWS);
    for (int64_t task = first; task < last; task++) {
        int64_t row = task % row_blocks * GEMM_PACK_ROWS, column = task / row_blocks % column_blocks * GEMM_PACK_ROWS;
        int64_t batch = task / row_blocks / column_blocks;
        const float *from = job->a + batch * p->a_batch_stride + row * p->a_row_stride + column * p->a_column_stride;
        float *to = job->scratch + s->packed_a_offset + (batch * p->m + row) * s->packed_a_stride + column;
        APUS_FN(gemm_copy)(from, p->a_row_stride, p->a_column_stride, gemm_least(p->k - column, GEMM_PACK_ROWS),
                           gemm_least(p->m - row, GEMM_PACK_ROWS), to, s->packed_a_stride);
    }
}

// MARK: Parts

static int64_t APUS_FN(gemm_sum_tasks)(const gemm_shape *s) { return gemm_ceiling(s->p.m, GEMM_SUM_ROWS); }

/// A task adds some rows of all parts.
static void APUS_FN(gemm_sum_parts)(void *context, int64_t first, int64_t last) {
    const gemm_job *job = context;
    const gemm_shape *s = job->shape;
    int64_t n = s->p.n, size = s->p.m * n, end = gemm_least(last * GEMM_SUM_ROWS, s->p.m);
    for (int64_t row = first * GEMM_SUM_ROWS; row < end; row++) {
        float *part = job->c + row * n, *to = s->transposes ? part : job->result + row * job->result_stride;
        for (int64_t i = 0; i < n; i += APUS_LANES) {
            int64_t lanes = gemm_least(n - i, APUS_LANES);
            vfloat sum = vload_first(part + i, lanes);
            for (int64_t p = 1; p < s->parts; p++) sum += vload_first(part + i + p * size, lanes);
            vstore_first(to + i, sum, lanes);
        }
    }
    if (!s->transposes) return;
    int64_t row = first * GEMM_SUM_ROWS;
    APUS_FN(gemm_copy)(job->c + row * n, 1, n, end - row, n, job->result + row, job->result_stride);
}

// MARK: Column sums

/// s[n] = or += the sum over k of up to 2 * GEMM_VECTORS vectors of B.
static void APUS_FN(gemm_sum_columns)(const float *b, int64_t row_stride, int64_t k, int64_t count, bool adds,
                                      float *sums) {
    vfloat sum[2 * GEMM_VECTORS] = {0};
    int64_t vectors = gemm_ceiling(count, APUS_LANES), last = count - (vectors - 1) * APUS_LANES;
    for (int64_t i = 0; i < k; i++, b += row_stride) {
        for (int64_t v = 0; v + 1 < vectors; v++) sum[v] += vload(b + v * APUS_LANES);
        sum[vectors - 1] += vload_first(b + (vectors - 1) * APUS_LANES, last);
    }
    for (int64_t v = 0; v < vectors; v++) {
        int64_t lanes = v == vectors - 1 ? last : APUS_LANES;
        float *to = sums + v * APUS_LANES;
        vstore_first(to, adds ? vload_first(to, lanes) + sum[v] : sum[v], lanes);
    }
}

// MARK: Epilogue

/// The sigmoid, tanh and their derivatives, over a tile just written.
static void APUS_FN(gemm_finish)(const apus_gemm_parameters *p, float *c, const float *y, int64_t rows, int64_t count) {
    for (int64_t r = 0; r < rows; r++, c += p->c_row_stride) {
        for (int64_t i = 0; i < count; i += APUS_LANES) {
            int64_t lanes = gemm_least(count - i, APUS_LANES);
            vfloat x = vload_first(c + i, lanes);
            if (!p->derivative) {
                x = p->activation == APUS_ACTIVATION_SIGMOID ? vsigmoid(x) : vtanh(x);
            } else {
                vfloat output = vload_first(y + i, lanes);
                x *= (1 - output) * (p->activation == APUS_ACTIVATION_SIGMOID ? output : 1 + output);
            }
            vstore_first(c + i, x, lanes);
        }
        if (y) y += p->c_row_stride;
    }
}

#include "gemm_dot.h"
#include "gemm_ahead.h"

// MARK: Walk

/// Computes one piece.
static void APUS_FN(gemm_compute)(const gemm_job *job, const gemm_piece *piece) {
    const apus_gemm_parameters *p = &job->shape->p;
    APUS_FN(gemm_columns) columns = APUS_FN(gemm_columns_of)(job->shape);
    int64_t batch = piece->batch, k_begin = piece->k_begin, k_end = piece->k_end;
    int64_t begin = gemm_part(columns.vectors, piece->panel, columns.panels);
    int64_t vectors = gemm_part(columns.vectors, piece->panel + 1, columns.panels) - begin;
    int64_t column = begin * APUS_LANES, count = gemm_least(p->n - column, vectors * APUS_LANES);
    bool last_block = k_end == p->k;

    APUS_FN(gemm_tile) t;
    if (job->shape->packs_b) {
        int64_t packed = job->shape->packed_b_count == 1 ? 0 : batch;
        t.b_row_stride = vectors * APUS_LANES;
        t.b = job->scratch + (packed * columns.vectors + begin) * APUS_LANES * p->k + k_begin * t.b_row_stride;
    } else {
        t.b_row_stride = p->b_row_stride;
        t.b = job->b + batch * p->b_batch_stride + k_begin * p->b_row_stride + column;
    }
    if (p->column_sums && piece->tile_begin == 0)
        APUS_FN(gemm_sum_columns)(t.b, t.b_row_stride, k_end - k_begin, count, k_begin > 0,
                                  job->sums + batch * p->n + column);

    const float *a;
    if (job->shape->packs_a) {
        int64_t packed = job->shape->packed_a_count == 1 ? 0 : batch;
        t.a_row_stride = job->shape->packed_a_stride;
        t.a_column_stride = 1;
        a = job->scratch + job->shape->packed_a_offset + packed * p->m * t.a_row_stride + k_begin;
    } else {
        t.a_row_stride = p->a_row_stride;
        t.a_column_stride = p->a_column_stride;
        a = job->a + batch * p->a_batch_stride + k_begin * p->a_column_stride;
    }
    t.c_row_stride = p->c_row_stride;
    t.k = k_end - k_begin;
    t.last = count - (vectors - 1) * APUS_LANES;
    t.alpha = p->alpha;
    t.bias = last_block && p->has_bias ? job->bias + column : NULL;
    bool relu = last_block && p->activation == APUS_ACTIVATION_RELU;
    bool finishes = last_block && p->activation > APUS_ACTIVATION_RELU;
    t.floor = relu && !p->derivative ? 0.0f : -__builtin_inff();
    for (int64_t tile = piece->tile_begin; tile < piece->tile_end; tile++) {
        int64_t row = gemm_part(p->m, tile, piece->tiles), rows = gemm_part(p->m, tile + 1, piece->tiles) - row;
        int64_t offset = piece->c_offset + column + row * p->c_row_stride;
        t.a = a + row * t.a_row_stride;
        t.c = job->c + offset;
        t.added = k_begin > piece->part_begin ? t.c : p->adds ? job->added + offset : NULL;
        t.mask = relu && p->derivative ? job->y + offset : NULL;
        APUS_FN(gemm_look_ahead)(job, piece, tile - piece->tile_begin, a, vectors, &t);
        APUS_FN(gemm_tiles)[vectors][rows](&t);
        if (finishes) APUS_FN(gemm_finish)(p, t.c, p->derivative ? job->y + offset : NULL, rows, count);
    }
}

/// The number of tasks, of equal cost: the rows times the vectors.
static int64_t APUS_FN(gemm_tasks)(const gemm_shape *s) {
    return s->p.batch * s->parts * s->p.m * APUS_FN(gemm_columns_of)(s).vectors;
}

/// Computes the tiles whose first task is in `first..<last`, counting down the rows of the first panel, then of the
/// second, and so on: two threads share the columns, and if there is one panel, its rows. Where blocks of rows follow
/// each other they are counted one by one: two threads share the rows.
static void APUS_FN(gemm_tiles_between)(void *context, int64_t first, int64_t last) {
    const gemm_job *job = context;
    const gemm_shape *s = job->shape;
    APUS_FN(gemm_columns) columns = APUS_FN(gemm_columns_of)(s);
    int64_t m = s->p.m, matrix = m * columns.vectors;
    for (int64_t index = first / matrix; index * matrix < last; index++) {
        int64_t batch = index / s->parts, part = index % s->parts;
        int64_t part_begin = gemm_part(s->p.k, part, s->parts), k = gemm_part(s->p.k, part + 1, s->parts) - part_begin;
        for (int64_t block = 0; block < s->row_blocks; block++) {
            int64_t top = gemm_part(m, block, s->row_blocks), bottom = gemm_part(m, block + 1, s->row_blocks);
            for (int64_t k_block = 0; k_block < s->k_blocks; k_block++) {
                for (int64_t panel = 0; panel < columns.panels; panel++) {
                    int64_t begin = gemm_part(columns.vectors, panel, columns.panels);
                    int64_t vectors = gemm_part(columns.vectors, panel + 1, columns.panels) - begin;
                    // The rows that are counted together, and their first task.
                    int64_t origin = s->fetches_rows ? top : 0, extent = s->fetches_rows ? bottom - top : m;
                    int64_t start = index * matrix + origin * columns.vectors + begin * extent;
                    if (start + vectors * extent <= first) continue;
                    if (start >= last) break;
                    // The rows of this panel that lie in the range and in the block.
                    int64_t from = gemm_greatest(origin + gemm_ceiling(first - start, vectors), top);
                    int64_t to = gemm_least(origin + gemm_ceiling(last - start, vectors), bottom);
                    if (from >= to) continue;
                    int64_t tiles = gemm_ceiling(m, APUS_FN(gemm_rows)[vectors]);
                    gemm_piece piece = {
                        .batch = batch,
                        .panel = panel,
                        .bottom = bottom,
                        .tiles = tiles,
                        .tile_begin = gemm_part_from(m, from, tiles),
                        .tile_end = gemm_part_from(m, to, tiles),
                        .k_begin = part_begin + gemm_part(k, k_block, s->k_blocks),
                        .part_begin = part_begin,
                        .k_end = part_begin + gemm_part(k, k_block + 1, s->k_blocks),
                        .c_offset = s->parts > 1 ? part * m * s->p.n : batch * s->p.c_batch_stride,
                        .is_first = panel == 0 || start <= first,
                    };
                    APUS_FN(gemm_compute)(job, &piece);
                }
            }
        }
    }
}

static void APUS_FN(gemm_run)(gemm_job *job, bool splits) {
    const gemm_shape *s = job->shape;
    if (s->dots) {
        gemm_for(splits, APUS_FN(gemm_dot_tasks)(s), APUS_FN(gemm_dot), job);
        return;
    }
    if (s->packs_a) gemm_for(splits, APUS_FN(gemm_pack_a_tasks)(s), APUS_FN(gemm_pack_a), job);
    if (s->packs_b) gemm_for(splits, APUS_FN(gemm_pack_b_tasks)(s), APUS_FN(gemm_pack_b), job);
    gemm_for(splits, APUS_FN(gemm_tasks)(s), APUS_FN(gemm_tiles_between), job);
    if (s->parts > 1) gemm_for(splits, APUS_FN(gemm_sum_tasks)(s), APUS_FN(gemm_sum_parts), job);
}

#undef GEMM_VECTORS
#undef GEMM_ROWS
