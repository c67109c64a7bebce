// The differences between oneDNN 2.x and 3.x: there a memory descriptor is a struct, here a pointer to a hidden one.
#ifndef APUS_ONEDNN_COMMON_H
#define APUS_ONEDNN_COMMON_H

#include <dnnl.h>
#include <stdbool.h>
#include <string.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t descriptor;
typedef const_dnnl_memory_desc_t descriptor_reference;
static inline descriptor_reference reference(const descriptor *d) { return *d; }

static inline dnnl_status_t descriptor_by_strides(
    descriptor *d, int rank, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides) {
    return dnnl_memory_desc_create_with_strides(d, rank, dims, type, strides);
}

static inline dnnl_status_t descriptor_of_any_order(descriptor *d, int rank, const dnnl_dims_t dims, dnnl_data_type_t type) {
    return dnnl_memory_desc_create_with_tag(d, rank, dims, type, dnnl_format_tag_any);
}

static inline void descriptor_destroy(descriptor *d) {
    if (*d) dnnl_memory_desc_destroy(*d);
    *d = NULL;
}

#else

typedef dnnl_memory_desc_t descriptor;
typedef const dnnl_memory_desc_t *descriptor_reference;
static inline descriptor_reference reference(const descriptor *d) { return d->ndims ? d : NULL; }

static inline dnnl_status_t descriptor_by_strides(
    descriptor *d, int rank, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides) {
    return dnnl_memory_desc_init_by_strides(d, rank, dims, type, strides);
}

static inline dnnl_status_t descriptor_of_any_order(descriptor *d, int rank, const dnnl_dims_t dims, dnnl_data_type_t type) {
    return dnnl_memory_desc_init_by_tag(d, rank, dims, type, dnnl_format_tag_any);
}

static inline void descriptor_destroy(descriptor *d) { (void)d; }

#endif

/// What a convolution primitive is made from.
typedef struct {
    descriptor image, kernel, bias, result;
    dnnl_dims_t strides, dilation, padding_before, padding_after;
} convolution_descriptors;

/// The implementation name of a primitive descriptor.
static inline const char *implementation_name(const_dnnl_primitive_desc_t pd) {
    const char *name = NULL;
    if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name) != dnnl_success || !name) return "unknown";
    return name;
}

/// Whether an implementation is a last resort: the reference loops, or a detour over matrix products of unrolled images.
static inline bool is_last_resort(const_dnnl_primitive_desc_t pd) {
    const char *name = implementation_name(pd);
    return strncmp(name, "ref", 3) == 0 || strstr(name, "gemm") != NULL;
}

#endif
