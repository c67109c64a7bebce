// The differences between oneDNN 2.x and 3.x: a memory descriptor is a struct there and a pointer to a hidden one here,
// and the implementations of an operation are listed by an iterator there and by the primitive descriptor itself here.
#ifndef APUS_ONEDNN_COMMON_H
#define APUS_ONEDNN_COMMON_H

#include <dnnl.h>
#include <stdbool.h>
#include <string.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t descriptor;
typedef const_dnnl_memory_desc_t descriptor_reference;
static inline descriptor_reference reference(const descriptor *d) { return *d; }

static inline dnnl_status_t descriptor_by_strides(descriptor *d, int rank, const dnnl_dims_t dims,
                                                  dnnl_data_type_t type, const dnnl_dims_t strides) {
    return dnnl_memory_desc_create_with_strides(d, rank, dims, type, strides);
}

static inline dnnl_status_t descriptor_of_any_order(descriptor *d, int rank, const dnnl_dims_t dims,
                                                    dnnl_data_type_t type) {
    return dnnl_memory_desc_create_with_tag(d, rank, dims, type, dnnl_format_tag_any);
}

static inline void descriptor_destroy(descriptor *d) {
    if (*d) dnnl_memory_desc_destroy(*d);
    *d = NULL;
}

/// The implementations of an operation, the current one first.
typedef dnnl_primitive_desc_t implementations;

static inline dnnl_primitive_desc_t implementations_current(implementations all) {
    dnnl_primitive_desc_t current = NULL;
    return dnnl_primitive_desc_clone(&current, all) == dnnl_success ? current : NULL;
}

static inline bool implementations_next(implementations all) {
    return dnnl_primitive_desc_next_impl(all) == dnnl_success;
}

static inline void implementations_destroy(implementations all) { dnnl_primitive_desc_destroy(all); }

#else

typedef dnnl_memory_desc_t descriptor;
typedef const dnnl_memory_desc_t *descriptor_reference;
static inline descriptor_reference reference(const descriptor *d) { return d->ndims ? d : NULL; }

static inline dnnl_status_t descriptor_by_strides(descriptor *d, int rank, const dnnl_dims_t dims,
                                                  dnnl_data_type_t type, const dnnl_dims_t strides) {
    return dnnl_memory_desc_init_by_strides(d, rank, dims, type, strides);
}

static inline dnnl_status_t descriptor_of_any_order(descriptor *d, int rank, const dnnl_dims_t dims,
                                                    dnnl_data_type_t type) {
    return dnnl_memory_desc_init_by_tag(d, rank, dims, type, dnnl_format_tag_any);
}

static inline void descriptor_destroy(descriptor *d) { (void)d; }

typedef dnnl_primitive_desc_iterator_t implementations;

static inline dnnl_primitive_desc_t implementations_current(implementations all) {
    return dnnl_primitive_desc_iterator_fetch(all);
}

static inline bool implementations_next(implementations all) {
    return dnnl_primitive_desc_iterator_next(all) == dnnl_success;
}

static inline void implementations_destroy(implementations all) { dnnl_primitive_desc_iterator_destroy(all); }

#endif

#endif
