// Runs a compiled elementwise program: segment by segment, block by block, instruction by instruction.
#include "elementwise_internal.h"

#include <string.h>

enum { TAIL_BYTES = 128 };  // 15 elements at most, computed as 16

typedef struct {
    const apus_ew_program *program;
    void *const *buffers;
    ew_kernel kernels[APUS_EW_MAX_INSTRUCTIONS + APUS_EW_MAX_OPERANDS];
    ew_kernel uniform[APUS_EW_MAX_INSTRUCTIONS];
    ew_fused fused;
    const ew_conversions *conversions;
    const ew_memory *memory;
    double *partials;  // [sums][tasks]
} call;

/// What a thread works with.
typedef struct {
    const call *call;
    unsigned char **places;
    unsigned char *bases[APUS_EW_MAX_OPERANDS];
    unsigned char (*tails)[TAIL_BYTES];
    double sums[EW_MAX_SUMS];
} worker;

// MARK: Scalars

static void spread(unsigned char *d, const void *s, int type) {
    switch (type) {
    case APUS_BFLOAT16: {
        uint32_t bits = (uint32_t)*(const uint16_t *)s << 16;
        for (int i = 0; i < 16; i++) ((uint32_t *)d)[i] = bits;
        break;
    }
    case APUS_FLOAT32:
    case APUS_INT32:
        for (int i = 0; i < 16; i++) ((uint32_t *)d)[i] = *(const uint32_t *)s;
        break;
    case APUS_FLOAT64:
    case APUS_INT64:
        for (int i = 0; i < 16; i++) ((uint64_t *)d)[i] = *(const uint64_t *)s;
        break;
    default: memset(d, *(const uint8_t *)s, 16);
    }
}

/// Finds the operands of a segment, loads its scalars and computes with them.
static void enter_segment(worker *w, const apus_ew_segment *segment) {
    const apus_ew_program *p = w->call->program;
    unsigned char **places = w->places;
    for (int k = 0; k < p->operand_count; k++) {
        const ew_operand *o = &p->operands[k];
        if (!o->read && !o->written) continue;
        const apus_ew_operand *d = &o->description;
        unsigned char *base = w->call->buffers[d->buffer + (d->is_shared ? 0 : segment->first_buffer)];
        base += d->offset * o->size;
        w->bases[k] = base;
        if (o->load)
            places[k] = o->load == EW_IN_PLACE ? base : places[o->place];
        else if (o->read)
            spread(places[o->place], base, d->type);
    }
    for (int i = 0; i < p->uniform_count; i++) {
        const ew_step *s = &p->uniform[i];
        w->call->uniform[i](places[s->d], places[s->a], places[s->b], places[s->c], places[s->e], 16);
    }
    for (int i = 0; i < p->splat_count; i++)
        w->call->memory->fill(places[p->splats[i].slot], places[p->splats[i].source], p->splats[i].size, p->block);
}

// MARK: Blocks

static void load_block(worker *w, int64_t first, int64_t n, bool again) {
    const apus_ew_program *p = w->call->program;
    for (int k = 0; k < p->operand_count; k++) {
        const ew_operand *o = &p->operands[k];
        const apus_ew_operand *d = &o->description;
        unsigned char *base = w->bases[k], *slot;
        switch (o->load) {
        case EW_UNUSED: break;
        case EW_IN_PLACE: w->places[k] = base + first * o->size; break;
        case EW_WINDOW: {
            if (o->load_once && again) break;
            int64_t phase = first % d->inner;
            if (phase + n <= d->inner && n % 16 == 0) {
                w->places[k] = base + phase * o->size;
                break;
            }
            slot = w->places[k] = w->places[o->place];
            w->call->memory->gather(slot, base, d, o->size, first, n);
            break;
        }
        case EW_GATHERED:
            if (o->load_once && again) break;
            slot = w->places[k] = w->places[o->place];
            if (o->size == o->lane_size) {
                w->call->memory->gather(slot, base, d, o->size, first, n);
            } else {
                unsigned char *half = slot + 2 * p->block;
                w->call->memory->gather(half, base, d, o->size, first, n);
                w->call->conversions->to_float((float *)slot, (const uint16_t *)half, n);
            }
            break;
        case EW_CONVERTED:
            slot = w->places[k] = w->places[o->place];
            if (o->read) w->call->conversions->to_float((float *)slot, (const uint16_t *)base + first, n);
            break;
        }
    }
}

static void run_steps(worker *w, int64_t n) {
    const call *call = w->call;
    const apus_ew_program *p = call->program;
    unsigned char *const *places = w->places;
    if (call->fused) {
        void *arguments[EW_MAX_FUSED_ARGUMENTS];
        for (int i = 0; i < p->fused_count; i++) arguments[i] = places[p->fused_places[i]];
        call->fused(arguments, n);
        return;
    }
    for (int i = 0; i < p->step_count; i++) {
        const ew_step *s = &p->steps[i];
        call->kernels[i](places[s->d], places[s->a], places[s->b], places[s->c], places[s->e], n);
    }
}

static void sum_block(worker *w, int64_t n) {
    const apus_ew_program *p = w->call->program;
    for (int i = 0; i < p->sum_count; i++)
        w->sums[i] += w->call->conversions->sum((const float *)w->places[p->sums[i].source], n);
}

