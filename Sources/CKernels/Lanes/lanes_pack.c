// Between dense tensors, sample by sample, and the lanes layout: transposes of 16 samples × 16 elements.
#include "lanes_common.h"

#define APUS_TEMPLATE "lanes_pack_template.h"
#include "multiversion.h"

typedef struct {
    const apus_lanes_pack_parameters *p;
    const void *x;
    float *y;
    /// Elements of a sample, and squares of 16 of them.
    int64_t elements, squares;
    void (*run)(const apus_lanes_pack_parameters *, const void *x, float *y, int64_t block, int64_t first,
                int64_t last);
} pack_job;

/// A task does this many squares of one block: about 2 µs.
#define SQUARES 32

static void pack_tasks(void *context, int64_t first, int64_t last) {
    const pack_job *job = context;
    int64_t tasks_a_block = lanes_divide_up(job->squares, SQUARES);
    for (int64_t task = first; task < last; task++) {
        int64_t square = task % tasks_a_block * SQUARES;
        job->run(job->p, job->x, job->y, task / tasks_a_block, square, lanes_minimum(square + SQUARES, job->squares));
    }
}

static int run(pack_job *job, void *const *buffers, const apus_lanes_pack_parameters *p) {
    job->p = p;
    job->x = buffers[0];
    job->y = buffers[1];
    job->elements = p->height * p->width * p->channels;
    job->squares = lanes_divide_up(job->elements, ELEMENT);
    int64_t blocks = lanes_divide_up(p->samples, APUS_LANES_BLOCK);
    apus_parallel_for(blocks * lanes_divide_up(job->squares, SQUARES), pack_tasks, job);
    return 0;
}

int apus_lanes_pack(void *const *buffers, const void *parameters) {
    const apus_lanes_pack_parameters *p = parameters;
    if (p->type != APUS_FLOAT32 && p->type != APUS_UINT8) return 1;
    pack_job job = {.run = APUS_DISPATCH(pack_squares)};
    return run(&job, buffers, p);
}

int apus_lanes_unpack(void *const *buffers, const void *parameters) {
    pack_job job = {.run = APUS_DISPATCH(unpack_squares)};
    return run(&job, buffers, parameters);
}

int apus_lanes_clear_padding(void *const *buffers, const void *parameters) {
    const apus_lanes_pack_parameters *p = parameters;
    int64_t rest = p->samples % APUS_LANES_BLOCK, elements = p->channels * p->height * p->width;
    if (rest == 0) return 0;
    float *last = (float *)buffers[0] + p->samples / APUS_LANES_BLOCK * elements * APUS_LANES_BLOCK;
    for (int64_t i = 0; i < elements; i++)
        for (int64_t lane = rest; lane < APUS_LANES_BLOCK; lane++) last[i * APUS_LANES_BLOCK + lane] = 0;
    return 0;
}
