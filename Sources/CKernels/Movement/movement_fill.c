// Constants: filling, padding, ranges.
#include "movement_common.h"

// MARK: Fill

typedef struct {
    char *to;
    int64_t bytes;
    uint64_t pattern;
} fill_job;

#define FILL_CHUNK 16384

static void fill_chunks(void *context, int64_t first, int64_t last) {
    const fill_job *job = context;
    int64_t begin = first * FILL_CHUNK, end = last * FILL_CHUNK < job->bytes ? last * FILL_CHUNK : job->bytes;
    movement_fill(job->to + begin, end - begin, job->pattern);
}

int apus_fill(void *const *buffers, const void *parameters) {
    const apus_fill_parameters *p = parameters;
    fill_job job = {buffers[0], p->count * p->element_bytes, movement_pattern(p->value, p->element_bytes)};
    if (job.bytes < MOVEMENT_PARALLEL_BYTES)
        movement_fill(job.to, job.bytes, job.pattern);
    else
        apus_parallel_for((job.bytes + FILL_CHUNK - 1) / FILL_CHUNK, fill_chunks, &job);
    return APUS_STATUS_OK;
}

// MARK: Pad

typedef struct {
    int rank;
    /// Axes without padding are merged into the one before; the last is the row, in bytes.
    int64_t shape[APUS_MOVEMENT_MAX_RANK], before[APUS_MOVEMENT_MAX_RANK], after[APUS_MOVEMENT_MAX_RANK];
    const char *source;
    char *destination;
    uint64_t pattern;
} pad_job;

static int64_t padded(const pad_job *job, int axis) { return job->shape[axis] + job->before[axis] + job->after[axis]; }

static void pad_rows(void *context, int64_t first, int64_t last) {
    const pad_job *job = context;
    int row = job->rank - 1;
    int64_t row_bytes = padded(job, row), length = job->shape[row];
    int64_t index[APUS_MOVEMENT_MAX_RANK];
    int64_t rest = first;
    for (int axis = row - 1; axis >= 0; axis--) {
        index[axis] = rest % padded(job, axis);
        rest /= padded(job, axis);
    }
    for (int64_t r = first; r < last; r++) {
        char *to = job->destination + r * row_bytes;
        int64_t from = 0;
        bool inside = true;
        for (int axis = 0; axis < row; axis++) {
            int64_t i = index[axis] - job->before[axis];
            inside = inside && i >= 0 && i < job->shape[axis];
            from = from * job->shape[axis] + i;
        }
        if (inside) {
            movement_fill(to, job->before[row], job->pattern);
            movement_copy_row(to + job->before[row], job->source + from * length, length);
            movement_fill(to + job->before[row] + length, job->after[row], job->pattern);
        } else {
            movement_fill(to, row_bytes, job->pattern);
        }
        for (int axis = row - 1; axis >= 0 && ++index[axis] == padded(job, axis); axis--) index[axis] = 0;
    }
}

int apus_pad(void *const *buffers, const void *parameters) {
    const apus_pad_parameters *p = parameters;
    if (p->rank < 0 || p->rank > APUS_MOVEMENT_MAX_RANK) return APUS_STATUS_UNSUPPORTED;
    pad_job job = {
        .rank = 1,
        .shape = {p->rank ? p->shape[0] : 1},
        .before = {p->rank ? p->before[0] : 0},
        .after = {p->rank ? p->after[0] : 0},
        .source = buffers[0],
        .destination = buffers[1],
        .pattern = movement_pattern(p->value, p->element_bytes),
    };
    for (int64_t i = 1; i < p->rank; i++) {
        int last = job.rank - 1;
        if (p->before[i] == 0 && p->after[i] == 0) {
            job.shape[last] *= p->shape[i];
            job.before[last] *= p->shape[i];
            job.after[last] *= p->shape[i];
        } else {
            job.shape[job.rank] = p->shape[i];
            job.before[job.rank] = p->before[i];
            job.after[job.rank] = p->after[i];
            job.rank++;
        }
    }
    int row = job.rank - 1;
    job.shape[row] *= p->element_bytes;
    job.before[row] *= p->element_bytes;
    job.after[row] *= p->element_bytes;
    int64_t rows = 1;
    for (int axis = 0; axis < row; axis++) rows *= padded(&job, axis);
    if (rows * padded(&job, row) < MOVEMENT_PARALLEL_BYTES)
        pad_rows(&job, 0, rows);
    else
        apus_parallel_for(rows, pad_rows, &job);
    return APUS_STATUS_OK;
}

// MARK: Iota

static uint16_t bfloat16_of(double value) {
    float f = (float)value;
    uint32_t bits;
    memcpy(&bits, &f, 4);
    if (f != f) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// One value of the range, as the element's bits.
static uint64_t iota_bits(const apus_iota_parameters *p, int64_t i) {
    double value = p->start + (double)i * p->step;
    uint64_t bits = (uint64_t)p->integer_start + (uint64_t)i * (uint64_t)p->integer_step;
    float single = (float)value;
    switch (p->type) {
    case APUS_FLOAT32:
        bits = 0;
        memcpy(&bits, &single, 4);
        break;
    case APUS_BFLOAT16: bits = bfloat16_of(value); break;
    case APUS_FLOAT64: memcpy(&bits, &value, 8); break;
    default: break;
    }
    return bits;
}

int apus_iota(void *const *buffers, const void *parameters) {
    const apus_iota_parameters *p = parameters;
    int64_t size;
    switch (p->type) {
    case APUS_UINT8: size = 1; break;
    case APUS_BFLOAT16: size = 2; break;
    case APUS_FLOAT32:
    case APUS_INT32: size = 4; break;
    case APUS_FLOAT64:
    case APUS_INT64: size = 8; break;
    default: return APUS_STATUS_UNSUPPORTED;
    }
    char *to = buffers[0];
    int64_t line = p->inner * size;
    if (p->outer == 0) return APUS_STATUS_OK;
    for (int64_t a = 0; a < p->axis; a++) {
        // The lowest bytes: the CPUs that this runs on are little-endian.
        uint64_t bits = iota_bits(p, a);
        if (p->inner == 1)
            memcpy(to + a * size, &bits, (size_t)size);
        else
            movement_fill(to + a * line, line, movement_pattern(bits, size));
    }
    for (int64_t o = 1; o < p->outer; o++) memcpy(to + o * p->axis * line, to, (size_t)(p->axis * line));
    return APUS_STATUS_OK;
}
