// Reductions over axes: plans by shape, runs the loops of reduce_template.h, adds up partial results.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "reduce_common.h"

#define APUS_TEMPLATE "reduce_template.h"
#include "multiversion.h"

/// Most accumulators of a task, and the wish for tasks of a large reduction.
enum { TASK_ACCUMULATORS = 512, WISHED_TASKS = 32 };
/// Elements: below the first nothing is split or shared; a part has at least the second.
enum { SHARED_ELEMENTS = 49152, PART_ELEMENTS = 8192 };

/// A walk over some axes: index i of their product is at an offset in x.
typedef struct {
    int rank;
    int64_t shape[APUS_REDUCE_MAX_RANK], stride[APUS_REDUCE_MAX_RANK];
    int64_t count;
} axis_walk;

static int64_t offset_at(const axis_walk *w, int64_t index) {
    int64_t offset = 0;
    for (int i = w->rank - 1; i >= 0; i--) {
        offset += index % w->shape[i] * w->stride[i];
        index /= w->shape[i];
    }
    return offset;
}

/// x is [kept axes..., unit], y has one block of `unit_outputs` results for each index of the kept walk. A unit is
/// either lines: `unit_outputs` lines of `length` elements, each reduced to one result; or rows: `length` rows, reduced
/// to one row of `unit_outputs`. Both have a stride; units that differ in the reduced walk go to the same results.
typedef struct {
    bool lines;
    axis_walk kept, reduced;
    int64_t unit_outputs, length, stride;
    /// Results of a task; tasks a unit; parts that split the reduced walk and the unit's length.
    int64_t block, blocks, reduced_parts, length_parts;
    int64_t terms, elements;
} reduce_plan;

static void push_axis(axis_walk *w, int64_t n, int64_t stride) {
    w->shape[w->rank] = n;
    w->stride[w->rank++] = stride;
    w->count *= n;
}

static reduce_plan plan_of(const apus_reduce_parameters *p) {
    // Collapse: no axes of size 1, neighbours of the same kind merged.
    int rank = 0;
    int64_t shape[APUS_REDUCE_MAX_RANK];
    bool reduced[APUS_REDUCE_MAX_RANK];
    reduce_plan plan = {.kept.count = 1, .reduced.count = 1, .terms = 1, .elements = 1};
    for (int i = 0; i < p->rank; i++) {
        bool r = p->reduced >> i & 1;
        plan.elements *= p->shape[i];
        if (r) plan.terms *= p->shape[i];
        if (p->shape[i] == 1) continue;
        if (rank > 0 && reduced[rank - 1] == r) {
            shape[rank - 1] *= p->shape[i];
        } else {
            shape[rank] = p->shape[i];
            reduced[rank++] = r;
        }
    }
    int64_t stride[APUS_REDUCE_MAX_RANK];
    int64_t step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape[i];
    }
    // The unit takes the last axis and the last one of the other kind.
    plan.lines = rank > 0 && reduced[rank - 1];
    int last = rank - 1, other = rank - 2;
    int64_t last_size = last >= 0 ? shape[last] : 1, other_size = other >= 0 ? shape[other] : 1;
    plan.stride = other >= 0 ? stride[other] : last_size;
    plan.length = plan.lines ? last_size : other_size;
    plan.unit_outputs = plan.lines ? other_size : last_size;
    for (int i = 0; i < other; i++) push_axis(reduced[i] ? &plan.reduced : &plan.kept, shape[i], stride[i]);

    int64_t per_output = plan.length * plan.reduced.count;
    plan.block = reduce_minimum(plan.unit_outputs, TASK_ACCUMULATORS);
    if (plan.lines)
        plan.block = reduce_minimum(plan.block, reduce_maximum(1, PART_ELEMENTS / reduce_maximum(1, per_output)));
    plan.block = reduce_maximum(1, plan.block);
    plan.blocks = reduce_divide_up(plan.unit_outputs, plan.block);
    plan.reduced_parts = plan.length_parts = 1;
    int64_t tasks = plan.kept.count * plan.blocks;
    if (plan.elements >= SHARED_ELEMENTS && tasks < WISHED_TASKS / 2) {
        int64_t wish = reduce_minimum(reduce_divide_up(WISHED_TASKS, tasks), plan.elements / tasks / PART_ELEMENTS);
        wish = reduce_maximum(1, wish);
        plan.reduced_parts = reduce_minimum(wish, plan.reduced.count);
        plan.length_parts = reduce_minimum(wish / plan.reduced_parts, plan.length);
    }
    return plan;
}

typedef struct {
    const apus_reduce_parameters *p;
    reduce_plan plan;
    const reduce_loops *loops;
    const char *x;
    char *y, *scratch;
} reduce_job;

