// Compiles instructions: values get slots, what is the same for all elements is taken out of the loop, every
// instruction gets the kernel that fits its scalar and vector sources.
#include "elementwise_internal.h"

#include <stdlib.h>

// MARK: Opcodes

typedef struct {
    uint8_t sources;
    uint8_t cost;      // of a float32, about 1/16 cycle
    bool test;         // result bool
    bool commutative;  // a and b may change places
    uint8_t mirrored;  // the comparison with places changed
} opcode_facts;

static opcode_facts facts_of(int opcode) {
    switch (opcode) {
    case APUS_EW_EXP:
    case APUS_EW_SIGMOID:
    case APUS_EW_LOG: return (opcode_facts){1, 16, 0, 0, 0};
    case APUS_EW_EXPM1:
    case APUS_EW_TANH:
    case APUS_EW_ERF:
    case APUS_EW_LOG1P:
    case APUS_EW_SIN:
    case APUS_EW_COS: return (opcode_facts){1, 24, 0, 0, 0};
    case APUS_EW_SQRT:
    case APUS_EW_RECIPROCAL: return (opcode_facts){1, 8, 0, 0, 0};
    case APUS_EW_RSQRT: return (opcode_facts){1, 16, 0, 0, 0};
    case APUS_EW_IS_FINITE:
    case APUS_EW_NOT: return (opcode_facts){1, 1, 1, 0, 0};
    case APUS_EW_ADD:
    case APUS_EW_MUL:
    case APUS_EW_MIN:
    case APUS_EW_MAX:
    case APUS_EW_AND:
    case APUS_EW_OR:
    case APUS_EW_XOR: return (opcode_facts){2, 1, 0, 1, 0};
    case APUS_EW_DIV: return (opcode_facts){2, 8, 0, 0, 0};
    case APUS_EW_POW:
    case APUS_EW_REMAINDER: return (opcode_facts){2, 200, 0, 0, 0};
    case APUS_EW_EQ: return (opcode_facts){2, 1, 1, 1, APUS_EW_EQ};
    case APUS_EW_NE: return (opcode_facts){2, 1, 1, 1, APUS_EW_NE};
    case APUS_EW_LT: return (opcode_facts){2, 1, 1, 0, APUS_EW_GT};
    case APUS_EW_LE: return (opcode_facts){2, 1, 1, 0, APUS_EW_GE};
    case APUS_EW_GT: return (opcode_facts){2, 1, 1, 0, APUS_EW_LT};
    case APUS_EW_GE: return (opcode_facts){2, 1, 1, 0, APUS_EW_LE};
    case APUS_EW_SUB:
    case APUS_EW_RELU_MASK:
    case APUS_EW_SIGMOID_GRADIENT:
    case APUS_EW_TANH_GRADIENT: return (opcode_facts){2, 1, 0, 0, 0};
    case APUS_EW_SELECT:
    case APUS_EW_CLAMP: return (opcode_facts){3, 1, 0, 0, 0};
    case APUS_EW_FMA:
    case APUS_EW_FMS:
    case APUS_EW_FNMA: return (opcode_facts){3, 1, 0, 1, 0};
    case APUS_EW_AXPBY: return (opcode_facts){4, 2, 0, 0, 0};
    default: return (opcode_facts){1, 1, 0, 0, 0};
    }
}

static int cast_opcode(int lane, int type, int target) {
    if (target == APUS_BFLOAT16) return type == APUS_FLOAT32 ? EW_CAST_BF16 : type == APUS_BFLOAT16 ? APUS_EW_COPY : -1;
    if (target == APUS_BOOL) return type == APUS_BOOL ? APUS_EW_COPY : EW_CAST_BOOL;
    int target_lane = ew_lane_of(target);
    if (target_lane == lane) return APUS_EW_COPY;
    return target_lane < 0 ? -1 : EW_CAST_F32 + target_lane;
}

static int form_of(int scalars) {  // bits 0...3: a, b, c, d are scalar
    switch (scalars) {
    case 0: return EW_VECTORS;
    case 1: return EW_SCALAR_A;
    case 2: return EW_SCALAR_B;
    case 4: return EW_SCALAR_C;
    case 6: return EW_SCALAR_BC;
    case 10: return EW_SCALAR_BD;
    default: return -1;
    }
}

// MARK: Lowering

// Until slots are known, a place is a kind and an index.
enum { OPERAND = 0 << 12, VALUE = 1 << 12, SCALAR = 2 << 12, CONSTANT = 3 << 12, KIND = 3 << 12, INDEX = 0xfff };

