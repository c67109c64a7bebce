// What both passes of attention do with a block of queries: products, exponentials, sums. Part of attention_template.h.

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
    /// What the mask says of the first query and the first key: bytes or floats, as the parameters say.
    const uint8_t *seen;
    const float *added;
    int64_t q_stride, k_stride, v_stride, y_stride;
    float *packed_q, *weights, *most, *sum, *factor, *other;
} APUS_FN(attention_block);

static APUS_FN(attention_block)
    APUS_FN(attention_block_of)(const attention_job *job, int64_t sample, int64_t head, int64_t index, float *scratch) {
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
    int64_t mask = sample * p->mask_strides[0] + head * p->mask_strides[1] + first * p->mask_strides[2];
    if (p->mask == APUS_ATTENTION_SEEN) b.seen = (const uint8_t *)job->mask + mask;
    if (p->mask == APUS_ATTENTION_ADDED) b.added = (const float *)job->mask + mask;
    // Padding stands behind what counts.
    while (b.seen && p->mask_strides[2] == 0 && b.end > 0 && !b.seen[(b.end - 1) * p->mask_strides[3]]) b.end--;
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

/// What the mask does to the products of some keys with the block's queries.
static void APUS_FN(attention_mask)(const APUS_FN(attention_block) *b, int64_t key, int64_t keys) {
    int64_t query_stride = b->p->mask_strides[2], key_stride = b->p->mask_strides[3];
    for (int64_t i = 0; i < keys; i++) {
        float *weights = b->weights + i * b->width;
        int64_t at = (key + i) * key_stride;
        if (query_stride == 0 && b->seen) {
            for (int64_t lane = 0; lane < b->width && !b->seen[at]; lane++) weights[lane] = -INFINITY;
        } else if (query_stride == 0) {
            for (int64_t lane = 0; lane < b->width; lane++) weights[lane] += b->added[at];
        } else if (b->seen) {
            for (int64_t lane = 0; lane < b->rows; lane++)
                weights[lane] = b->seen[at + lane * query_stride] ? weights[lane] : -INFINITY;
        } else {
            for (int64_t lane = 0; lane < b->rows; lane++) weights[lane] += b->added[at + lane * query_stride];
        }
    }
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
    if (p->mask != APUS_ATTENTION_NO_MASK) APUS_FN(attention_mask)(b, key, keys);
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
        // A query that has seen nothing yet has a finite largest product all the same.
        vfloat first = b->p->mask ? vsplat(-FLT_MAX) : vload(weights);
        vfloat most = is_first ? first : vload(b->most + lane), before = most;
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

/// log sum exp of each query's products, from the largest and the sum; infinity for a query that saw nothing, all of whose
/// weights it makes 0.
static void APUS_FN(attention_logarithms)(const APUS_FN(attention_block) *b, float *to) {
    for (int64_t lane = 0; lane < b->width; lane += APUS_LANES) {
        vfloat sum = vload(b->sum + lane);
        vstore(to + lane, vselect(sum == 0.0f, vsplat(INFINITY), vload(b->most + lane) + vlog(sum)));
    }
}