/// Writes `count` results from `index` on.
static void finish(const reduce_job *job, const void *accumulators, int64_t index, int64_t count) {
    int64_t to = job->p->result_type;
    double divisor = job->p->operation == APUS_REDUCE_MEAN ? (double)job->plan.terms : 1;
    char *y = job->y + index * reduce_type_bytes(to);
    switch (job->loops->accumulator) {
    case APUS_FLOAT64: {
        const double *a = accumulators;
        if (to == APUS_FLOAT64)
            for (int64_t i = 0; i < count; i++) ((double *)y)[i] = a[i] / divisor;
        else if (to == APUS_FLOAT32)
            for (int64_t i = 0; i < count; i++) ((float *)y)[i] = (float)(a[i] / divisor);
        else
            for (int64_t i = 0; i < count; i++) ((uint16_t *)y)[i] = bfloat16_of_float((float)(a[i] / divisor));
        break;
    }
    case APUS_FLOAT32: {
        const float *a = accumulators;
        if (to == APUS_FLOAT32)
            memcpy(y, a, (size_t)count * 4);
        else
            for (int64_t i = 0; i < count; i++) ((uint16_t *)y)[i] = bfloat16_of_float(a[i]);
        break;
    }
    case APUS_INT64: {
        const int64_t *a = accumulators;
        if (to == APUS_INT64)
            memcpy(y, a, (size_t)count * 8);
        else if (to == APUS_INT32)
            for (int64_t i = 0; i < count; i++) ((int32_t *)y)[i] = (int32_t)a[i];
        else if (to == APUS_UINT8)
            for (int64_t i = 0; i < count; i++) ((uint8_t *)y)[i] = (uint8_t)a[i];
        else
            for (int64_t i = 0; i < count; i++) ((uint8_t *)y)[i] = a[i] != 0;
        break;
    }
    default: memcpy(y, accumulators, (size_t)(count * reduce_type_bytes(job->loops->accumulator))); break;
    }
}

/// Task = ((kept index * blocks + block) * reduced_parts + part) * length_parts + part of the length.
static void reduce_tasks(void *context, int64_t first, int64_t last) {
    const reduce_job *job = context;
    const reduce_plan *plan = &job->plan;
    const reduce_loops *loops = job->loops;
    int64_t bytes = reduce_type_bytes(job->p->type), accumulator_bytes = reduce_type_bytes(loops->accumulator);
    int64_t parts = plan->reduced_parts * plan->length_parts;
    _Alignas(64) double accumulators[TASK_ACCUMULATORS];
    for (int64_t task = first; task < last; task++) {
        int64_t part = task % parts, block = task / parts;
        int64_t length_part = part % plan->length_parts, reduced_part = part / plan->length_parts;
        int64_t output = block % plan->blocks * plan->block;
        int64_t outputs = reduce_minimum(plan->block, plan->unit_outputs - output);
        int64_t from = plan->length * length_part / plan->length_parts;
        int64_t length = plan->length * (length_part + 1) / plan->length_parts - from;
        int64_t r = plan->reduced.count * reduced_part / plan->reduced_parts;
        int64_t r_end = plan->reduced.count * (reduced_part + 1) / plan->reduced_parts;
        int64_t kept = block / plan->blocks, kept_offset = offset_at(&plan->kept, kept);
        loops->initialize(accumulators, outputs);
        for (; r < r_end; r++) {
            int64_t base = kept_offset + offset_at(&plan->reduced, r);
            if (plan->lines)
                loops->lines(job->x + (base + output * plan->stride + from) * bytes, plan->stride, outputs, length,
                             accumulators);
            else
                loops->rows(job->x + (base + from * plan->stride + output) * bytes, plan->stride, length, outputs,
                            accumulators);
        }
        if (parts == 1) {
            finish(job, accumulators, kept * plan->unit_outputs + output, outputs);
        } else {
            int64_t at = part * plan->kept.count * plan->unit_outputs + kept * plan->unit_outputs + output;
            memcpy(job->scratch + at * accumulator_bytes, accumulators, (size_t)(outputs * accumulator_bytes));
        }
    }
}

static bool supported(const apus_reduce_parameters *p, const reduce_loops *loops) {
    if (!loops) return false;
    switch (p->operation) {
    case APUS_REDUCE_ANY:
    case APUS_REDUCE_ALL: return p->result_type == APUS_BOOL;
    case APUS_REDUCE_MAX:
    case APUS_REDUCE_MIN: return p->result_type == p->type;
    default: break;
    }
    if (p->result_type == p->type) return true;
    if (loops->accumulator == APUS_INT64) return p->result_type == APUS_INT32 || p->result_type == APUS_INT64;
    return p->type == APUS_BFLOAT16 && p->result_type == APUS_FLOAT32;
}

int64_t apus_reduce_scratch_bytes(const apus_reduce_parameters *p) {
    reduce_plan plan = plan_of(p);
    int64_t parts = plan.reduced_parts * plan.length_parts;
    return parts == 1 ? 0 : parts * plan.kept.count * plan.unit_outputs * 8;
}

int apus_reduce(void *const *buffers, const void *parameters) {
    const apus_reduce_parameters *p = parameters;
    if (p->rank < 0 || p->rank > APUS_REDUCE_MAX_RANK) return APUS_STATUS_UNSUPPORTED;
    reduce_job job = {.p = p, .x = buffers[0], .y = buffers[1], .scratch = buffers[2]};
    job.loops = APUS_DISPATCH(reduce_loops_of)(p->operation, p->type);
    if (!supported(p, job.loops)) return APUS_STATUS_UNSUPPORTED;
    job.plan = plan_of(p);
    const reduce_plan *plan = &job.plan;
    int64_t parts = plan->reduced_parts * plan->length_parts, outputs = plan->kept.count * plan->unit_outputs;
    int64_t tasks = plan->kept.count * plan->blocks * parts;
    if (plan->elements < SHARED_ELEMENTS)
        reduce_tasks(&job, 0, tasks);
    else
        apus_parallel_for(tasks, reduce_tasks, &job);
    if (parts > 1) {
        int64_t part_bytes = outputs * reduce_type_bytes(job.loops->accumulator);
        for (int64_t i = 1; i < parts; i++) job.loops->combine(job.scratch, job.scratch + i * part_bytes, outputs);
        finish(&job, job.scratch, 0, outputs);
    }
    return APUS_STATUS_OK;
}