typedef struct {
    apus_ew_program *p;
    struct {
        int place, lane;
    } registers[APUS_EW_MAX_REGISTERS];
    // Values: one for each vector result in a register, each splat and each operand that passes through a slot.
    int value_count;
    uint8_t value_lane[2048];
    int16_t first_use[2048], last_use[2048];  // by step; -1 and INT16_MAX: beyond the loop over instructions
} lowering;

static int new_value(lowering *l, int lane, int first, int last) {
    int v = l->value_count++;
    l->value_lane[v] = (uint8_t)lane;
    l->first_use[v] = (int16_t)first;
    l->last_use[v] = (int16_t)last;
    return VALUE | v;
}

static int new_constant(lowering *l, int lane, double number, int64_t integer) {
    apus_ew_program *p = l->p;
    unsigned char *c = p->constants + (int64_t)p->constant_count * EW_SCALAR_BYTES;
    for (int i = 0; i < 16; i++) switch (lane) {
        case EW_F32: ((float *)c)[i] = (float)number; break;
        case EW_F64: ((double *)c)[i] = number; break;
        case EW_I32: ((int32_t *)c)[i] = (int32_t)integer; break;
        case EW_I64: ((int64_t *)c)[i] = integer; break;
        default: c[i] = (uint8_t)integer; break;
        }
    return CONSTANT | p->constant_count++;
}

/// The place that holds a source, or -1.
static int source_place(lowering *l, const apus_ew_instruction *instruction, int reference, int lane) {
    apus_ew_program *p = l->p;
    if (reference == APUS_EW_IMMEDIATE) return new_constant(l, lane, instruction->immediate, instruction->integer);
    if (reference == APUS_EW_IMMEDIATE2) return new_constant(l, lane, instruction->immediate2, instruction->integer2);
    if (reference >= APUS_EW_OPERAND && reference < APUS_EW_OPERAND + p->operand_count) {
        ew_operand *o = &p->operands[reference - APUS_EW_OPERAND];
        if (o->lane != lane) return -1;
        if (o->written && o->description.type == APUS_BFLOAT16) return -1;
        if (o->description.access == APUS_EW_SCALAR) {
            if (o->description.is_output) return -1;
            if (!o->read) o->place = (uint16_t)p->scalar_count++;
            o->read = true;
            return SCALAR | o->place;
        }
        o->read = true;
        return OPERAND | (reference - APUS_EW_OPERAND);
    }
    if (reference >= APUS_EW_MAX_REGISTERS) return -1;
    return l->registers[reference].lane == lane ? l->registers[reference].place : -1;
}

static bool is_scalar(int place) { return (place & KIND) == SCALAR || (place & KIND) == CONSTANT; }

/// A value that holds a scalar in all elements, for kernels without a form for it. -1 when there are too many.
static int splat(lowering *l, int place, int lane) {
    apus_ew_program *p = l->p;
    if (p->splat_count == EW_MAX_SLOTS) return -1;
    int value = new_value(l, lane, -1, INT16_MAX);
    p->splats[p->splat_count++] = (ew_splat){(uint16_t)value, (uint16_t)place, (uint8_t)ew_lane_size(lane)};
    return value;
}

static void use(lowering *l, int place) {
    int step = l->p->step_count;
    if ((place & KIND) == VALUE && l->last_use[place & INDEX] < step) l->last_use[place & INDEX] = (int16_t)step;
}

static bool lower_sum(lowering *l, const apus_ew_instruction *i) {
    apus_ew_program *p = l->p;
    int k = i->destination - APUS_EW_OPERAND;
    if (p->sum_count == EW_MAX_SUMS || k < 0 || k >= p->operand_count) return false;
    ew_operand *o = &p->operands[k];
    if (!o->description.is_output || o->description.access != APUS_EW_SCALAR || o->written) return false;
    if (o->description.type != APUS_FLOAT32 && o->description.type != APUS_FLOAT64) return false;
    if (ew_lane_of(i->type) != EW_F32) return false;
    int place = source_place(l, i, i->a, EW_F32);
    if (place < 0) return false;
    if (is_scalar(place) && (place = splat(l, place, EW_F32)) < 0) return false;
    if ((place & KIND) == VALUE) l->last_use[place & INDEX] = INT16_MAX;
    o->written = true;
    p->cost += 1;
    p->sums[p->sum_count++] = (ew_sum){(uint16_t)k, (uint16_t)place};
    return true;
}

