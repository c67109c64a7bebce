// The strided copy: normalizes the axes, chooses an inner loop, splits large boxes between threads.
#include "movement_copy.h"

#define APUS_TEMPLATE "movement_copy_template.h"
#include "multiversion.h"

static void swap_axes(copy_box *b, int i, int j) {
    int64_t n = b->shape[i], s = b->source_strides[i], d = b->destination_strides[i];
    b->shape[i] = b->shape[j];
    b->source_strides[i] = b->source_strides[j];
    b->destination_strides[i] = b->destination_strides[j];
    b->shape[j] = n;
    b->source_strides[j] = s;
    b->destination_strides[j] = d;
}

/// Drops axes of size 1, turns axes that the destination runs backwards, sorts them by the destination's strides,
/// merges neighbours that are one axis in both. Returns the number of elements.
static int64_t normalize(copy_box *b) {
    int rank = 0;
    int64_t count = 1;
    for (int i = 0; i < b->rank; i++) {
        count *= b->shape[i];
        if (b->shape[i] == 1) continue;
        b->shape[rank] = b->shape[i];
        int64_t s = b->source_strides[i], d = b->destination_strides[i];
        if (d < 0) {
            b->source += (b->shape[i] - 1) * s * b->element_bytes;
            b->destination += (b->shape[i] - 1) * d * b->element_bytes;
            s = -s;
            d = -d;
        }
        b->source_strides[rank] = s;
        b->destination_strides[rank] = d;
        rank++;
    }
    b->rank = rank;
    if (count == 0) return 0;
    for (int i = 1; i < rank; i++)
        for (int j = i; j > 0 && b->destination_strides[j - 1] < b->destination_strides[j]; j--) swap_axes(b, j - 1, j);
    int last = 0;
    for (int i = 1; i < rank; i++) {
        int64_t n = b->shape[i];
        if (b->source_strides[last] == b->source_strides[i] * n
            && b->destination_strides[last] == b->destination_strides[i] * n) {
            b->shape[last] *= n;
            b->source_strides[last] = b->source_strides[i];
            b->destination_strides[last] = b->destination_strides[i];
        } else {
            last++;
            if (last != i) {
                b->shape[last] = n;
                b->source_strides[last] = b->source_strides[i];
                b->destination_strides[last] = b->destination_strides[i];
            }
        }
    }
    if (rank > 0) b->rank = last + 1;
    while (b->rank < 2) {
        // The inner loops take two axes.
        for (int i = b->rank; i > 0; i--) {
            b->shape[i] = b->shape[i - 1];
            b->source_strides[i] = b->source_strides[i - 1];
            b->destination_strides[i] = b->destination_strides[i - 1];
        }
        b->shape[0] = 1;
        b->source_strides[0] = b->destination_strides[0] = 1;
        b->rank++;
    }
    return count;
}

typedef struct {
    copy_box box;
    /// The axis that threads share.
    int axis;
    void (*run)(const copy_box *);
} copy_job;

static void copy_share(void *context, int64_t first, int64_t last) {
    const copy_job *job = context;
    copy_box box = job->box;
    box.shape[job->axis] = last - first;
    box.source += first * box.source_strides[job->axis] * box.element_bytes;
    box.destination += first * box.destination_strides[job->axis] * box.element_bytes;
    job->run(&box);
}

int apus_copy(void *const *buffers, const void *parameters) {
    const apus_copy_parameters *p = parameters;
    if (p->rank < 0 || p->rank > APUS_MOVEMENT_MAX_RANK) return APUS_STATUS_UNSUPPORTED;
    if (p->element_bytes != 1 && p->element_bytes != 2 && p->element_bytes != 4 && p->element_bytes != 8)
        return APUS_STATUS_UNSUPPORTED;
    copy_job job = {.run = APUS_DISPATCH(copy_box_run)};
    copy_box *b = &job.box;
    b->rank = (int)p->rank;
    b->element_bytes = p->element_bytes;
    b->source = (const char *)buffers[0] + p->source_offset * p->element_bytes;
    b->destination = (char *)buffers[1] + p->destination_offset * p->element_bytes;
    memcpy(b->shape, p->shape, sizeof b->shape);
    memcpy(b->source_strides, p->source_strides, sizeof b->source_strides);
    memcpy(b->destination_strides, p->destination_strides, sizeof b->destination_strides);
    int64_t count = normalize(b);
    if (count == 0) return APUS_STATUS_OK;

    // A transpose: the axis that is contiguous in the source goes beside the innermost one.
    int inner = b->rank - 1;
    if (b->source_strides[inner] != 0 && b->source_strides[inner] != 1)
        for (int i = inner - 2; i >= 0; i--)
            if (b->source_strides[i] == 1) {
                for (int j = i; j < inner - 1; j++) swap_axes(b, j, j + 1);
                break;
            }

    if (count * b->element_bytes < MOVEMENT_PARALLEL_BYTES) {
        job.run(b);
        return APUS_STATUS_OK;
    }
    // The outermost axis long enough for even shares, else the longest.
    job.axis = 0;
    for (int i = 0; i < b->rank; i++) {
        if (b->shape[i] > b->shape[job.axis]) job.axis = i;
        if (b->shape[i] >= 32) {
            job.axis = i;
            break;
        }
    }
    apus_parallel_for(b->shape[job.axis], copy_share, &job);
    return APUS_STATUS_OK;
}
