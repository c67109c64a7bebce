// Convolutions by oneDNN: N H W C images; the kernel in the library's order, converted from and to ours.
#include "onednn_plan.h"

#include <stdio.h>

typedef enum apus_onednn_direction direction;

/// What a convolution primitive is made from.
typedef struct {
    descriptor image, kernel, bias, result;
    /// The kernel as it lies in our memory.
    descriptor plain_kernel;
    dnnl_dims_t strides, dilation, padding_before, padding_after;
} convolution;

/// The number of windows along an axis; 0 if there is no room for one.
static int64_t windows(int64_t size, int64_t padding, int64_t kernel, int64_t stride, int64_t dilation) {
    int64_t room = size + padding - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

static int64_t rows(const apus_convolution_shape *s) {
    return windows(s->h, s->pad_top + s->pad_bottom, s->kernel_h, s->stride_h, s->dilation_h);
}

static int64_t columns(const apus_convolution_shape *s) {
    return windows(s->w, s->pad_left + s->pad_right, s->kernel_w, s->stride_w, s->dilation_w);
}

/// What is wrong with a shape; NULL: nothing.
static const char *fault(const apus_convolution_shape *s) {
    const int64_t positive[] = {s->n,        s->h,        s->w,        s->in_channels, s->out_channels, s->kernel_h,
                                s->kernel_w, s->stride_h, s->stride_w, s->dilation_h,  s->dilation_w,   s->groups};
    for (size_t i = 0; i < sizeof positive / sizeof *positive; i++)
        if (positive[i] < 1) return "extents, strides, dilations and groups must be positive";
    if (s->pad_top < 0 || s->pad_left < 0 || s->pad_bottom < 0 || s->pad_right < 0) return "the padding is negative";
    if (s->in_channels % s->groups || s->out_channels % s->groups) return "groups do not divide the channels";
    if (rows(s) < 1 || columns(s) < 1) return "the window is larger than the padded image";
    if (onednn_type(s->type) == dnnl_data_type_undef) return "images are float32 or bfloat16";
    return NULL;
}

/// The multiplications and additions of a convolution; 0 for one that can't be.
static double operations(const apus_convolution_shape *s) {
    if (fault(s)) return 0;
    return 2.0 * (double)s->n * (double)rows(s) * (double)columns(s) * (double)s->out_channels
        * (double)(s->in_channels / s->groups) * (double)s->kernel_h * (double)s->kernel_w;
}

/// The zeros that windows reach after the image, which may be fewer than were asked for, or pixels that none reaches.
static int64_t reached_padding(int64_t windows, int64_t size, int64_t before, int64_t kernel, int64_t stride,
                               int64_t dilation) {
    return (windows - 1) * stride + dilation * (kernel - 1) + 1 - size - before;
}

static void describe(onednn_builder *b, const apus_convolution_shape *s, direction direction, convolution *c) {
    memset(c, 0, sizeof *c);
    const char *reason = fault(s);
    if (reason) onednn_reject(b, reason);
    if (b->status != dnnl_success) return;
    dnnl_data_type_t type = onednn_type(s->type);
    int64_t in = s->in_channels, out = s->out_channels, groups = s->groups, group_in = in / groups;
    int64_t out_h = rows(s), out_w = columns(s);

    dnnl_dims_t image = {s->n, in, s->h, s->w}, image_strides = {s->h * s->w * in, 1, s->w * in, in};
    dnnl_dims_t result = {s->n, out, out_h, out_w}, result_strides = {out_h * out_w * out, 1, out_w * out, out};
    b->status = descriptor_by_strides(&c->image, 4, image, type, image_strides);
    if (b->status == dnnl_success) b->status = descriptor_by_strides(&c->result, 4, result, type, result_strides);

    dnnl_dims_t kernel = {groups, out / groups, group_in, s->kernel_h, s->kernel_w};
    dnnl_dims_t kernel_strides = {out / groups, 1, out, s->kernel_w * group_in * out, group_in * out};
    // Without groups the first axis is left out. The gradient of the kernel is not rounded to the images' type.
    int skipped = groups == 1 ? 1 : 0, rank = 5 - skipped;
    dnnl_data_type_t kernel_type = direction == APUS_ONEDNN_KERNEL_GRADIENT ? dnnl_f32 : type;
    if (b->status == dnnl_success)
        b->status = descriptor_by_strides(&c->plain_kernel, rank, kernel + skipped, dnnl_f32, kernel_strides + skipped);
    if (b->status == dnnl_success) b->status = descriptor_of_any_order(&c->kernel, rank, kernel + skipped, kernel_type);
    if (b->status == dnnl_success && s->has_bias && direction != APUS_ONEDNN_INPUT_GRADIENT)
        b->status = descriptor_by_strides(&c->bias, 1, (dnnl_dims_t){out}, dnnl_f32, (dnnl_dims_t){1});

    c->strides[0] = s->stride_h, c->strides[1] = s->stride_w;
    c->dilation[0] = s->dilation_h - 1, c->dilation[1] = s->dilation_w - 1;
    c->padding_before[0] = s->pad_top, c->padding_before[1] = s->pad_left;
    c->padding_after[0] = reached_padding(out_h, s->h, s->pad_top, s->kernel_h, s->stride_h, s->dilation_h);
    c->padding_after[1] = reached_padding(out_w, s->w, s->pad_left, s->kernel_w, s->stride_w, s->dilation_w);
}

static void forget(convolution *c) {
    descriptor_destroy(&c->image);
    descriptor_destroy(&c->kernel);
    descriptor_destroy(&c->bias);
    descriptor_destroy(&c->result);
    descriptor_destroy(&c->plain_kernel);
}

#if DNNL_VERSION_MAJOR >= 3

static dnnl_status_t list(onednn_builder *b, direction direction, const convolution *c, dnnl_primitive_desc_t hint,
                          implementations *all) {
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    switch (direction) {
    case APUS_ONEDNN_FORWARD:
        return dnnl_convolution_forward_primitive_desc_create(
            all, b->engine, dnnl_forward_training, direct, reference(&c->image), reference(&c->kernel),
            reference(&c->bias), reference(&c->result), c->strides, c->dilation, c->padding_before, c->padding_after,
            b->attributes);
    case APUS_ONEDNN_INPUT_GRADIENT:
        return dnnl_convolution_backward_data_primitive_desc_create(
            all, b->engine, direct, reference(&c->image), reference(&c->kernel), reference(&c->result), c->strides,
            c->dilation, c->padding_before, c->padding_after, hint, b->attributes);
    default:
        return dnnl_convolution_backward_weights_primitive_desc_create(
            all, b->engine, direct, reference(&c->image), reference(&c->kernel), reference(&c->bias),
            reference(&c->result), c->strides, c->dilation, c->padding_before, c->padding_after, hint, b->attributes);
    }
}

#else

static dnnl_status_t list(onednn_builder *b, direction direction, const convolution *c, dnnl_primitive_desc_t hint,
                          implementations *all) {
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_convolution_desc_t *operation = &b->operation.convolution;
    dnnl_status_t status;
    switch (direction) {
    case APUS_ONEDNN_FORWARD:
        status = dnnl_dilated_convolution_forward_desc_init(operation, dnnl_forward_training, direct, &c->image,
                                                            &c->kernel, reference(&c->bias), &c->result, c->strides,
                                                            c->dilation, c->padding_before, c->padding_after);
        break;
    case APUS_ONEDNN_INPUT_GRADIENT:
        status = dnnl_dilated_convolution_backward_data_desc_init(operation, direct, &c->image, &c->kernel, &c->result,
                                                                  c->strides, c->dilation, c->padding_before,
                                                                  c->padding_after);
        break;
    default:
        status = dnnl_dilated_convolution_backward_weights_desc_init(operation, direct, &c->image, &c->kernel,
                                                                     reference(&c->bias), &c->result, c->strides,
                                                                     c->dilation, c->padding_before, c->padding_after);
    }
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_iterator_create(all, operation, b->attributes, b->engine, hint);
}

#endif

/// The best implementation of a direction; the caller destroys it.
static dnnl_primitive_desc_t implementation(onednn_builder *b, direction direction, const convolution *c,
                                            dnnl_primitive_desc_t hint) {
    implementations all = NULL;
    if (b->status == dnnl_success) b->status = list(b, direction, c, hint, &all);
    return onednn_choose(b, all);
}

/// The forward pass that a gradient belongs to: the library wants to see it.
static dnnl_primitive_desc_t forward_hint(onednn_builder *b, const apus_convolution_shape *s) {
    convolution c;
    describe(b, s, APUS_ONEDNN_FORWARD, &c);
    dnnl_primitive_desc_t hint = implementation(b, APUS_ONEDNN_FORWARD, &c, NULL);
    forget(&c);
    return hint;
}

/// Appends the primitive, and before or after it the conversion of the kernel, if one is needed.
static void append(onednn_builder *b, direction direction, const convolution *c, bool prepared,
                   dnnl_primitive_desc_t pd) {
    static const struct {
        int image, kernel, bias, result;
    } names[] =
        {
            {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
            {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
            {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST},
        },
      buffers[] = {{0, 1, 2, 3}, {2, 1, -1, 0}, {0, 2, 3, 1}};
    if (b->status != dnnl_success) return;
    bool is_gradient = direction == APUS_ONEDNN_KERNEL_GRADIENT;
    descriptor_reference ours = reference(&c->plain_kernel);
    descriptor_reference theirs = dnnl_primitive_desc_query_md(
        pd, is_gradient ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);

    dnnl_memory_t kernel = onednn_memory(b, prepared ? theirs : ours, buffers[direction].kernel);
    bool needs_reorder = !prepared && !dnnl_memory_desc_equal(ours, theirs);
    dnnl_memory_t converted = needs_reorder ? onednn_scratch_memory(b, theirs) : kernel;
    dnnl_exec_arg_t arguments[4] = {
        {names[direction].image, onednn_memory(b, reference(&c->image), buffers[direction].image)},
        {names[direction].kernel, converted},
        {names[direction].result, onednn_memory(b, reference(&c->result), buffers[direction].result)},
    };
    int count = 3;
    if (reference(&c->bias))
        arguments[count++] = (dnnl_exec_arg_t){names[direction].bias,
                                               onednn_memory(b, reference(&c->bias), buffers[direction].bias)};

    if (needs_reorder && !is_gradient) onednn_append_reorder(b, ours, kernel, theirs, converted);
    onednn_append(b, pd, count, arguments);
    if (needs_reorder && is_gradient) onednn_append_reorder(b, theirs, converted, ours, kernel);
}

static apus_onednn_plan *plan(direction direction, const apus_convolution_shape *s, int *status, char *message,
                              size_t message_size) {
    onednn_builder b = onednn_begin(direction == APUS_ONEDNN_INPUT_GRADIENT ? 3 : 4, operations(s));
    dnnl_primitive_desc_t hint = direction == APUS_ONEDNN_FORWARD ? NULL : forward_hint(&b, s);
    convolution c;
    describe(&b, s, direction, &c);
    dnnl_primitive_desc_t pd = implementation(&b, direction, &c, hint);
    onednn_name(&b, pd);
    append(&b, direction, &c, direction == APUS_ONEDNN_FORWARD && s->prepared, pd);
    if (b.status == dnnl_success && direction == APUS_ONEDNN_FORWARD && s->relu) {
        b.plan->relu_count = s->n * rows(s) * columns(s) * s->out_channels;
        b.plan->relu_type = s->type;
    }
    forget(&c);
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (hint) dnnl_primitive_desc_destroy(hint);

    static const char *const names[] = {"the convolution", "the input gradient of the convolution",
                                        "the kernel gradient of the convolution"};
    char what[320];
    snprintf(what, sizeof what, "%s of [%lld, %lld, %lld, %lld] with a kernel [%lld, %lld, %lld, %lld] in %s",
             names[direction], (long long)s->n, (long long)s->h, (long long)s->w, (long long)s->in_channels,
             (long long)s->kernel_h, (long long)s->kernel_w, (long long)(s->groups ? s->in_channels / s->groups : 0),
             (long long)s->out_channels, s->type == APUS_BFLOAT16 ? "bfloat16" : "float32");
    return onednn_finish(&b, what, status, message, message_size);
}

apus_onednn_plan *apus_onednn_kernel_preparation(const apus_convolution_shape *s, int64_t *bytes) {
    onednn_builder b = onednn_begin(2, operations(s));
    convolution c;
    describe(&b, s, APUS_ONEDNN_FORWARD, &c);
    dnnl_primitive_desc_t pd = implementation(&b, APUS_ONEDNN_FORWARD, &c, NULL);
    onednn_name(&b, pd);
    if (b.status == dnnl_success) {
        descriptor_reference ours = reference(&c.plain_kernel);
        descriptor_reference theirs = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
        *bytes = (int64_t)dnnl_memory_desc_get_size(theirs);
        if (dnnl_memory_desc_equal(ours, theirs))
            onednn_reject(&b, "the kernel is in the library's order already");
        else
            onednn_append_reorder(&b, ours, onednn_memory(&b, ours, 0), theirs, onednn_memory(&b, theirs, 1));
    }
    forget(&c);
    if (pd) dnnl_primitive_desc_destroy(pd);
    return onednn_finish(&b, "the preparation of a kernel", NULL, NULL, 0);
}

apus_onednn_plan *apus_onednn_convolution_forward(const apus_convolution_shape *shape, int *status, char *message,
                                                  size_t message_size) {
    return plan(APUS_ONEDNN_FORWARD, shape, status, message, message_size);
}

apus_onednn_plan *apus_onednn_convolution_input_gradient(const apus_convolution_shape *shape, int *status,
                                                         char *message, size_t message_size) {
    return plan(APUS_ONEDNN_INPUT_GRADIENT, shape, status, message, message_size);
}

apus_onednn_plan *apus_onednn_convolution_kernel_gradient(const apus_convolution_shape *shape, int *status,
                                                          char *message, size_t message_size) {
    return plan(APUS_ONEDNN_KERNEL_GRADIENT, shape, status, message, message_size);
}

apus_onednn_plan *apus_onednn_plan_convolution(direction direction, const apus_convolution_shape *shape, char *message,
                                               size_t message_size) {
    return plan(direction, shape, NULL, message, message_size);
}
