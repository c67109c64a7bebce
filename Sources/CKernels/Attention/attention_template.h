// Attention for one instruction set.

#include "vector_math.h"
#include "movement_vectors.h"
#include "gemm_tile.h"
#include "gemm_pack.h"

// MARK: Products

/// A product of blocks: A of any strides, the columns of B and C contiguous.
typedef struct {
    int64_t rows, columns, k;
    const float *a;
    int64_t a_row_stride, a_column_stride;
    const float *b;
    int64_t b_row_stride;
    float *c;
    int64_t c_row_stride;
    float alpha;
    bool adds;
} APUS_FN(attention_product);

/// C = alpha A B, or C += alpha A B.
static void APUS_FN(attention_multiply)(const APUS_FN(attention_product) *p) {
    int64_t all = gemm_ceiling(p->columns, APUS_LANES), panels = gemm_ceiling(all, GEMM_VECTORS);
    APUS_FN(gemm_tile) t = {.a_row_stride = p->a_row_stride,
                            .a_column_stride = p->a_column_stride,
                            .b_row_stride = p->b_row_stride,
                            .c_row_stride = p->c_row_stride,
                            .k = p->k,
                            .alpha = p->alpha,
                            .floor = -INFINITY};
    for (int64_t panel = 0; panel < panels; panel++) {
        int64_t begin = gemm_part(all, panel, panels), vectors = gemm_part(all, panel + 1, panels) - begin;
        int64_t column = begin * APUS_LANES;
        t.last = gemm_least(p->columns - column - (vectors - 1) * APUS_LANES, APUS_LANES);
        t.b = p->b + column;
        t.ahead = (const char *)t.b;
        int64_t tiles = gemm_ceiling(p->rows, APUS_FN(gemm_rows)[vectors]);
        for (int64_t tile = 0; tile < tiles; tile++) {
            int64_t row = gemm_part(p->rows, tile, tiles), rows = gemm_part(p->rows, tile + 1, tiles) - row;
            t.a = p->a + row * p->a_row_stride;
            t.c = p->c + row * p->c_row_stride + column;
            t.added = p->adds ? t.c : NULL;
            APUS_FN(gemm_tiles)[vectors][rows](&t);
        }
    }
}

// MARK: Blocks

/// A block of queries of one head: where it begins in tensors whose rows are `stride` floats apart.
typedef struct {
    const apus_attention_parameters *p;
    int64_t first, rows;
    /// The lanes of whole vectors that cover the rows.
    int64_t width;
    /// Keys behind this one are hidden from all of its queries.
    int64_t end;
    const float *q, *k, *v;
    int64_t q_stride, k_stride, v_stride, y_stride;
    float *packed_q, *weights, *most, *sum, *factor, *other;
} APUS_FN(attention_block);

static APUS_FN(attention_block) APUS_FN(attention_block_of)(const attention_job *job, int64_t sample, int64_t head,
                                                             int64_t index, float *scratch) {
    const apus_attention_parameters *p = job->p;
    int64_t group = head / (p->heads / p->groups), first = index * ATTENTION_QUERIES;
    int64_t rows = gemm_least(p->queries - first, ATTENTION_QUERIES);
    APUS_FN(attention_block) b = {.p = p,
                                  .first = first,
                                  .rows = rows,
                                  .width = gemm_ceiling(rows, APUS_LANES) * APUS_LANES,
                                  .end = p->causal ? gemm_least(p->keys, first + rows) : p->keys,
                                  .q_stride = p->heads * p->size,
                                  .k_stride = p->groups * p->size,
                                  .v_stride = p->groups * p->depth,
                                  .y_stride = p->heads * p->depth};
    b.q = job->q + (sample * p->queries + first) * b.q_stride + head * p->size;
    b.k = job->k + sample * p->keys * b.k_stride + group * p->size;
    b.v = job->v + sample * p->keys * b.v_stride + group * p->depth;
    b.most = scratch;
    b.sum = b.most + ATTENTION_QUERIES;
    b.factor = b.sum + ATTENTION_QUERIES;
    b.other = b.factor + ATTENTION_QUERIES;
    b.weights = b.other + ATTENTION_QUERIES;
    b.packed_q = b.weights + ATTENTION_KEYS * ATTENTION_QUERIES;
    return b;
}

/// Rows of a block as columns, [features, width]; what is past the last row is 0.
static void APUS_FN(attention_pack)(const float *rows, int64_t count, int64_t stride, int64_t features, float *to,
                                    int64_t width) {
    if (count < width)
        for (int64_t i = 0; i < features; i++) vstore(to + i * width + width - APUS_LANES, vsplat(0));
    APUS_FN(gemm_copy)(rows, 1, stride, count, features, to, width);
}

