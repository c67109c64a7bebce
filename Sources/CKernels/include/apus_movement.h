// Data movement: strided copies, padding, constants, ranges.
#ifndef APUS_MOVEMENT_H
#define APUS_MOVEMENT_H

#include "apus_base.h"

/// What the kernels of movement, indexing, reduction, softmax, pooling, normalization and direct convolution return.
enum apus_status {
    APUS_STATUS_OK = 0,
    /// An index is negative or not less than the axis. Nothing was written.
    APUS_STATUS_INDEX_OUT_OF_RANGE = 1,
    /// A class label is negative or not less than the number of classes. Nothing was written.
    APUS_STATUS_LABEL_OUT_OF_RANGE = 2,
    /// No such combination of type and operation, or too many axes.
    APUS_STATUS_UNSUPPORTED = 3,
};

enum { APUS_MOVEMENT_MAX_RANK = 8 };

// MARK: Copy

/// Axes outermost first; strides and offsets in elements.
typedef struct {
    int64_t rank;
    int64_t shape[APUS_MOVEMENT_MAX_RANK];
    /// Any value: 0 broadcasts, negative runs backwards.
    int64_t source_strides[APUS_MOVEMENT_MAX_RANK];
    /// Any value, but different indices must be different elements.
    int64_t destination_strides[APUS_MOVEMENT_MAX_RANK];
    /// The elements at which all indices are 0.
    int64_t source_offset, destination_offset;
    /// 1, 2, 4 or 8.
    int64_t element_bytes;
} apus_copy_parameters;

/// destination[destination_offset + index . destination_strides] = source[source_offset + index . source_strides] for
/// every index in `shape`: transpose, broadcast, slice, reverse; concatenation by one call an input.
/// Axes need not be collapsed or ordered. Source and destination must not overlap.
/// Buffers: source, destination.
int apus_copy(void *const *buffers, const void *parameters);

// MARK: Pad

typedef struct {
    int64_t rank;
    /// Of the source.
    int64_t shape[APUS_MOVEMENT_MAX_RANK];
    /// Elements added before and after, none negative.
    int64_t before[APUS_MOVEMENT_MAX_RANK], after[APUS_MOVEMENT_MAX_RANK];
    /// 1, 2, 4 or 8.
    int64_t element_bytes;
    /// The constant: an element's bits in the lowest `element_bytes` bytes.
    uint64_t value;
} apus_pad_parameters;

/// Copies a contiguous tensor into the middle of a larger contiguous one and fills the rest.
/// Buffers: source, destination.
int apus_pad(void *const *buffers, const void *parameters);

// MARK: Fill

typedef struct {
    /// Elements.
    int64_t count;
    /// 1, 2, 4 or 8.
    int64_t element_bytes;
    /// An element's bits in the lowest `element_bytes` bytes.
    uint64_t value;
} apus_fill_parameters;

/// Buffers: destination.
int apus_fill(void *const *buffers, const void *parameters);

// MARK: Iota

typedef struct {
    /// The result is [outer, axis, inner].
    int64_t outer, axis, inner;
    /// enum apus_type, not bool.
    int64_t type;
    /// For float types, computed in float64.
    double start, step;
    /// For integer types.
    int64_t integer_start, integer_step;
} apus_iota_parameters;

/// destination[o, a, i] = start + a * step.
/// Buffers: destination.
int apus_iota(void *const *buffers, const void *parameters);

#endif
