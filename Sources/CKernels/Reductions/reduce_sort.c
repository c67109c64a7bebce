// Stable sorting of indices along an axis: merge sort of (key, index) pairs, keys made so that unsigned order is the
// wanted order.
#include "reduce_common.h"

/// Most chunks that the lines are gathered into; each has a scratch slot.
enum { SORT_CHUNKS = 16 };

typedef struct {
    uint64_t key;
    int64_t index;
} sort_entry;

typedef struct {
    const apus_argsort_parameters *p;
    const void *x;
    void *y;
    sort_entry *scratch;
    int64_t chunks;
} sort_job;

/// Order-preserving: negative floats are flipped, -0 becomes +0, NaN comes last.
static uint64_t key_of_double(double v) {
    if (v != v) return UINT64_MAX;
    v += 0.0;
    uint64_t bits;
    memcpy(&bits, &v, 8);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}

static uint64_t key_at(const sort_job *job, int64_t at) {
    switch (job->p->type) {
    case APUS_FLOAT32: return key_of_double((double)((const float *)job->x)[at]);
    case APUS_BFLOAT16: return key_of_double((double)float_of_bfloat16(((const uint16_t *)job->x)[at]));
    case APUS_FLOAT64: return key_of_double(((const double *)job->x)[at]);
    case APUS_INT32: return (uint64_t)(int64_t)((const int32_t *)job->x)[at] ^ 1ull << 63;
    case APUS_INT64: return (uint64_t)((const int64_t *)job->x)[at] ^ 1ull << 63;
    default: return ((const uint8_t *)job->x)[at];
    }
}

/// Sorts `entries`; the result is there or in `other`, which is returned.
static sort_entry *sort(sort_entry *entries, sort_entry *other, int64_t count) {
    enum { RUN = 16 };
    for (int64_t first = 0; first < count; first += RUN) {
        int64_t last = reduce_minimum(first + RUN, count);
        for (int64_t i = first + 1; i < last; i++) {
            sort_entry e = entries[i];
            int64_t j = i;
            for (; j > first && entries[j - 1].key > e.key; j--) entries[j] = entries[j - 1];
            entries[j] = e;
        }
    }
    for (int64_t run = RUN; run < count; run *= 2) {
        for (int64_t first = 0; first < count; first += 2 * run) {
            int64_t middle = reduce_minimum(first + run, count), last = reduce_minimum(first + 2 * run, count);
            int64_t a = first, b = middle, to = first;
            while (a < middle && b < last) {
                // No branch: which run is next is a coin toss.
                bool right = entries[b].key < entries[a].key;
                other[to++] = entries[right ? b : a];
                a += !right;
                b += right;
            }
            memcpy(other + to, entries + a, (size_t)(middle - a) * sizeof(sort_entry));
            to += middle - a;
            memcpy(other + to, entries + b, (size_t)(last - b) * sizeof(sort_entry));
        }
        sort_entry *swap = entries;
        entries = other;
        other = swap;
    }
    return entries;
}

static void sort_chunks(void *context, int64_t first_chunk, int64_t last_chunk) {
    const sort_job *job = context;
    const apus_argsort_parameters *p = job->p;
    int64_t lines = p->outer * p->inner;
    sort_entry *entries = job->scratch + first_chunk * 2 * p->axis;
    int64_t last = lines * last_chunk / job->chunks;
    for (int64_t line = lines * first_chunk / job->chunks; line < last; line++) {
        int64_t outer = line / p->inner, inner = line % p->inner;
        for (int64_t i = 0; i < p->axis; i++) {
            uint64_t key = key_at(job, (outer * p->axis + i) * p->inner + inner);
            entries[i] = (sort_entry){p->descending ? ~key : key, i};
        }
        const sort_entry *sorted = sort(entries, entries + p->axis, p->axis);
        for (int64_t i = 0; i < p->count; i++) {
            int64_t at = (outer * p->count + i) * p->inner + inner;
            if (p->index_type == APUS_INT64)
                ((int64_t *)job->y)[at] = sorted[i].index;
            else
                ((int32_t *)job->y)[at] = (int32_t)sorted[i].index;
        }
    }
}

static int64_t chunks_of(const apus_argsort_parameters *p) { return reduce_minimum(SORT_CHUNKS, p->outer * p->inner); }

int64_t apus_argsort_scratch_bytes(const apus_argsort_parameters *p) {
    return chunks_of(p) * 2 * p->axis * (int64_t)sizeof(sort_entry);
}

int apus_argsort(void *const *buffers, const void *parameters) {
    const apus_argsort_parameters *p = parameters;
    if (p->type < 0 || p->type > APUS_BOOL || p->count > p->axis) return APUS_STATUS_UNSUPPORTED;
    sort_job job = {p, buffers[0], buffers[1], buffers[2], chunks_of(p)};
    if (p->outer * p->axis * p->inner < 1024)
        sort_chunks(&job, 0, job.chunks);
    else
        apus_parallel_for(job.chunks, sort_chunks, &job);
    return APUS_STATUS_OK;
}
