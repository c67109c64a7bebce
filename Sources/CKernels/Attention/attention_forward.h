// Forward: a task is a block of queries of one head. Part of attention_template.h.

static void APUS_FN(attention_forward_task)(const attention_job *job, int64_t task, float *scratch) {
    const apus_attention_parameters *p = job->p;
    int64_t blocks = gemm_ceiling(p->queries, ATTENTION_QUERIES), line = task / blocks;
    int64_t sample = line / p->heads, head = line % p->heads;
    APUS_FN(attention_block) b = APUS_FN(attention_block_of)(job, sample, head, task % blocks, scratch);
    float *y = job->y + (sample * p->queries + b.first) * b.y_stride + head * p->depth;
    if (b.end == 0) {
        for (int64_t r = 0; r < b.rows; r++) {
            memset(y + r * b.y_stride, 0, (size_t)p->depth * sizeof(float));
            if (job->statistics) job->statistics[line * p->queries + b.first + r] = INFINITY;
        }
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
    for (int64_t lane = 0; lane < b.width; lane += APUS_LANES) {
        vfloat sum = vload(b.sum + lane);
        vstore(b.factor + lane, vselect(sum == 0.0f, sum, 1 / sum));
    }
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
