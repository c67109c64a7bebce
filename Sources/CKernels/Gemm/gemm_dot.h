// Few rows times a transposed B: dot products along the contiguous k of both, since copying B would take longer than
// multiplying. Part of gemm_template.h.

enum { APUS_FN(gemm_dot_columns) = 8 };

/// The dot products of a row of A with 8 columns of B, each summed in APUS_LANES parts that are added in pairs.
static inline __attribute__((always_inline)) void APUS_FN(gemm_dots)(const float *a, const float *b,
                                                                     int64_t column_stride, int64_t k, float *dots) {
    vfloat sum[APUS_FN(gemm_dot_columns)] = {0};
    int64_t i = 0;
    for (; i + APUS_LANES <= k; i += APUS_LANES) {
        vfloat x = vload(a + i);
#pragma clang loop unroll(full)
        for (int c = 0; c < APUS_FN(gemm_dot_columns); c++) sum[c] = x * vload(b + i + c * column_stride) + sum[c];
    }
    if (i < k) {
        vfloat x = vload_first(a + i, k - i);
#pragma clang loop unroll(full)
        for (int c = 0; c < APUS_FN(gemm_dot_columns); c++)
            sum[c] = x * vload_first(b + i + c * column_stride, k - i) + sum[c];
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < APUS_FN(gemm_dot_columns); c++) {
        float lanes[APUS_LANES];
        vstore(lanes, sum[c]);
#pragma clang loop unroll(full)
        for (int half = APUS_LANES / 2; half > 0; half /= 2)
#pragma clang loop unroll(full)
            for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
        dots[c] = lanes[0];
    }
}

static int64_t APUS_FN(gemm_dot_tasks)(const gemm_shape *s) {
    return s->p.batch * gemm_ceiling(s->p.n, APUS_FN(gemm_dot_columns));
}

/// A task computes up to 8 columns of one matrix.
static void APUS_FN(gemm_dot)(void *context, int64_t first, int64_t last) {
    const gemm_job *job = context;
    const apus_gemm_parameters *p = &job->shape->p;
    int64_t groups = gemm_ceiling(p->n, APUS_FN(gemm_dot_columns));
    for (int64_t task = first; task < last; task++) {
        int64_t batch = task / groups, column = task % groups * APUS_FN(gemm_dot_columns);
        int64_t count = gemm_least(p->n - column, APUS_FN(gemm_dot_columns));
        const float *b = job->b + batch * p->b_batch_stride + column * p->b_column_stride;
        for (int64_t row = 0; row < p->m; row++) {
            const float *a = job->a + batch * p->a_batch_stride + row * p->a_row_stride;
            float dots[APUS_FN(gemm_dot_columns)];
            // A last group takes its columns one by one, each in the place of all eight.
            if (count == APUS_FN(gemm_dot_columns))
                APUS_FN(gemm_dots)(a, b, p->b_column_stride, p->k, dots);
            else
                for (int64_t c = 0; c < count; c++) {
                    float same[APUS_FN(gemm_dot_columns)];
                    APUS_FN(gemm_dots)(a, b + c * p->b_column_stride, 0, p->k, same);
                    dots[c] = same[0];
                }
            int64_t offset = batch * p->c_batch_stride + row * p->c_row_stride + column;
            float *c = job->c + offset;
            for (int64_t j = 0; j < count; j++) {
                float x = dots[j] * p->alpha;
                if (p->adds) x += job->added[offset + j];
                if (p->has_bias) x += job->bias[column + j];
                if (p->activation == APUS_ACTIVATION_RELU)
                    x = p->derivative ? (job->y[offset + j] > 0 ? x : 0) : (x < 0 ? 0 : x);
                c[j] = x;
            }
            if (p->activation > APUS_ACTIVATION_RELU)
                APUS_FN(gemm_finish)(p, c, p->derivative ? job->y + offset : NULL, 1, count);
        }
    }
}
