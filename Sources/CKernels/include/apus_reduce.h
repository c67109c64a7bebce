// Reductions, arg-max, cumulative sums, sorting.
#ifndef APUS_REDUCE_H
#define APUS_REDUCE_H

#include "apus_base.h"
#include "apus_movement.h"

enum { APUS_REDUCE_MAX_RANK = 8 };

// MARK: Reductions over axes

enum apus_reduce_operation {
    /// Empty sums are 0. Floats accurate: short float32 sums, added up in float64.
    APUS_REDUCE_SUM = 0,
    /// Sum / number of terms. Float types only.
    APUS_REDUCE_MEAN = 1,
    /// NaN when any term is NaN. Over nothing: -infinity or the least value; +infinity or the greatest.
    APUS_REDUCE_MAX = 2,
    APUS_REDUCE_MIN = 3,
    /// In float64 for floats.
    APUS_REDUCE_PRODUCT = 4,
    /// Some, every element is not 0 (NaN is not 0).
    APUS_REDUCE_ANY = 5,
    APUS_REDUCE_ALL = 6,
};

typedef struct {
    /// x is contiguous, `shape` outermost first.
    int64_t rank;
    int64_t shape[APUS_REDUCE_MAX_RANK];
    /// Bit i: axis i is reduced.
    int64_t reduced;
    /// enum apus_reduce_operation.
    int64_t operation;
    /// enum apus_type of x.
    int64_t type;
    /// enum apus_type of y. Any, all: bool. Maximum, minimum: that of x. Sum, mean, product: that of x; also float32
    /// from bfloat16; also int32 or int64 from int32, int64, uint8, bool (computed in int64, then wrapped).
    int64_t result_type;
} apus_reduce_parameters;

/// Buffers: x, y (the kept axes, contiguous), scratch.
int apus_reduce(void *const *buffers, const void *parameters);
int64_t apus_reduce_scratch_bytes(const apus_reduce_parameters *parameters);

// MARK: Along one axis

typedef struct {
    /// x is [outer, axis, inner], axis > 0.
    int64_t outer, axis, inner;
    /// enum apus_type of x (any); of y: APUS_INT32 or APUS_INT64.
    int64_t type, index_type;
    /// 0: maximum, 1: minimum.
    int64_t minimum;
} apus_argmax_parameters;

/// The index of the first maximum (minimum) on the axis. NaN counts as the maximum (minimum), as in NumPy.
/// Buffers: x, y [outer, inner].
int apus_argmax(void *const *buffers, const void *parameters);

typedef struct {
    /// x and y are [outer, axis, inner].
    int64_t outer, axis, inner;
    /// enum apus_type of x and y, not bool. float32 and bfloat16 add in float64; integers wrap.
    int64_t type;
    /// exclusive 0: y[a] = x[0] + ... + x[a]; 1: without x[a]. reverse 1: from the end of the axis.
    int64_t exclusive, reverse;
} apus_cumulative_sum_parameters;

/// Buffers: x, y.
int apus_cumulative_sum(void *const *buffers, const void *parameters);

typedef struct {
    /// x is [outer, axis, inner].
    int64_t outer, axis, inner;
    /// The first `count` <= axis indices are written: y is [outer, count, inner].
    int64_t count;
    /// enum apus_type of x (any); of y: APUS_INT32 or APUS_INT64.
    int64_t type, index_type;
    /// 0: ascending, NaN last; 1: descending, NaN first (NaN counts as the greatest value in both).
    int64_t descending;
} apus_argsort_parameters;

/// The indices that sort each line along the axis; equal elements stay in their order (so do -0 and +0).
/// Buffers: x, y, scratch.
int apus_argsort(void *const *buffers, const void *parameters);
int64_t apus_argsort_scratch_bytes(const apus_argsort_parameters *parameters);

#endif
