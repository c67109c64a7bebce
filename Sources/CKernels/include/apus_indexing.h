// Indexing: gather, scatter-add, one-hot. Indices out of range, and negative ones, give
// APUS_STATUS_INDEX_OUT_OF_RANGE.
#ifndef APUS_INDEXING_H
#define APUS_INDEXING_H

#include "apus_base.h"
#include "apus_movement.h"

typedef struct {
    /// The indexed tensor is [outer, axis, inner].
    int64_t outer, axis, inner;
    /// apus_gather, apus_scatter_add: the number of indices. The "along" forms: the index tensor's length on the axis.
    int64_t count;
    /// enum apus_type of the elements; of the indices: APUS_INT32 or APUS_INT64.
    int64_t type, index_type;
} apus_indexing_parameters;

/// y[o, k, i] = x[o, indices[k], i]: numpy.take. All types.
/// Buffers: x [outer, axis, inner], indices [count], y [outer, count, inner].
int apus_gather(void *const *buffers, const void *parameters);

/// y[o, indices[k], i] += g[o, k, i], starting from zero: the gradient of apus_gather. All types but bool;
/// integers wrap.
/// Terms are added in the order of k. bfloat16 adds in float32, in the scratch.
/// Buffers: g [outer, count, inner], indices [count], y [outer, axis, inner], scratch.
int apus_scatter_add(void *const *buffers, const void *parameters);

/// Bytes of scratch of apus_scatter_add and apus_scatter_add_along: 0 but for bfloat16.
int64_t apus_scatter_add_scratch_bytes(const apus_indexing_parameters *parameters);

/// y[o, k, i] = x[o, indices[o, k, i], i]: numpy.take_along_axis. All types.
/// Buffers: x [outer, axis, inner], indices [outer, count, inner], y [outer, count, inner].
int apus_gather_along(void *const *buffers, const void *parameters);

/// y[o, indices[o, k, i], i] += g[o, k, i], starting from zero: the gradient of apus_gather_along. Types and order as
/// in apus_scatter_add.
/// Buffers: g [outer, count, inner], indices [outer, count, inner], y [outer, axis, inner], scratch.
int apus_scatter_add_along(void *const *buffers, const void *parameters);

typedef struct {
    /// Indices and classes.
    int64_t count, classes;
    /// enum apus_type of the result; of the indices: APUS_INT32, APUS_INT64 or APUS_UINT8.
    int64_t type, index_type;
} apus_one_hot_parameters;

/// y[k, c] = 1 where c == indices[k], else 0. All types.
/// Buffers: indices [count], y [count, classes].
int apus_one_hot(void *const *buffers, const void *parameters);

#endif
