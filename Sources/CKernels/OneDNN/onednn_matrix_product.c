// Matrix products by oneDNN, for bfloat16 above all: float32 has a kernel of our own.
#include "onednn_plan.h"

#include <stdio.h>

/// What is wrong with a shape; NULL: nothing.
static const char *fault(const apus_onednn_matrix_shape *s) {
    if (s->batch < 1 || s->m < 1 || s->n < 1 || s->k < 1) return "extents must be positive";
    if (s->a_row_stride != 1 && s->a_column_stride != 1) return "neither rows nor columns of A are contiguous";
    if (s->b_row_stride != 1 && s->b_column_stride != 1) return "neither rows nor columns of B are contiguous";
    if (s->batch > 1 && s->c_batch_stride == 0) return "the products lie on each other";
    if (onednn_type(s->type) == dnnl_data_type_undef) return "matrices are float32 or bfloat16";
    if (s->result_type != APUS_FLOAT32 && s->result_type != s->type) return "the result is float32, or as A and B";
    return NULL;
}

/// A batch of matrices; without the batch axis if no operand has more than one.
static void describe(onednn_builder *b, descriptor *d, int64_t batch, int64_t rows, int64_t columns,
                     int64_t batch_stride, int64_t row_stride, int64_t column_stride, int32_t type) {
    if (b->status != dnnl_success) return;
    // A stride along an axis of extent 1 means nothing, but the library checks it and chooses by it.
    if (columns == 1 && row_stride != 1) column_stride = 1;
    if (columns == 1 && row_stride == 1) column_stride = rows;
    if (rows == 1) row_stride = column_stride == 1 ? columns : 1;
    // One matrix for all products.
    bool is_shared = batch > 1 && batch_stride == 0;
    int64_t longest = row_stride * rows > column_stride * columns ? row_stride * rows : column_stride * columns;
    dnnl_dims_t dims = {is_shared ? 1 : batch, rows, columns};
    dnnl_dims_t strides = {is_shared || batch == 1 ? longest : batch_stride, row_stride, column_stride};
    int skipped = batch == 1 ? 1 : 0;
    b->status = descriptor_by_strides(d, 3 - skipped, dims + skipped, onednn_type(type), strides + skipped);
}

static dnnl_status_t list(onednn_builder *b, const descriptor *a, const descriptor *weights, const descriptor *result,
                          implementations *all) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_matmul_primitive_desc_create(all, b->engine, reference(a), reference(weights), NULL, reference(result),
                                             b->attributes);
#else
    dnnl_matmul_desc_t *operation = &b->operation.product;
    dnnl_status_t status = dnnl_matmul_desc_init(operation, a, weights, NULL, result);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_iterator_create(all, operation, b->attributes, b->engine, NULL);
#endif
}

/// A column as the transposed product of rows, Cᵀ = Bᵀ Aᵀ, because the library has no good kernels for columns.
static apus_onednn_matrix_shape transposed(const apus_onednn_matrix_shape *s) {
    return (apus_onednn_matrix_shape){
        .batch = s->batch,
        .m = s->n,
        .n = s->m,
        .k = s->k,
        .a_batch_stride = s->b_batch_stride,
        .a_row_stride = s->b_column_stride,
        .a_column_stride = s->b_row_stride,
        .b_batch_stride = s->a_batch_stride,
        .b_row_stride = s->a_column_stride,
        .b_column_stride = s->a_row_stride,
        .c_batch_stride = s->c_batch_stride,
        .c_row_stride = s->m,
        .type = s->type,
        .result_type = s->result_type,
    };
}

apus_onednn_plan *apus_onednn_matrix_product(const apus_onednn_matrix_shape *shape, int *status, char *message,
                                             size_t message_size) {
    onednn_builder b = onednn_begin(
        3, 2.0 * (double)shape->batch * (double)shape->m * (double)shape->n * (double)shape->k);
    const char *reason = fault(shape);
    if (reason) onednn_reject(&b, reason);
    bool is_column = shape->n == 1 && shape->c_row_stride == 1;
    const apus_onednn_matrix_shape rows = is_column ? transposed(shape) : *shape, *s = &rows;
    int left_buffer = is_column ? 1 : 0, right_buffer = is_column ? 0 : 1;
    descriptor left, right, result;
    memset(&left, 0, sizeof left);
    memset(&right, 0, sizeof right);
    memset(&result, 0, sizeof result);
    describe(&b, &left, s->batch, s->m, s->k, s->a_batch_stride, s->a_row_stride, s->a_column_stride, s->type);
    describe(&b, &right, s->batch, s->k, s->n, s->b_batch_stride, s->b_row_stride, s->b_column_stride, s->type);
    describe(&b, &result, s->batch, s->m, s->n, s->c_batch_stride, s->c_row_stride, 1, s->result_type);

    implementations all = NULL;
    if (b.status == dnnl_success) b.status = list(&b, &left, &right, &result, &all);
    dnnl_primitive_desc_t pd = onednn_choose(&b, all);
    onednn_name(&b, pd);
    if (b.status == dnnl_success) {
        dnnl_exec_arg_t arguments[] = {
            {DNNL_ARG_SRC, onednn_memory(&b, reference(&left), left_buffer)},
            {DNNL_ARG_WEIGHTS, onednn_memory(&b, reference(&right), right_buffer)},
            {DNNL_ARG_DST, onednn_memory(&b, reference(&result), 2)},
        };
        onednn_append(&b, pd, 3, arguments);
    }
    if (pd) dnnl_primitive_desc_destroy(pd);
    descriptor_destroy(&left);
    descriptor_destroy(&right);
    descriptor_destroy(&result);

    char what[160];
    snprintf(what, sizeof what, "%lld products of [%lld, %lld] and [%lld, %lld] in %s", (long long)shape->batch,
             (long long)shape->m, (long long)shape->k, (long long)shape->k, (long long)shape->n,
             shape->type == APUS_BFLOAT16 ? "bfloat16" : "float32");
    return onednn_finish(&b, what, status, message, message_size);
}
