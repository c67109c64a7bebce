// How plans for oneDNN are built.
#ifndef APUS_ONEDNN_PLAN_H
#define APUS_ONEDNN_PLAN_H

#include "apus_onednn.h"
#include "onednn_common.h"

/// Where a memory object of a plan lies in a run: `offset` bytes into one of the buffers.
typedef struct {
    dnnl_memory_t memory;
    int buffer;
    int64_t offset;
} onednn_place;

typedef struct {
    dnnl_primitive_t primitive;
    int argument_count;
    dnnl_exec_arg_t arguments[5];
} onednn_step;

/// Some primitives that run in order.
struct apus_onednn_plan {
    onednn_place places[8];
    onednn_step steps[2];
    int place_count, step_count;
    /// The threads that the primitives were made for.
    int thread_count;
    /// The index of the scratch buffer, and how much of it is in use.
    int scratch_buffer;
    int64_t scratch_bytes;
    /// The elements of the result, if it goes through ReLU, and their type.
    int64_t relu_count;
    int32_t relu_type;
    char name[64];
};

/// A plan that is being built. After the first failure, which `status` keeps, the functions below do nothing.
typedef struct {
    apus_onednn_plan *plan;
    dnnl_engine_t engine;
    /// Of the primitive that does the work, which may get operations fused; and of conversions, which must not.
    dnnl_primitive_attr_t attributes, plain_attributes;
    dnnl_status_t status;
    /// Why the plan cannot be, in words; NULL: what `status` says.
    const char *reason;
    int thread_count_before;
#if DNNL_VERSION_MAJOR < 3
    /// What the list of implementations was asked for. The library keeps the address until `onednn_choose` has gone through
    /// the list, so the description lives as long as the builder.
    union {
        dnnl_convolution_desc_t convolution;
        dnnl_matmul_desc_t product;
    } operation;
#endif
} onednn_builder;

/// Starts a plan whose scratch memory is buffer number `scratch_buffer`, and which does so many operations.
onednn_builder onednn_begin(int scratch_buffer, double operations);

/// Fails for a reason that lies in the shape.
void onednn_reject(onednn_builder *builder, const char *reason);

/// The best implementation of a list, which is destroyed. Those that are only a last resort (the reference loops, or a
/// detour over matrix products of unrolled images) come after all others. The caller destroys the result; NULL after a
/// failure.
dnnl_primitive_desc_t onednn_choose(onednn_builder *builder, implementations all);

/// A memory object that lies in a buffer.
dnnl_memory_t onednn_memory(onednn_builder *builder, descriptor_reference d, int buffer);

/// A memory object that lies in a part of the scratch memory of its own.
dnnl_memory_t onednn_scratch_memory(onednn_builder *builder, descriptor_reference d);

/// Appends a primitive; its scratch memory is added to the arguments.
void onednn_append(onednn_builder *builder, const_dnnl_primitive_desc_t pd, int argument_count,
                   const dnnl_exec_arg_t *arguments);

/// Appends a copy from one order or element type to another.
void onednn_append_reorder(onednn_builder *builder, descriptor_reference from, dnnl_memory_t from_memory,
                           descriptor_reference to, dnnl_memory_t to_memory);

/// Names the plan after the implementation that does its work, and refuses reference loops.
void onednn_name(onednn_builder *builder, const_dnnl_primitive_desc_t pd);

/// The plan, or NULL with status and message, which names the computation as `what`.
apus_onednn_plan *onednn_finish(onednn_builder *builder, const char *what, int *status, char *message,
                                size_t message_size);

/// The library's name of an element type; undefined for those that it is not used for.
static inline dnnl_data_type_t onednn_type(int32_t type) {
    if (type == APUS_FLOAT32) return dnnl_f32;
    return type == APUS_BFLOAT16 ? dnnl_bf16 : dnnl_data_type_undef;
}

#endif