/// The products of some keys with the block's queries, [keys, width]; those of hidden keys are -infinity.
static void APUS_FN(attention_scores)(const APUS_FN(attention_block) *b, int64_t key, int64_t keys) {
    const apus_attention_parameters *p = b->p;
    APUS_FN(attention_product) product = {.rows = keys,
                                          .columns = b->width,
                                          .k = p->size,
                                          .a = b->k + key * b->k_stride,
                                          .a_row_stride = b->k_stride,
                                          .a_column_stride = 1,
                                          .b = b->packed_q,
                                          .b_row_stride = b->width,
                                          .c = b->weights,
                                          .c_row_stride = b->width,
                                          .alpha = p->scale};
    APUS_FN(attention_multiply)(&product);
    if (!p->causal) return;
    for (int64_t i = gemm_greatest(0, b->first + 1 - key); i < keys; i++) {
        // Queries before this key.
        int64_t hidden = gemm_least(key + i - b->first, b->width);
        for (int64_t lane = 0; lane < hidden; lane++) b->weights[i * b->width + lane] = -INFINITY;
    }
}

/// e^x for x <= 0, and 0 where it would be denormal.
MATH_INLINE vfloat APUS_FN(attention_exp)(vfloat x) {
    vint tiny = x < -87.0f;
    return vselect(tiny, vsplat(0.0f), vexp(vselect(tiny, vsplat(-87.0f), x)));
}

/// Takes some more keys into account: the largest product of each query, the sum of exponentials, the factor of what was
/// added up before; products become exponentials.
static void APUS_FN(attention_exponentials)(const APUS_FN(attention_block) *b, int64_t keys, bool is_first) {
    for (int64_t lane = 0; lane < b->width; lane += APUS_LANES) {
        float *weights = b->weights + lane;
        vfloat most = is_first ? vload(weights) : vload(b->most + lane), before = most;
        for (int64_t i = 0; i < keys; i++) {
            vfloat x = vload(weights + i * b->width);
            most = VECTOR_GREATER(x, most);
        }
        vfloat sum = {0};
        for (int64_t i = 0; i < keys; i++) {
            vfloat x = APUS_FN(attention_exp)(vload(weights + i * b->width) - most);
            vstore(weights + i * b->width, x);
            sum += x;
        }
        if (!is_first) {
            vfloat factor = APUS_FN(attention_exp)(before - most);
            vstore(b->factor + lane, factor);
            sum = vload(b->sum + lane) * factor + sum;
        }
        vstore(b->most + lane, most);
        vstore(b->sum + lane, sum);
    }
}

/// Multiplies the rows of a block by a number each.
static void APUS_FN(attention_scale)(float *rows, int64_t count, int64_t stride, int64_t columns, const float *factor) {
    for (int64_t r = 0; r < count; r++) {
        float *row = rows + r * stride;
        for (int64_t i = 0; i < columns; i += APUS_LANES) {
            int64_t lanes = gemm_least(columns - i, APUS_LANES);
            vstore_first(row + i, vload_first(row + i, lanes) * factor[r], lanes);
        }
    }
}

/// log sum exp of each query's products: from the largest and the sum.
static void APUS_FN(attention_logarithms)(const APUS_FN(attention_block) *b, float *to) {
    for (int64_t lane = 0; lane < b->width; lane += APUS_LANES)
        vstore(to + lane, vload(b->most + lane) + vlog(vload(b->sum + lane)));
}

// MARK: Forward

static void APUS_FN(attention_forward_task)(const attention_job *job, int64_t task, float *scratch) {
    const apus_attention_parameters *p = job->p;
    int64_t blocks = gemm_ceiling(p->queries, ATTENTION_QUERIES), line = task / blocks;
    int64_t sample = line / p->heads, head = line % p->heads;
    APUS_FN(attention_block) b = APUS_FN(attention_block_of)(job, sample, head, task % blocks, scratch);
    float *y = job->y + (sample * p->queries + b.first) * b.y_stride + head * p->depth;
    if (b.end == 0) {
        for (int64_t r = 0; r < b.rows; r++) memset(y + r * b.y_stride, 0, (size_t)p->depth * sizeof(float));
        return;
    }
    APUS_FN(attention_pack)(b.q, b.rows, b.q_stride, p->size, b.packed_q, b.width);
    for (int64_t key = 0; key < b.end; key += ATTENTION_KEYS) {
        int64_t keys = gemm_least(b.end - key, ATTENTION_KEYS);
        APUS_FN(attention_scores)(&b, key, keys);
        APUS_FN(attention_exponentials)(&b, keys, key == 0);
        if (key > 0) APUS_FN(attention_scale)(y, b.rows, b.y_stride, p->depth, b.factor);
        APUS_FN(attention_product) product = {.rows = b.rows,
                                              .columns = p->depth,
                                              .k = keys,
                                              .a = b.weights,
                                              .a_row_stride = 1,
                                              .a_column_stride = b.width,
                                              .b = b.v + key * b.v_stride,
                                              .b_row_stride = b.v_stride,
                                              .c = y,
                                              .c_row_stride = b.y_stride,
                                              .alpha = 1,
                                              .adds = key > 0};
        APUS_FN(attention_multiply)(&product);
    }
    for (int64_t lane = 0; lane < b.width; lane += APUS_LANES) vstore(b.factor + lane, 1 / vload(b.sum + lane));
    APUS_FN(attention_scale)(y, b.rows, b.y_stride, p->depth, b.factor);
    if (!job->statistics) return;
    APUS_FN(attention_logarithms)(&b, b.other);
    memcpy(job->statistics + line * p->queries + b.first, b.other, (size_t)b.rows * sizeof(float));
}