static bool lower(lowering *l, const apus_ew_instruction *i) {
    apus_ew_program *p = l->p;
    if (i->opcode >= APUS_EW_OPCODE_COUNT) return false;
    if (i->opcode == APUS_EW_REDUCE_SUM) return lower_sum(l, i);
    int opcode = i->opcode, lane = ew_lane_of(i->type);
    if (lane < 0) return false;
    opcode_facts facts = facts_of(opcode);
    int result = facts.test ? EW_U8 : lane;
    if (opcode == APUS_EW_CAST) {
        opcode = cast_opcode(lane, i->type, i->target);
        if (opcode < 0) return false;
        result = ew_lane_of(i->target);
    }
    const ew_kernel *forms = ew_kernels(lane)[opcode];
    if (!forms[EW_VECTORS]) return false;

    int places[4] = {-1, -1, -1, -1}, lanes[4] = {lane, lane, lane, lane};
    const uint16_t references[4] = {i->a, i->b, i->c, i->d};
    if (opcode == APUS_EW_SELECT) lanes[0] = EW_U8;
    int scalars = 0;
    for (int s = 0; s < facts.sources; s++) {
        places[s] = source_place(l, i, references[s], lanes[s]);
        if (places[s] < 0) return false;
        scalars |= is_scalar(places[s]) << s;
    }
    bool uniform = scalars == (1 << facts.sources) - 1;

    // The destination.
    ew_operand *output = NULL;
    int destination;
    if (i->destination >= APUS_EW_OPERAND) {
        int k = i->destination - APUS_EW_OPERAND;
        if (k >= p->operand_count) return false;
        output = &p->operands[k];
        const apus_ew_operand *o = &output->description;
        if (!o->is_output || o->access != APUS_EW_CONTIGUOUS || output->lane != result) return false;
        output->written = true;
        destination = OPERAND | k;
    } else if (i->destination >= APUS_EW_MAX_REGISTERS) {
        return false;
    }

    if (uniform) {
        int scalar = places[0];
        if (opcode != APUS_EW_COPY) {
            scalar = SCALAR | p->scalar_count++;
            p->uniform[p->uniform_count++] = (ew_step){.opcode = (uint16_t)opcode,
                                                       .lane = (uint8_t)lane,
                                                       .form = EW_VECTORS,
                                                       .d = (uint16_t)scalar,
                                                       .a = (uint16_t)places[0],
                                                       .b = (uint16_t)(facts.sources > 1 ? places[1] : places[0]),
                                                       .c = (uint16_t)(facts.sources > 2 ? places[2] : places[0]),
                                                       .e = (uint16_t)(facts.sources > 3 ? places[3] : places[0])};
        }
        if (!output) {
            l->registers[i->destination].place = scalar;
            l->registers[i->destination].lane = result;
            return true;
        }
        opcode = APUS_EW_COPY;  // fills the output
        lane = result;
        forms = ew_kernels(lane)[opcode];
        facts = facts_of(opcode);
        places[0] = scalar;
        places[1] = places[2] = places[3] = -1;
        scalars = 1;
    }

    if ((scalars & 3) == 1 && (facts.commutative || facts.mirrored)) {
        int a = places[0];
        places[0] = places[1];
        places[1] = a;
        scalars = (scalars & ~3) | 2;
        if (facts.mirrored) {
            opcode = facts.mirrored;
            forms = ew_kernels(lane)[opcode];
        }
    }
    // The form with the most scalars that the opcode has; the others are splat.
    int best = 0;
    for (int subset = scalars; subset; subset = (subset - 1) & scalars)
        if (form_of(subset) >= 0 && forms[form_of(subset)]
            && __builtin_popcount((unsigned)subset) > __builtin_popcount((unsigned)best))
            best = subset;
    for (int s = 0; s < facts.sources; s++)
        if ((scalars & ~best) >> s & 1 && (places[s] = splat(l, places[s], lanes[s])) < 0) return false;
    for (int s = 0; s < facts.sources; s++) use(l, places[s]);
    for (int s = facts.sources; s < 4; s++) places[s] = places[0];
    if (!output) {
        destination = new_value(l, result, p->step_count, p->step_count);
        l->registers[i->destination].place = destination;
        l->registers[i->destination].lane = result;
    }
    p->steps[p->step_count++] = (ew_step){.opcode = (uint16_t)opcode,
                                          .lane = (uint8_t)lane,
                                          .form = (uint8_t)form_of(best),
                                          .d = (uint16_t)destination,
                                          .a = (uint16_t)places[0],
                                          .b = (uint16_t)places[1],
                                          .c = (uint16_t)places[2],
                                          .e = (uint16_t)places[3]};
    p->cost += facts.cost * (lane == EW_F32 ? 1 : lane == EW_F64 && facts.cost > 8 ? 8 : 2);
    return true;
}

// MARK: Slots

