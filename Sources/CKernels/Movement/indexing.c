// Gather, scatter-add, one-hot. Plain loops: rows are copied or added; indices are checked before anything is written.
#include "apus_indexing.h"

#include "bfloat16.h"
#include "movement_common.h"

/// Bytes below which one thread does all.
#define INDEXING_SHARED (64 * 1024)

static int64_t type_bytes(int64_t type) {
    switch (type) {
    case APUS_FLOAT64:
    case APUS_INT64: return 8;
    case APUS_FLOAT32:
    case APUS_INT32: return 4;
    case APUS_BFLOAT16: return 2;
    case APUS_UINT8:
    case APUS_BOOL: return 1;
    default: return 0;
    }
}

static inline int64_t index_at(const void *indices, int64_t type, int64_t i) {
    switch (type) {
    case APUS_INT32: return ((const int32_t *)indices)[i];
    case APUS_INT64: return ((const int64_t *)indices)[i];
    default: return ((const uint8_t *)indices)[i];
    }
}

static int check(const void *indices, int64_t index_type, int64_t count, int64_t bound) {
    bool wrong = false;
    // Unsigned, so that negative indices are too large.
    if (index_type == APUS_INT32)
        for (int64_t i = 0; i < count; i++) wrong |= (uint64_t)((const int32_t *)indices)[i] >= (uint64_t)bound;
    else if (index_type == APUS_INT64)
        for (int64_t i = 0; i < count; i++) wrong |= (uint64_t)((const int64_t *)indices)[i] >= (uint64_t)bound;
    else if (index_type == APUS_UINT8)
        for (int64_t i = 0; i < count; i++) wrong |= ((const uint8_t *)indices)[i] >= (uint64_t)bound;
    else
        return APUS_STATUS_UNSUPPORTED;
    return wrong ? APUS_STATUS_INDEX_OUT_OF_RANGE : APUS_STATUS_OK;
}

typedef struct {
    const apus_indexing_parameters *p;
    const char *x;
    const void *indices;
    char *y;
    float *sums;
    int64_t bytes;
    bool along;
} indexing_job;

static int start(indexing_job *job, int64_t indices) {
    const apus_indexing_parameters *p = job->p;
    job->bytes = type_bytes(p->type);
    if (job->bytes == 0 || p->index_type == APUS_UINT8) return APUS_STATUS_UNSUPPORTED;
    return check(job->indices, p->index_type, indices, p->axis);
}

static void run(indexing_job *job, apus_loop_body body, int64_t tasks, int64_t bytes) {
    if (bytes < INDEXING_SHARED)
        body(job, 0, tasks);
    else
        apus_parallel_for(tasks, body, job);
}

// MARK: Gather

/// Task = outer * count + k: one row of `inner` elements.
static void gather_tasks(void *context, int64_t first, int64_t last) {
    const indexing_job *job = context;
    const apus_indexing_parameters *p = job->p;
    int64_t row = p->inner * job->bytes;
    for (int64_t task = first; task < last; task++) {
        int64_t outer = task / p->count, index = index_at(job->indices, p->index_type, task % p->count);
        movement_copy_row(job->y + task * row, job->x + (outer * p->axis + index) * row, row);
    }
}

int apus_gather(void *const *buffers, const void *parameters) {
    const apus_indexing_parameters *p = parameters;
    indexing_job job = {.p = p, .x = buffers[0], .indices = buffers[1], .y = buffers[2]};
    int status = start(&job, p->count);
    if (status) return status;
    run(&job, gather_tasks, p->outer * p->count, p->outer * p->count * p->inner * job.bytes);
    return APUS_STATUS_OK;
}

#define GATHER_ALONG_TYPE(T)                                                                       \
    for (int64_t task = first; task < last; task++) {                                              \
        const T *x = (const T *)job->x + task / p->count * p->axis * p->inner;                     \
        T *y = (T *)job->y + task * p->inner;                                                      \
        for (int64_t i = 0; i < p->inner; i++)                                                     \
            y[i] = x[index_at(job->indices, p->index_type, task * p->inner + i) * p->inner + i];   \
    }                                                                                              \
    break;

static void gather_along_tasks(void *context, int64_t first, int64_t last) {
    const indexing_job *job = context;
    const apus_indexing_parameters *p = job->p;
    switch (job->bytes) {
    case 1: GATHER_ALONG_TYPE(uint8_t)
    case 2: GATHER_ALONG_TYPE(uint16_t)
    case 4: GATHER_ALONG_TYPE(uint32_t)
    default: GATHER_ALONG_TYPE(uint64_t)
    }
}

int apus_gather_along(void *const *buffers, const void *parameters) {
    const apus_indexing_parameters *p = parameters;
    indexing_job job = {.p = p, .x = buffers[0], .indices = buffers[1], .y = buffers[2]};
    int status = start(&job, p->outer * p->count * p->inner);
    if (status) return status;
    run(&job, gather_along_tasks, p->outer * p->count, p->outer * p->count * p->inner * job.bytes);
    return APUS_STATUS_OK;
}

// MARK: Scatter-add

#define SCATTER_SAME(v) (v)

