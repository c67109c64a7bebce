// Backward: a task is a head of keys and values with all queries that it serves. Part of attention_template.h.

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

/// Zeros in the rows of one head.
static void APUS_FN(attention_clear)(float *rows, int64_t count, int64_t stride, int64_t columns) {
    for (int64_t i = 0; i < count; i++) memset(rows + i * stride, 0, (size_t)columns * sizeof(float));
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
    if (b.end == 0 && dq) APUS_FN(attention_clear)(dq, b.rows, b.q_stride, p->size);
    if (b.end == 0) return;
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