/// Gives every value a slot, so that values that do not live at the same time share one. False when there are too many.
static bool assign_slots(lowering *l, uint8_t *slot_of) {
    apus_ew_program *p = l->p;
    bool taken[EW_MAX_SLOTS] = {0};
    // Values that live outside the loop over instructions come first, so that nothing else touches their slots.
    for (int v = 0; v < l->value_count; v++)
        if (l->first_use[v] < 0) {
            if (p->slot_count == EW_MAX_SLOTS) return false;
            slot_of[v] = (uint8_t)p->slot_count;
            taken[p->slot_count++] = true;
        }
    for (int step = 0; step < p->step_count; step++) {
        int d = p->steps[step].d;
        int created = (d & KIND) == VALUE ? d & INDEX : -1;
        // A result may take the slot of a source of the same size that is read for the last time.
        for (int pass = 0; pass < 2; pass++) {
            for (int v = 0; v < l->value_count; v++)
                if (l->last_use[v] == step && l->first_use[v] >= 0 && l->first_use[v] < step) {
                    bool same = created >= 0 && ew_lane_size(l->value_lane[v]) == ew_lane_size(l->value_lane[created]);
                    if (same == (pass == 0)) taken[slot_of[v]] = false;
                }
            if (pass == 0 && created >= 0) {
                int slot = 0;
                while (slot < EW_MAX_SLOTS && taken[slot]) slot++;
                if (slot == EW_MAX_SLOTS) return false;
                slot_of[created] = (uint8_t)slot;
                taken[slot] = true;
                if (slot >= p->slot_count) p->slot_count = slot + 1;
            }
        }
        if (created >= 0 && l->last_use[created] == step) taken[slot_of[created]] = false;  // never read
    }
    return true;
}

static uint16_t final_place(const apus_ew_program *p, const uint8_t *slot_of, int place) {
    int index = place & INDEX, base = p->operand_count;
    switch (place & KIND) {
    case OPERAND: return (uint16_t)index;
    case VALUE: return (uint16_t)(base + slot_of[index]);
    case SCALAR: return (uint16_t)(base + p->slot_count + index);
    default: return (uint16_t)(base + p->slot_count + p->scalar_count + index);
    }
}

static bool place_everything(lowering *l) {
    apus_ew_program *p = l->p;
    int operand_value[APUS_EW_MAX_OPERANDS];
    for (int k = 0; k < p->operand_count; k++) {
        ew_operand *o = &p->operands[k];
        if (!o->read && !o->written) continue;
        int access = o->description.access;
        if (access == APUS_EW_SCALAR) continue;
        o->load = o->description.type == APUS_BFLOAT16 && access == APUS_EW_CONTIGUOUS ? EW_CONVERTED
            : access == APUS_EW_CONTIGUOUS                                             ? EW_IN_PLACE
            : access == APUS_EW_PERIODIC && o->size == o->lane_size                    ? EW_WINDOW
                                                                                       : EW_GATHERED;
        if (o->load != EW_IN_PLACE) operand_value[k] = new_value(l, o->lane, -1, INT16_MAX) & INDEX;
    }
    uint8_t slot_of[2048];
    if (!assign_slots(l, slot_of)) return false;
    p->place_count = p->operand_count + p->slot_count + p->scalar_count + p->constant_count;
    for (int k = 0; k < p->operand_count; k++) {
        ew_operand *o = &p->operands[k];
        if (o->description.access == APUS_EW_SCALAR)
            o->place = final_place(p, slot_of, SCALAR | o->place);
        else if (o->load > EW_IN_PLACE)
            o->place = final_place(p, slot_of, VALUE | operand_value[k]);
    }
    for (int pass = 0; pass < 2; pass++) {
        ew_step *steps = pass ? p->uniform : p->steps;
        int count = pass ? p->uniform_count : p->step_count;
        for (int i = 0; i < count; i++) {
            uint16_t *places[5] = {&steps[i].d, &steps[i].a, &steps[i].b, &steps[i].c, &steps[i].e};
            for (int j = 0; j < 5; j++) *places[j] = final_place(p, slot_of, *places[j]);
        }
    }
    for (int i = 0; i < p->splat_count; i++) {
        p->splats[i].slot = final_place(p, slot_of, p->splats[i].slot);
        p->splats[i].source = final_place(p, slot_of, p->splats[i].source);
    }
    for (int i = 0; i < p->sum_count; i++) p->sums[i].source = final_place(p, slot_of, p->sums[i].source);
    return true;
}

// MARK: All of it

bool ew_lower(apus_ew_program *p, const apus_ew_instruction *instructions, int32_t count) {
    lowering *l = calloc(1, sizeof *l);
    if (!l) return false;
    l->p = p;
    for (int r = 0; r < APUS_EW_MAX_REGISTERS; r++) l->registers[r].lane = -1;
    bool good = true;
    for (int i = 0; good && i < count; i++) good = lower(l, &instructions[i]);
    good = good && place_everything(l);
    p->widest = 4;
    for (int v = 0; v < l->value_count; v++)
        if (ew_lane_size(l->value_lane[v]) > p->widest) p->widest = 8;
    free(l);
    return good;
}
