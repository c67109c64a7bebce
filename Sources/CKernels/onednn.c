#include "apus_onednn.h"
#include "onednn_common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int omp_get_max_threads(void);
void omp_set_num_threads(int count);

// MARK: Engine

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine = NULL;
static dnnl_stream_t stream = NULL;
static dnnl_status_t engine_status = dnnl_success;

static void make_engine(void) {
    engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
    if (engine_status == dnnl_success) engine_status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
}

/// oneDNN uses as many threads as libgomp offers, and plans for that number.
static void match_thread_count(void) {
    int count = apus_thread_count();
    if (omp_get_max_threads() != count) omp_set_num_threads(count);
}

void apus_onednn_version(int *major, int *minor, int *patch) {
    const dnnl_version_t *version = dnnl_version();
    *major = version->major;
    *minor = version->minor;
    *patch = version->patch;
}

// MARK: Plans

enum { MEMORY_IMAGE, MEMORY_KERNEL, MEMORY_BIAS, MEMORY_RESULT, MEMORY_SCRATCH, MEMORY_PLAIN_KERNEL, MEMORY_COUNT };

struct apus_onednn_plan {
    enum apus_onednn_direction direction;
    dnnl_primitive_t primitive;
    /// Between the kernel as given and oneDNN's order; NULL where they are the same.
    dnnl_primitive_t reorder;
    dnnl_memory_t memory[MEMORY_COUNT];
    dnnl_exec_arg_t arguments[5], reorder_arguments[2];
    int argument_count;
    bool has_bias;
    int64_t kernel_bytes, scratch_bytes;
    char name[64];
};

static int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

/// Describes images as N H W C, the kernel as oneDNN likes it, or as it lies in memory if `plain`.
static dnnl_status_t describe(const apus_onednn_convolution_shape *s, convolution_descriptors *d, descriptor *plain_kernel) {
    dnnl_data_type_t type = s->type == APUS_BFLOAT16 ? dnnl_bf16 : dnnl_f32;
    int64_t out_h = (s->h + s->pad_top + s->pad_bottom - s->dilation_h * (s->kernel_h - 1) - 1) / s->stride_h + 1;
    int64_t out_w = (s->w + s->pad_left + s->pad_right - s->dilation_w * (s->kernel_w - 1) - 1) / s->stride_w + 1;
    int64_t in = s->in_channels, out = s->out_channels, groups = s->groups, group_in = in / groups;

    dnnl_dims_t image = {s->n, in, s->h, s->w}, image_strides = {s->h * s->w * in, 1, s->w * in, in};
    dnnl_dims_t result = {s->n, out, out_h, out_w}, result_strides = {out_h * out_w * out, 1, out_w * out, out};
    dnnl_status_t status = descriptor_by_strides(&d->image, 4, image, type, image_strides);
    if (status == dnnl_success) status = descriptor_by_strides(&d->result, 4, result, type, result_strides);

    dnnl_dims_t kernel = {groups, out / groups, group_in, s->kernel_h, s->kernel_w};
    dnnl_dims_t strides = {out / groups, 1, out, s->kernel_w * group_in * out, group_in * out};
    // Without groups the first axis is left out.
    int skipped = groups == 1 ? 1 : 0, rank = 5 - skipped;
    if (status == dnnl_success) status = descriptor_by_strides(plain_kernel, rank, kernel + skipped, dnnl_f32, strides + skipped);
    if (status == dnnl_success) status = descriptor_of_any_order(&d->kernel, rank, kernel + skipped, type);
    if (status == dnnl_success && s->has_bias) {
        dnnl_dims_t bias = {out}, unit = {1};
        status = descriptor_by_strides(&d->bias, 1, bias, dnnl_f32, unit);
    }
    memcpy(d->strides, (dnnl_dims_t){s->stride_h, s->stride_w}, sizeof(dnnl_dims_t));
    memcpy(d->dilation, (dnnl_dims_t){s->dilation_h - 1, s->dilation_w - 1}, sizeof(dnnl_dims_t));
    memcpy(d->padding_before, (dnnl_dims_t){s->pad_top, s->pad_left}, sizeof(dnnl_dims_t));
    // oneDNN counts the padding that windows reach, which may be less than what was asked for.
    int64_t after_h = (out_h - 1) * s->stride_h + s->dilation_h * (s->kernel_h - 1) + 1 - s->h - s->pad_top;
    int64_t after_w = (out_w - 1) * s->stride_w + s->dilation_w * (s->kernel_w - 1) + 1 - s->w - s->pad_left;
    memcpy(d->padding_after, (dnnl_dims_t){after_h, after_w}, sizeof(dnnl_dims_t));
    return status;
}

