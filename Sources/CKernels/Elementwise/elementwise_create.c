// Checks an elementwise program, compiles it, and divides its work into blocks and tasks.
#include "elementwise_internal.h"

#include <stdlib.h>
#include <string.h>

// MARK: Blocks and tasks

static int64_t greatest_common_divisor(int64_t a, int64_t b) {
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static void divide_work(apus_ew_program *p) {
    bool in_place = p->slot_count == 0 || p->fused;  // no slots: large blocks
    for (int k = 0; k < p->operand_count; k++) in_place &= p->operands[k].load <= EW_IN_PLACE;
    p->block = in_place ? 8192 : EW_MAX_BLOCK * 4 / p->widest;
    // A block of whole periods loads a short row once instead of for every block.
    for (int k = 0; k < p->operand_count; k++) {
        const ew_operand *o = &p->operands[k];
        if (o->description.access != APUS_EW_PERIODIC || !o->read) continue;
        int64_t inner = o->description.inner;
        if (inner > p->block) continue;
        int64_t together = inner * (16 / greatest_common_divisor(inner, 16));
        if (together <= p->block) {
            p->block = p->block / together * together;
            break;
        }
    }
    p->slot_bytes = in_place ? 0 : (p->block * p->widest + EW_SLOT_SLACK + 63) / 64 * 64;
    for (int k = 0; k < p->operand_count; k++) {
        ew_operand *o = &p->operands[k];
        o->load_once = o->description.access == APUS_EW_PERIODIC && p->block % o->description.inner == 0;
        if (o->read && o->load) p->cost += o->load == EW_IN_PLACE ? 1 : 2;
        if (o->written && o->load) p->cost += 1;
    }

    int64_t elements = 0;
    for (int s = 0; s < p->segment_count; s++) elements += p->segments[s].count;
    p->task = p->block;
    if (p->sum_count) {
        int64_t wanted = elements / EW_MAX_PARTIALS > 4096 ? elements / EW_MAX_PARTIALS : 4096;
        p->task = (wanted + p->block - 1) / p->block * p->block;
    }
    int64_t tasks = 0;
    for (int s = 0; s < p->segment_count; s++) {
        p->first_task[s] = tasks;
        tasks += (p->segments[s].count + p->task - 1) / p->task;
    }
    p->first_task[p->segment_count] = tasks;
    p->parallel = elements * p->cost > 16 * 8000;
}

// MARK: Create and destroy

static bool set_operand(ew_operand *o, const apus_ew_operand *description, const apus_ew_program *p) {
    o->description = *description;
    int lane = ew_lane_of(description->type);
    if (lane < 0 || description->buffer < 0 || description->access > APUS_EW_STRIDED) return false;
    o->lane = (uint8_t)lane;
    o->lane_size = (uint8_t)ew_lane_size(lane);
    o->size = description->type == APUS_BFLOAT16 ? 2 : o->lane_size;
    if (description->is_output && description->access != APUS_EW_CONTIGUOUS && description->access != APUS_EW_SCALAR)
        return false;
    if (description->access == APUS_EW_PERIODIC || description->access == APUS_EW_REPEATED)
        return description->inner > 0;
    if (description->access == APUS_EW_STRIDED) {
        if (description->rank < 1 || description->rank > APUS_EW_MAX_RANK) return false;
        int64_t product = 1;
        for (int axis = 0; axis < description->rank; axis++) {
            int64_t size = description->dimensions[axis];
            if (size < 0 || __builtin_mul_overflow(product, size, &product)) return false;
        }
        for (int s = 0; s < p->segment_count; s++)
            if (p->segments[s].count != product) return false;
    }
    return true;
}

apus_ew_program *apus_elementwise_create(const apus_ew_instruction *instructions, int32_t instruction_count,
                                         const apus_ew_operand *operands, int32_t operand_count,
                                         const apus_ew_segment *segments, int32_t segment_count) {
    if (instruction_count < 1 || instruction_count > APUS_EW_MAX_INSTRUCTIONS || segment_count < 1) return NULL;
    if (operand_count < 1 || operand_count > APUS_EW_MAX_OPERANDS) return NULL;
    apus_ew_program *p = calloc(1, sizeof *p);
    bool good = p != NULL;
    if (good) {
        p->operand_count = operand_count;
        p->segment_count = segment_count;
        p->segments = malloc(sizeof(apus_ew_segment) * (size_t)segment_count);
        p->first_task = malloc(sizeof(int64_t) * ((size_t)segment_count + 1));
        p->constants = aligned_alloc(64, (size_t)instruction_count * 4 * EW_SCALAR_BYTES);
        good = p->segments && p->first_task && p->constants;
    }
    if (good) {
        memcpy(p->segments, segments, sizeof(apus_ew_segment) * (size_t)segment_count);
        for (int s = 0; s < segment_count; s++) good &= segments[s].count >= 0 && segments[s].first_buffer >= 0;
        for (int k = 0; good && k < operand_count; k++) good = set_operand(&p->operands[k], &operands[k], p);
        good = good && ew_lower(p, instructions, instruction_count);
        good = good && (p->step_count || p->sum_count);
        // Every output that is declared must be written.
        for (int k = 0; k < operand_count; k++) good &= !operands[k].is_output || p->operands[k].written;
    }
    if (good) {
        ew_specialize(p);
        divide_work(p);
    }
    if (!good) {
        apus_elementwise_destroy(p);
        return NULL;
    }
    return p;
}

void apus_elementwise_destroy(apus_ew_program *program) {
    if (!program) return;
    free(program->segments);
    free(program->first_task);
    free(program->constants);
    free(program);
}

const char *apus_elementwise_specialization(const apus_ew_program *program) { return program->fused_name; }
