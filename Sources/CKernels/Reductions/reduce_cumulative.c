// Cumulative sums along an axis.
#include "reduce_common.h"

enum { CUMULATIVE_COLUMNS = 64 };

typedef struct {
    const apus_cumulative_sum_parameters *p;
    const void *x;
    void *y;
} cumulative_job;

#define CUMULATIVE_SAME(v) (v)
#define CUMULATIVE_BFLOAT16(v) bfloat16_of_float((float)(v))
#define CUMULATIVE_FLOAT(v) ((float)(v))

/// Columns 0..<columns of x [axis, inner]. Integers T are unsigned, so that they wrap.
#define CUMULATIVE_TYPE(NAME, T, SUM, LOAD, STORE)                                                                    \
    static void NAME(const apus_cumulative_sum_parameters *p, const T *x, T *y, int64_t columns) {                    \
        SUM sum[CUMULATIVE_COLUMNS] = {0};                                                                            \
        int64_t at = p->reverse ? (p->axis - 1) * p->inner : 0, step = p->reverse ? -p->inner : p->inner;             \
        for (int64_t i = 0; i < p->axis; i++, at += step)                                                             \
            for (int64_t j = 0; j < columns; j++) {                                                                   \
                SUM before = sum[j];                                                                                  \
                sum[j] += LOAD(x[at + j]);                                                                            \
                y[at + j] = STORE(p->exclusive ? before : sum[j]);                                                    \
            }                                                                                                         \
    }

CUMULATIVE_TYPE(cumulative_float32, float, double, (double), CUMULATIVE_FLOAT)
CUMULATIVE_TYPE(cumulative_bfloat16, uint16_t, double, (double)float_of_bfloat16, CUMULATIVE_BFLOAT16)
CUMULATIVE_TYPE(cumulative_float64, double, double, CUMULATIVE_SAME, CUMULATIVE_SAME)
CUMULATIVE_TYPE(cumulative_int32, uint32_t, uint32_t, CUMULATIVE_SAME, CUMULATIVE_SAME)
CUMULATIVE_TYPE(cumulative_int64, uint64_t, uint64_t, CUMULATIVE_SAME, CUMULATIVE_SAME)
CUMULATIVE_TYPE(cumulative_uint8, uint8_t, uint8_t, CUMULATIVE_SAME, CUMULATIVE_SAME)

#define CUMULATIVE_CALL(NAME, T) NAME(p, (const T *)job->x + at, (T *)job->y + at, columns); break;

static void cumulative_tasks(void *context, int64_t first, int64_t last) {
    const cumulative_job *job = context;
    const apus_cumulative_sum_parameters *p = job->p;
    int64_t blocks = reduce_divide_up(p->inner, CUMULATIVE_COLUMNS);
    for (int64_t task = first; task < last; task++) {
        int64_t column = task % blocks * CUMULATIVE_COLUMNS;
        int64_t columns = reduce_minimum(CUMULATIVE_COLUMNS, p->inner - column);
        int64_t at = task / blocks * p->axis * p->inner + column;
        switch (p->type) {
        case APUS_FLOAT32: CUMULATIVE_CALL(cumulative_float32, float)
        case APUS_BFLOAT16: CUMULATIVE_CALL(cumulative_bfloat16, uint16_t)
        case APUS_FLOAT64: CUMULATIVE_CALL(cumulative_float64, double)
        case APUS_INT32: CUMULATIVE_CALL(cumulative_int32, uint32_t)
        case APUS_INT64: CUMULATIVE_CALL(cumulative_int64, uint64_t)
        default: CUMULATIVE_CALL(cumulative_uint8, uint8_t)
        }
    }
}

int apus_cumulative_sum(void *const *buffers, const void *parameters) {
    const apus_cumulative_sum_parameters *p = parameters;
    if (p->type < 0 || p->type >= APUS_BOOL) return APUS_STATUS_UNSUPPORTED;
    cumulative_job job = {p, buffers[0], buffers[1]};
    int64_t tasks = p->outer * reduce_divide_up(p->inner, CUMULATIVE_COLUMNS);
    if (p->outer * p->axis * p->inner < 16384)
        cumulative_tasks(&job, 0, tasks);
    else
        apus_parallel_for(tasks, cumulative_tasks, &job);
    return APUS_STATUS_OK;
}