#if DNNL_VERSION_MAJOR >= 3

static dnnl_status_t create_descriptor(
    enum apus_onednn_direction direction, const convolution_descriptors *d, dnnl_primitive_attr_t attributes,
    dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *pd) {
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    switch (direction) {
    case APUS_ONEDNN_FORWARD:
        return dnnl_convolution_forward_primitive_desc_create(
            pd, engine, dnnl_forward_training, direct, reference(&d->image), reference(&d->kernel), reference(&d->bias),
            reference(&d->result), d->strides, d->dilation, d->padding_before, d->padding_after, attributes);
    case APUS_ONEDNN_INPUT_GRADIENT:
        return dnnl_convolution_backward_data_primitive_desc_create(
            pd, engine, direct, reference(&d->image), reference(&d->kernel), reference(&d->result), d->strides, d->dilation,
            d->padding_before, d->padding_after, hint, attributes);
    default:
        return dnnl_convolution_backward_weights_primitive_desc_create(
            pd, engine, direct, reference(&d->image), reference(&d->kernel), reference(&d->bias), reference(&d->result),
            d->strides, d->dilation, d->padding_before, d->padding_after, hint, attributes);
    }
}

/// The first implementation that is no last resort, else the first.
static dnnl_status_t choose(
    enum apus_onednn_direction direction, const convolution_descriptors *d, dnnl_primitive_attr_t attributes,
    dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *pd) {
    dnnl_status_t status = create_descriptor(direction, d, attributes, hint, pd);
    if (status != dnnl_success || !is_last_resort(*pd)) return status;
    dnnl_primitive_desc_t other;
    if (dnnl_primitive_desc_clone(&other, *pd) != dnnl_success) return dnnl_success;
    while (dnnl_primitive_desc_next_impl(other) == dnnl_success) {
        if (is_last_resort(other)) continue;
        dnnl_primitive_desc_destroy(*pd);
        *pd = other;
        return dnnl_success;
    }
    dnnl_primitive_desc_destroy(other);
    return dnnl_success;
}

#else

static dnnl_status_t choose(
    enum apus_onednn_direction direction, const convolution_descriptors *d, dnnl_primitive_attr_t attributes,
    dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *pd) {
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_convolution_desc_t convolution;
    dnnl_status_t status;
    switch (direction) {
    case APUS_ONEDNN_FORWARD:
        status = dnnl_dilated_convolution_forward_desc_init(
            &convolution, dnnl_forward_training, direct, &d->image, &d->kernel, reference(&d->bias), &d->result, d->strides,
            d->dilation, d->padding_before, d->padding_after);
        break;
    case APUS_ONEDNN_INPUT_GRADIENT:
        status = dnnl_dilated_convolution_backward_data_desc_init(
            &convolution, direct, &d->image, &d->kernel, &d->result, d->strides, d->dilation, d->padding_before,
            d->padding_after);
        break;
    default:
        status = dnnl_dilated_convolution_backward_weights_desc_init(
            &convolution, direct, &d->image, &d->kernel, reference(&d->bias), &d->result, d->strides, d->dilation,
            d->padding_before, d->padding_after);
    }
    if (status != dnnl_success) return status;
    dnnl_primitive_desc_iterator_t iterator;
    status = dnnl_primitive_desc_iterator_create(&iterator, &convolution, attributes, engine, hint);
    if (status != dnnl_success) return status;
    // The first implementation that is no last resort, else the first.
    *pd = NULL;
    do {
        dnnl_primitive_desc_t candidate = dnnl_primitive_desc_iterator_fetch(iterator);
        if (!candidate) break;
        bool is_good = !is_last_resort(candidate);
        if (*pd && is_good) {
            dnnl_primitive_desc_destroy(*pd);
            *pd = NULL;
        }
        if (!*pd) *pd = candidate;
        else dnnl_primitive_desc_destroy(candidate);
        if (is_good) break;
    } while (dnnl_primitive_desc_iterator_next(iterator) == dnnl_success);
    dnnl_primitive_desc_iterator_destroy(iterator);
    return *pd ? dnnl_success : dnnl_unimplemented;
}

#endif

static dnnl_status_t make_attributes(const apus_onednn_convolution_shape *s, bool fuses, dnnl_primitive_attr_t *attributes) {
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    // The library's own scratch memory belongs to the thread that made the primitive; another thread would crash.
    if (status == dnnl_success) status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && fuses && s->relu) {
        dnnl_post_ops_t operations;
        status = dnnl_post_ops_create(&operations);
        if (status != dnnl_success) return status;
#if DNNL_VERSION_MAJOR >= 3
        status = dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_relu, 0, 0);