/// Rows first..<last of y as [outer * axis] belong to this thread, which looks through all indices of their outer
/// indices: every row gets its terms in the order of k, whoever owns it. Integers T are unsigned, so that they wrap.
#define SCATTER_TYPE(NAME, T, SUM, LOAD)                                                                          \
    static void NAME(const indexing_job *job, SUM *y, int64_t first, int64_t last) {                              \
        const apus_indexing_parameters *p = job->p;                                                               \
        int64_t inner = p->inner;                                                                                 \
        memset(y + first * inner, 0, (size_t)((last - first) * inner) * sizeof(SUM));                             \
        for (int64_t outer = first / p->axis; outer * p->axis < last; outer++) {                                  \
            int64_t low = first - outer * p->axis, high = last - outer * p->axis;                                 \
            for (int64_t k = 0; k < p->count; k++) {                                                              \
                const T *g = (const T *)job->x + (outer * p->count + k) * inner;                                  \
                SUM *to = y + outer * p->axis * inner;                                                            \
                if (job->along) {                                                                                 \
                    for (int64_t i = 0; i < inner; i++) {                                                         \
                        int64_t index = index_at(job->indices, p->index_type, (outer * p->count + k) * inner + i); \
                        if (index >= low && index < high) to[index * inner + i] += LOAD(g[i]);                    \
                    }                                                                                             \
                } else {                                                                                          \
                    int64_t index = index_at(job->indices, p->index_type, k);                                     \
                    if (index < low || index >= high) continue;                                                   \
                    for (int64_t i = 0; i < inner; i++) to[index * inner + i] += LOAD(g[i]);                      \
                }                                                                                                 \
            }                                                                                                     \
        }                                                                                                         \
    }

SCATTER_TYPE(scatter_float32, float, float, SCATTER_SAME)
SCATTER_TYPE(scatter_bfloat16, uint16_t, float, float_of_bfloat16)
SCATTER_TYPE(scatter_float64, double, double, SCATTER_SAME)
SCATTER_TYPE(scatter_int32, uint32_t, uint32_t, SCATTER_SAME)
SCATTER_TYPE(scatter_int64, uint64_t, uint64_t, SCATTER_SAME)
SCATTER_TYPE(scatter_uint8, uint8_t, uint8_t, SCATTER_SAME)

static void scatter_tasks(void *context, int64_t first, int64_t last) {
    const indexing_job *job = context;
    int64_t inner = job->p->inner;
    switch (job->p->type) {
    case APUS_FLOAT32: scatter_float32(job, (float *)job->y, first, last); break;
    case APUS_FLOAT64: scatter_float64(job, (double *)job->y, first, last); break;
    case APUS_INT32: scatter_int32(job, (uint32_t *)job->y, first, last); break;
    case APUS_INT64: scatter_int64(job, (uint64_t *)job->y, first, last); break;
    case APUS_UINT8: scatter_uint8(job, (uint8_t *)job->y, first, last); break;
    default:
        scatter_bfloat16(job, job->sums, first, last);
        for (int64_t i = first * inner; i < last * inner; i++)
            ((uint16_t *)job->y)[i] = bfloat16_of_float(job->sums[i]);
        break;
    }
}

int64_t apus_scatter_add_scratch_bytes(const apus_indexing_parameters *p) {
    return p->type == APUS_BFLOAT16 ? p->outer * p->axis * p->inner * (int64_t)sizeof(float) : 0;
}

static int scatter(void *const *buffers, const apus_indexing_parameters *p, bool along) {
    indexing_job job =
        {.p = p, .x = buffers[0], .indices = buffers[1], .y = buffers[2], .sums = buffers[3], .along = along};
    if (p->type == APUS_BOOL) return APUS_STATUS_UNSUPPORTED;
    int status = start(&job, along ? p->outer * p->count * p->inner : p->count);
    if (status) return status;
    if (p->axis > 0)
        run(&job, scatter_tasks, p->outer * p->axis, p->outer * (p->count + p->axis) * p->inner * job.bytes);
    return APUS_STATUS_OK;
}

int apus_scatter_add(void *const *buffers, const void *parameters) { return scatter(buffers, parameters, false); }
int apus_scatter_add_along(void *const *buffers, const void *parameters) { return scatter(buffers, parameters, true); }

// MARK: One-hot

int apus_one_hot(void *const *buffers, const void *parameters) {
    const apus_one_hot_parameters *p = parameters;
    int64_t bytes = type_bytes(p->type);
    if (bytes == 0) return APUS_STATUS_UNSUPPORTED;
    int status = check(buffers[0], p->index_type, p->count, p->classes);
    if (status) return status;
    uint64_t one = 1;
    float one_float = 1;
    double one_double = 1;
    if (p->type == APUS_FLOAT32) memcpy(&one, &one_float, 4);
    if (p->type == APUS_BFLOAT16) one = 0x3f80;
    if (p->type == APUS_FLOAT64) memcpy(&one, &one_double, 8);
    char *y = buffers[1];
    memset(y, 0, (size_t)(p->count * p->classes * bytes));
    for (int64_t k = 0; k < p->count; k++)
        memcpy(y + (k * p->classes + index_at(buffers[0], p->index_type, k)) * bytes, &one, (size_t)bytes);
    return APUS_STATUS_OK;
}