/// The last n < 16 elements of a block, as 16: what lies in tensors is copied, so that nothing past their ends is
/// touched.
static void run_tail(worker *w, int64_t done, int64_t n) {
    const apus_ew_program *p = w->call->program;
    for (int k = 0; k < p->operand_count; k++) {
        const ew_operand *o = &p->operands[k];
        if (!o->load) continue;
        w->places[k] += done * o->lane_size;
        if (o->load != EW_IN_PLACE) continue;
        unsigned char *tail = w->tails[k];
        memset(tail, 0, TAIL_BYTES);
        if (o->read) memcpy(tail, w->places[k], (size_t)(n * o->size));
        w->places[k] = tail;
    }
    // Slots are used from their start, except those of operands.
    run_steps(w, 16);
}

static void store_tail(worker *w, int64_t first, int64_t n) {
    const apus_ew_program *p = w->call->program;
    for (int k = 0; k < p->operand_count; k++) {
        const ew_operand *o = &p->operands[k];
        if (o->load == EW_IN_PLACE && o->written)
            memcpy(w->bases[k] + first * o->size, w->tails[k], (size_t)(n * o->size));
    }
}

static void run_block(worker *w, int64_t first, int64_t n, bool again) {
    const apus_ew_program *p = w->call->program;
    load_block(w, first, n, again);
    int64_t full = n & ~(int64_t)15, rest = n - full;
    if (full) {
        run_steps(w, full);
        if (p->sum_count) sum_block(w, full);
    }
    if (rest) {
        run_tail(w, full, rest);
        if (p->sum_count) sum_block(w, rest);
        store_tail(w, first + full, rest);
    }
    for (int k = 0; k < p->operand_count; k++) {
        const ew_operand *o = &p->operands[k];
        if (o->load == EW_CONVERTED && o->written)
            w->call->conversions->to_bfloat((uint16_t *)w->bases[k] + first, (const float *)w->places[o->place], n);
    }
}

// MARK: Calls

static void run_tasks(void *context, int64_t first, int64_t last) {
    const call *c = context;
    const apus_ew_program *p = c->program;
    // One piece of stack: slots, scalars, tails, and the pointers to all places.
    int64_t slots = p->slot_count * p->slot_bytes, scalars = (int64_t)p->scalar_count * EW_SCALAR_BYTES;
    int64_t tails = (int64_t)p->operand_count * TAIL_BYTES;
    _Alignas(64) unsigned char storage[slots + scalars + tails + 64];
    unsigned char *places[p->place_count];
    worker w = {.call = c, .places = places, .tails = (void *)(storage + slots + scalars)};
    unsigned char **place = places + p->operand_count;
    for (int i = 0; i < p->slot_count; i++) *place++ = storage + i * p->slot_bytes;
    for (int i = 0; i < p->scalar_count; i++) *place++ = storage + slots + i * EW_SCALAR_BYTES;
    for (int i = 0; i < p->constant_count; i++) *place++ = p->constants + i * EW_SCALAR_BYTES;

    int segment = 0, high = p->segment_count;  // the last segment that starts at or before the first task
    while (high - segment > 1) {
        int middle = (segment + high) / 2;
        if (p->first_task[middle] <= first)
            segment = middle;
        else
            high = middle;
    }
    for (; first < last; segment++) {
        int64_t end = p->first_task[segment + 1] < last ? p->first_task[segment + 1] : last;
        if (end <= first) continue;
        enter_segment(&w, &p->segments[segment]);
        bool again = false;
        for (; first < end; first++) {
            int64_t start = (first - p->first_task[segment]) * p->task;
            int64_t stop = start + p->task < p->segments[segment].count ? start + p->task : p->segments[segment].count;
            for (int i = 0; i < p->sum_count; i++) w.sums[i] = 0;
            for (int64_t i = start; i < stop; i += p->block, again = true)
                run_block(&w, i, stop - i < p->block ? stop - i : p->block, again);
            for (int i = 0; i < p->sum_count; i++) c->partials[i * p->first_task[p->segment_count] + first] = w.sums[i];
        }
    }
}

static void store_sums(const call *c) {
    const apus_ew_program *p = c->program;
    for (int i = 0; i < p->sum_count; i++) {
        const ew_operand *o = &p->operands[p->sums[i].destination];
        const apus_ew_operand *d = &o->description;
        const double *partials = c->partials + i * p->first_task[p->segment_count];
        for (int s = 0; s < p->segment_count; s++) {
            double sum = 0;
            for (int64_t t = p->first_task[s]; t < p->first_task[s + 1]; t++) sum += partials[t];
            unsigned char *out = c->buffers[d->buffer + (d->is_shared ? 0 : p->segments[s].first_buffer)];
            out += d->offset * o->size;
            if (o->lane == EW_F32)
                *(float *)out = (float)sum;
            else
                *(double *)out = sum;
        }
    }
}

int apus_elementwise(void *const *buffers, const void *parameters) {
    const apus_ew_program *p = parameters;
    int64_t tasks = p->first_task[p->segment_count];
    double partials[p->sum_count ? p->sum_count * tasks + 1 : 1];
    call c;
    c.program = p;
    c.buffers = buffers;
    c.partials = partials;
    c.memory = ew_memory_kernels();
    c.conversions = ew_conversion_kernels();
    c.fused = p->fused ? p->fused() : NULL;
    for (int i = 0; !p->fused && i < p->step_count; i++)
        c.kernels[i] = ew_kernels(p->steps[i].lane)[p->steps[i].opcode][p->steps[i].form];
    for (int i = 0; i < p->uniform_count; i++)
        c.uniform[i] = ew_kernels(p->uniform[i].lane)[p->uniform[i].opcode][EW_VECTORS];
    if (p->parallel)
        apus_parallel_for(tasks, run_tasks, &c);
    else
        run_tasks(&c, 0, tasks);
    store_sums(&c);
    return 0;
}