#else
        status = dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
#endif
        if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*attributes, operations);
        dnnl_post_ops_destroy(operations);
    }
    return status;
}

static dnnl_status_t make_memory(dnnl_memory_t *memory, descriptor_reference d) {
    return dnnl_memory_create(memory, d, engine, DNNL_MEMORY_NONE);
}

/// The argument numbers of image, kernel, bias and result in a direction.
static void argument_numbers(enum apus_onednn_direction direction, int numbers[4]) {
    bool to_image = direction == APUS_ONEDNN_INPUT_GRADIENT, to_kernel = direction == APUS_ONEDNN_KERNEL_GRADIENT;
    numbers[MEMORY_IMAGE] = to_image ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC;
    numbers[MEMORY_KERNEL] = to_kernel ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
    numbers[MEMORY_BIAS] = to_kernel ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS;
    numbers[MEMORY_RESULT] = to_image || to_kernel ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST;
}

/// Makes primitives and memory objects from a chosen implementation.
static dnnl_status_t build(apus_onednn_plan *plan, dnnl_primitive_desc_t pd, const convolution_descriptors *d, const descriptor *plain) {
    bool to_kernel = plan->direction == APUS_ONEDNN_KERNEL_GRADIENT;
    descriptor_reference kernel =
        dnnl_primitive_desc_query_md(pd, to_kernel ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    descriptor_reference scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    snprintf(plan->name, sizeof plan->name, "%s", implementation_name(pd));

    dnnl_status_t status = dnnl_primitive_create(&plan->primitive, pd);
    if (status == dnnl_success) status = make_memory(&plan->memory[MEMORY_IMAGE], reference(&d->image));
    if (status == dnnl_success) status = make_memory(&plan->memory[MEMORY_KERNEL], kernel);
    if (status == dnnl_success) status = make_memory(&plan->memory[MEMORY_RESULT], reference(&d->result));
    if (status == dnnl_success) status = make_memory(&plan->memory[MEMORY_SCRATCH], scratch);
    if (status == dnnl_success && plan->has_bias) status = make_memory(&plan->memory[MEMORY_BIAS], reference(&d->bias));
    if (status != dnnl_success) return status;

    int numbers[4];
    argument_numbers(plan->direction, numbers);
    for (int i = 0; i < 4; i++)
        if (plan->memory[i]) plan->arguments[plan->argument_count++] = (dnnl_exec_arg_t){numbers[i], plan->memory[i]};
    plan->arguments[plan->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, plan->memory[MEMORY_SCRATCH]};

    int64_t scratch_bytes = (int64_t)dnnl_memory_desc_get_size(scratch);
    plan->scratch_bytes = rounded(scratch_bytes);
    if (dnnl_memory_desc_equal(kernel, reference(plain))) return dnnl_success;

    status = make_memory(&plan->memory[MEMORY_PLAIN_KERNEL], reference(plain));
    if (status != dnnl_success) return status;
    dnnl_memory_t from = plan->memory[to_kernel ? MEMORY_KERNEL : MEMORY_PLAIN_KERNEL];
    dnnl_memory_t to = plan->memory[to_kernel ? MEMORY_PLAIN_KERNEL : MEMORY_KERNEL];
    dnnl_primitive_desc_t reorder;
    status = dnnl_reorder_primitive_desc_create(
        &reorder, to_kernel ? kernel : reference(plain), engine, to_kernel ? reference(plain) : kernel, engine, NULL);
    if (status != dnnl_success) return status;
    status = dnnl_primitive_create(&plan->reorder, reorder);
    dnnl_primitive_desc_destroy(reorder);
    plan->reorder_arguments[0] = (dnnl_exec_arg_t){DNNL_ARG_FROM, from};
    plan->reorder_arguments[1] = (dnnl_exec_arg_t){DNNL_ARG_TO, to};
    plan->kernel_bytes = rounded((int64_t)dnnl_memory_desc_get_size(kernel));
    plan->scratch_bytes += plan->kernel_bytes;
    return status;
}

apus_onednn_plan *apus_onednn_plan_convolution(
    enum apus_onednn_direction direction, const apus_onednn_convolution_shape *shape, char *message, size_t message_size) {
    pthread_once(&once, make_engine);
    match_thread_count();
    convolution_descriptors d;
    descriptor plain;
    memset(&d, 0, sizeof d);
    memset(&plain, 0, sizeof plain);
    dnnl_primitive_attr_t attributes = NULL, hint_attributes = NULL;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    apus_onednn_plan *plan = calloc(1, sizeof *plan);

    dnnl_status_t status = plan ? engine_status : dnnl_out_of_memory;
    if (status == dnnl_success) status = describe(shape, &d, &plain);
    if (status == dnnl_success) status = make_attributes(shape, direction == APUS_ONEDNN_FORWARD, &attributes);
    if (status == dnnl_success && direction != APUS_ONEDNN_FORWARD) {
        status = make_attributes(shape, false, &hint_attributes);
        if (status == dnnl_success) status = choose(APUS_ONEDNN_FORWARD, &d, hint_attributes, NULL, &hint);
    }
    if (status == dnnl_success) status = choose(direction, &d, attributes, hint, &pd);
    if (status == dnnl_success && strncmp(implementation_name(pd), "ref", 3) == 0) status = dnnl_unimplemented;
    if (status == dnnl_success) {
        plan->direction = direction;
        plan->has_bias = shape->has_bias && direction != APUS_ONEDNN_INPUT_GRADIENT;
        status = build(plan, pd, &d, &plain);
    }
    if (status != dnnl_success) {
        snprintf(message, message_size, "oneDNN has no implementation of this convolution (status %d)", (int)status);
        apus_onednn_plan_destroy(plan);
        plan = NULL;
    }
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (hint) dnnl_primitive_desc_destroy(hint);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    if (hint_attributes) dnnl_primitive_attr_destroy(hint_attributes);
    descriptor_destroy(&d.image);
    descriptor_destroy(&d.kernel);
    descriptor_destroy(&d.bias);
    descriptor_destroy(&d.result);
    descriptor_destroy(&plain);
    return plan;
}

void apus_onednn_plan_destroy(apus_onednn_plan *plan) {
    if (!plan) return;
    for (int i = 0; i < MEMORY_COUNT; i++)
        if (plan->memory[i]) dnnl_memory_destroy(plan->memory[i]);
    if (plan->primitive) dnnl_primitive_destroy(plan->primitive);
    if (plan->reorder) dnnl_primitive_destroy(plan->reorder);
    free(plan);
}

int64_t apus_onednn_plan_scratch_bytes(const apus_onednn_plan *plan) { return plan->scratch_bytes; }

const char *apus_onednn_plan_name(const apus_onednn_plan *plan) { return plan->name; }

// MARK: Running

int apus_onednn_run(void *const *buffers, const void *parameters) {
    const apus_onednn_plan *plan = parameters;
    void *image, *kernel, *bias = NULL, *result;
    char *scratch;
    switch (plan->direction) {
    case APUS_ONEDNN_FORWARD:
        image = buffers[0], kernel = buffers[1], bias = buffers[2], result = buffers[3], scratch = buffers[4];
        break;
    case APUS_ONEDNN_INPUT_GRADIENT:
        result = buffers[0], kernel = buffers[1], image = buffers[2], scratch = buffers[3];
        break;
    default:
        image = buffers[0], result = buffers[1], kernel = buffers[2], bias = buffers[3], scratch = buffers[4];
    }
    match_thread_count();
    void *handles[MEMORY_COUNT] = {
        [MEMORY_IMAGE] = image,
        [MEMORY_KERNEL] = plan->reorder ? scratch : kernel,
        [MEMORY_BIAS] = bias,
        [MEMORY_RESULT] = result,
        [MEMORY_SCRATCH] = scratch + plan->kernel_bytes,
        [MEMORY_PLAIN_KERNEL] = kernel,
    };
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < MEMORY_COUNT && status == dnnl_success; i++)
        if (plan->memory[i]) status = dnnl_memory_set_data_handle(plan->memory[i], handles[i]);
    bool to_kernel = plan->direction == APUS_ONEDNN_KERNEL_GRADIENT;
    if (status == dnnl_success && plan->reorder && !to_kernel)
        status = dnnl_primitive_execute(plan->reorder, stream, 2, plan->reorder_arguments);
    if (status == dnnl_success)
        status = dnnl_primitive_execute(plan->primitive, stream, plan->argument_count, plan->arguments);
    if (status == dnnl_success && plan->reorder && to_kernel)
        status = dnnl_primitive_execute(plan->reorder, stream, 2, plan->reorder_arguments);
    if (status == dnnl_success) status = dnnl_stream_wait(stream);
    return status == dnnl_success ? 0 : 100 + (int)status;
}