static void APUS_FN(attention_forward)(void *context, int64_t first, int64_t last) {
    const attention_job *job = context;
    for (int64_t worker = first; worker < last; worker++)
        for (int64_t task = gemm_part(job->tasks, worker, job->workers);
             task < gemm_part(job->tasks, worker + 1, job->workers); task++)
            APUS_FN(attention_forward_task)(job, task, job->scratch + worker * job->scratch_size);
}

// MARK: Backward

/// The dot products of rows of g and y: what the gradients of weights have in common.
static void APUS_FN(attention_dots)(const float *g, const float *y, int64_t rows, int64_t stride, int64_t columns,
                                    float *dots) {
    for (int64_t r = 0; r < rows; r++) {
        vfloat sum = {0};
        for (int64_t i = 0; i < columns; i += APUS_LANES) {
            int64_t lanes = gemm_least(columns - i, APUS_LANES);
            sum += vload_first(g + r * stride + i, lanes) * vload_first(y + r * stride + i, lanes);
        }
        dots[r] = vsum(sum);
    }
}

/// Weights from products and the logarithms of their sums; and their gradients times the weights, in the place of `dots`.
static void APUS_FN(attention_weights)(const APUS_FN(attention_block) *b, int64_t keys, const float *logarithms,
                                       const float *dots, float *gradients) {
    for (int64_t i = 0; i < keys; i++) {
        for (int64_t lane = 0; lane < b->width; lane += APUS_LANES) {
            int64_t at = i * b->width + lane;
            vfloat x = vload(b->weights + at) - vload(logarithms + lane);
            vfloat weight = APUS_FN(attention_exp)(vselect(x > 0.0f, vsplat(0.0f), x));
            vstore(b->weights + at, weight);
            vstore(gradients + at, weight * (vload(gradients + at) - vload(dots + lane)));
        }
    }
}

/// A block of queries: its own gradient, and what it adds to those of all keys and values that it sees.
static void APUS_FN(attention_backward_block)(const attention_job *job, int64_t sample, int64_t head, int64_t index,
                                              float *scratch) {
    const apus_attention_parameters *p = job->p;
    APUS_FN(attention_block) b = APUS_FN(attention_block_of)(job, sample, head, index, scratch);
    int64_t row = sample * p->queries + b.first, group = head / (p->heads / p->groups);
    const float *g = job->g + row * b.y_stride + head * p->depth, *y = job->y + (g - job->g);
    float *dq = job->dq ? job->dq + row * b.q_stride + head * p->size : NULL;
    float *dk = job->dk ? job->dk + sample * p->keys * b.k_stride + group * p->size : NULL;
    float *dv = job->dv ? job->dv + sample * p->keys * b.v_stride + group * p->depth : NULL;
    float *packed_g = b.packed_q + p->size * ATTENTION_QUERIES;
    float *gradients = packed_g + p->depth * ATTENTION_QUERIES, *logarithms = b.factor, *dots = b.other;

    APUS_FN(attention_pack)(b.q, b.rows, b.q_stride, p->size, b.packed_q, b.width);
    APUS_FN(attention_pack)(g, b.rows, b.y_stride, p->depth, packed_g, b.width);
    memset(dots, 0, ATTENTION_QUERIES * sizeof(float));
    APUS_FN(attention_dots)(g, y, b.rows, b.y_stride, p->depth, dots);
    if (job->is_known) {
        memset(logarithms, 0, ATTENTION_QUERIES * sizeof(float));
        memcpy(logarithms, job->statistics + (sample * p->heads + head) * p->queries + b.first,
               (size_t)b.rows * sizeof(float));
    } else {
        for (int64_t key = 0; key < b.end; key += ATTENTION_KEYS) {
            int64_t keys = gemm_least(b.end - key, ATTENTION_KEYS);
            APUS_FN(attention_scores)(&b, key, keys);
            APUS_FN(attention_exponentials)(&b, keys, key == 0);
        }
        APUS_FN(attention_logarithms)(&b, logarithms);
    }
    for (int64_t key = 0; key < b.end; key += ATTENTION_KEYS) {
        int64_t keys = gemm_least(b.end - key, ATTENTION_KEYS);
        APUS_FN(attention_scores)(&b, key, keys);
        APUS_FN(attention_product) product = {.rows = keys,
                                              .columns = b.width,
                                              .k = p->depth,
                                              .a = b.v + key * b.v_stride,
                                              .a_row_stride = b.v_stride,
                                              .a_column_stride = 1,
                                              .b = packed_g,
                                              .b_row_stride = b.width,
                                              .c = gradients,
                                              .c_row_stride = b.width,
                                              .alpha = 1};
        APUS_FN(attention_multiply)(&product);
        APUS_FN(attention_weights)(&b, keys, logarithms, dots, gradients);
        if (dv) {
            product = (APUS_FN(attention_product)){.rows = keys,
                                                   .columns = p->depth,
                                                   .k = b.rows,
                                                   .a = b.weights,
                                                   .a_row_stride = b.width,
                                                   .a_column_stride = 1,
                                                   .b = g,
                                                   .b_row_stride = b.y_stride,
                                                   .c = dv + key * b.v_stride,
                                                   .c_row_stride = b.v_stride,
                                                   .alpha = 1,
                                                   .adds = true};
            APUS_FN(attention_multiply)(&product);
        }
        if (dk) {
            product = (APUS_FN(attention_product)){.rows = keys,
                                                   .columns = p->size,
                                                   .k = b.rows,
                                                   .a = gradients,
                                                   .a_row_stride = b.width,
                                                   .a_column_stride = 1,
                                                   .b = b.q,
                                                   .b_row_stride = b.q_stride,
                                                   .c = dk + key * b.k_stride,
                                                   .c_row_stride = b.k_stride,
                                                   .alpha = p->scale,
                                                   .adds = true};
            APUS_FN(attention_multiply)(&product);
        }
        if (dq) {
            product = (APUS_FN(attention_product)){.rows = b.rows,
                                                   .columns = p->size,
                                                   .k = keys,
                                                   .a = gradients,
                                                   .a_row_stride = 1,
                                                   .a_column_stride = b.width,
                                                   .b = b.k + key * b.k_stride,
                                                   .b_row_stride = b.k_stride,
                                                   .c = dq,
                                                   .c_row_stride = b.q_stride,
                                                   .alpha = p->scale,
                                                   .adds = key > 0};
            APUS_FN(attention_multiply)(&product);
        }
    }
}

/// Zeros in the rows of one head.
static void APUS_FN(attention_clear)(float *rows, int64_t count, int64_t stride, int64_t columns) {
    for (int64_t i = 0; i < count; i++) memset(rows + i * stride, 0, (size_t)columns * sizeof(float));
}

/// A head of keys and values of one sample, with all queries that it serves.
static void APUS_FN(attention_backward_task)(const attention_job *job, int64_t task, float *scratch) {
    const apus_attention_parameters *p = job->p;
    int64_t sample = task / p->groups, group = task % p->groups, heads = p->heads / p->groups;
    int64_t keys = sample * p->keys, queries = sample * p->queries;
    if (job->dk)
        APUS_FN(attention_clear)(job->dk + keys * p->groups * p->size + group * p->size, p->keys, p->groups * p->size,
                                 p->size);
    if (job->dv)
        APUS_FN(attention_clear)(job->dv + keys * p->groups * p->depth + group * p->depth, p->keys,
                                 p->groups * p->depth, p->depth);
    if (p->keys == 0 && job->dq)
        APUS_FN(attention_clear)(job->dq + queries * p->heads * p->size + group * heads * p->size, p->queries,
                                 p->heads * p->size, heads * p->size);
    for (int64_t head = group * heads; head < (group + 1) * heads && p->keys > 0; head++)
        for (int64_t index = 0; index < gemm_ceiling(p->queries, ATTENTION_QUERIES); index++)
            APUS_FN(attention_backward_block)(job, sample, head, index, scratch);
}

static void APUS_FN(attention_backward)(void *context, int64_t first, int64_t last) {
    const attention_job *job = context;
    for (int64_t worker = first; worker < last; worker++)
        for (int64_t task = gemm_part(job->tasks, worker, job->workers);
             task < gemm_part(job->tasks, worker + 1, job->workers); task++)
            APUS_FN(attention_backward_task)(job, task, job->scratch + worker * job->scratch_size);
}

#undef GEMM_VECTORS
#undef GEMM_ROWS
