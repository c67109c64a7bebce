// Finds the elementwise programs that have a fused loop, and the loops.
#include "elementwise_fused.h"

#include <string.h>

#define APUS_TEMPLATE "elementwise_fused_template.h"
#include "multiversion.h"

ew_fused ew_sgd(void) { return APUS_DISPATCH(ew_sgd); }
ew_fused ew_momentum(void) { return APUS_DISPATCH(ew_momentum); }
ew_fused ew_velocity(void) { return APUS_DISPATCH(ew_velocity); }
ew_fused ew_adam(void) { return APUS_DISPATCH(ew_adam); }
ew_fused ew_adam_corrected(void) { return APUS_DISPATCH(ew_adam_corrected); }
ew_fused ew_adam_l2(void) { return APUS_DISPATCH(ew_adam_l2); }
ew_fused ew_adamw(void) { return APUS_DISPATCH(ew_adamw); }

static bool disabled = false;

void apus_elementwise_disable_specializations(bool value) { disabled = value; }

// MARK: The program as expressions

enum { MAX_NODES = 64, INPUT = 200, SCALAR_NODE = 201 };  // kinds of nodes beside opcodes

typedef struct {
    const apus_ew_program *program;
    int count, used;  // used: bits of nodes a match has visited are counted in the end
    struct {
        uint8_t opcode;
        int16_t a, b;
    } nodes[MAX_NODES];
    int outputs[PATTERN_OUTPUTS], output_places[PATTERN_OUTPUTS], output_count;
} expressions;

static int add_node(expressions *e, int opcode, int a, int b) {
    for (int i = 0; i < e->count; i++)  // equal expressions are one node
        if (e->nodes[i].opcode == opcode && e->nodes[i].a == a && e->nodes[i].b == b) return i;
    if (e->count == MAX_NODES) return -1;
    e->nodes[e->count].opcode = (uint8_t)opcode;
    e->nodes[e->count].a = (int16_t)a;
    e->nodes[e->count].b = (int16_t)b;
    return e->count++;
}

/// The node of what a step reads. `defined` is the node that a place holds now, or -1.
static int node_of(expressions *e, const int *defined, int place) {
    const apus_ew_program *p = e->program;
    if (defined[place] >= 0) return defined[place];
    for (int i = 0; i < p->splat_count; i++)
        if (p->splats[i].slot == place) return node_of(e, defined, p->splats[i].source);
    if (place < p->operand_count) return add_node(e, INPUT, place, 0);
    int constants = p->place_count - p->constant_count;
    if (place >= constants)  // equal constants are one
        for (int c = constants; c < place; c++)
            if (*(float *)(p->constants + (c - constants) * EW_SCALAR_BYTES)
                == *(float *)(p->constants + (place - constants) * EW_SCALAR_BYTES)) {
                place = c;
                break;
            }
    return add_node(e, SCALAR_NODE, place, 0);
}

static bool read_program(expressions *e) {
    const apus_ew_program *p = e->program;
    int defined[p->place_count];
    for (int i = 0; i < p->place_count; i++) defined[i] = -1;
    for (int i = 0; i < p->step_count; i++) {
        const ew_step *s = &p->steps[i];
        if (s->lane != EW_F32) return false;
        int a = node_of(e, defined, s->a), b = node_of(e, defined, s->b);
        int c = node_of(e, defined, s->c), d = node_of(e, defined, s->e), node;
        switch (s->opcode) {
        case APUS_EW_COPY: node = a; break;
        case APUS_EW_SQRT: node = add_node(e, APUS_EW_SQRT, a, 0); break;
        case APUS_EW_SQUARE: node = add_node(e, APUS_EW_MUL, a, a); break;
        case APUS_EW_ADD:
        case APUS_EW_SUB:
        case APUS_EW_MUL:
        case APUS_EW_DIV: node = add_node(e, s->opcode, a, b); break;
        case APUS_EW_FMA: node = add_node(e, APUS_EW_ADD, add_node(e, APUS_EW_MUL, a, b), c); break;
        case APUS_EW_FMS: node = add_node(e, APUS_EW_SUB, add_node(e, APUS_EW_MUL, a, b), c); break;
        case APUS_EW_FNMA: node = add_node(e, APUS_EW_SUB, c, add_node(e, APUS_EW_MUL, a, b)); break;
        case APUS_EW_AXPBY:
            node = add_node(e, APUS_EW_ADD, add_node(e, APUS_EW_MUL, a, b), add_node(e, APUS_EW_MUL, c, d));
            break;
        default: return false;
        }
        if (node < 0) return false;
        defined[s->d] = node;
        if (s->d < p->operand_count) {
            if (e->output_count == PATTERN_OUTPUTS) return false;
            e->output_places[e->output_count] = s->d;
            e->outputs[e->output_count++] = node;
        }
    }
    return true;
}

// MARK: Matching

typedef struct {
    int16_t bound[64];  // node of each place of the pattern, or -1
    uint64_t visited;   // nodes of the program that take part
} match;

static bool unify(const expressions *e, const pattern *q, int place, int node, match *m) {
    if (m->bound[place] >= 0) return m->bound[place] == node;
    int opcode = e->nodes[node].opcode;
    m->bound[place] = (int16_t)node;
    m->visited |= 1ull << node;
    if (place >= S(0)) return opcode == SCALAR_NODE;
    if (place >= IN(0)) return opcode == INPUT;
    const pattern_row *row = q->rows;
    while (row->result != place) row++;
    if (row->opcode != opcode) return false;
    if (opcode == APUS_EW_SQRT) return unify(e, q, row->a, e->nodes[node].a, m);
    match before = *m;
    if (unify(e, q, row->a, e->nodes[node].a, m) && unify(e, q, row->b, e->nodes[node].b, m)) return true;
    if (opcode != APUS_EW_ADD && opcode != APUS_EW_MUL) return false;
    *m = before;
    return unify(e, q, row->a, e->nodes[node].b, m) && unify(e, q, row->b, e->nodes[node].a, m);
}

/// Tries every assignment of the program's outputs to the pattern's.
static bool match_outputs(const expressions *e, const pattern *q, int output, int *taken, match *m) {
    if (output == q->outputs) return m->visited == (e->count == 64 ? ~0ull : (1ull << e->count) - 1);
    for (int i = 0; i < e->output_count; i++) {
        bool free = true;
        for (int j = 0; j < output; j++) free &= taken[j] != i;
        if (!free) continue;
        match before = *m;
        taken[output] = i;
        if (unify(e, q, OUT(output), e->outputs[i], m) && match_outputs(e, q, output + 1, taken, m)) return true;
        *m = before;
    }
    return false;
}

void ew_specialize(apus_ew_program *program) {
    if (disabled || program->sum_count) return;
    expressions e = {.program = program};
    if (!read_program(&e)) return;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        const pattern *q = &patterns[i];
        if (e.output_count != q->outputs) continue;
        match m;
        int taken[PATTERN_OUTPUTS];
        memset(m.bound, -1, sizeof m.bound);
        m.visited = 0;
        if (!match_outputs(&e, q, 0, taken, &m)) continue;
        int n = 0;
        for (int k = 0; k < q->inputs; k++) program->fused_places[n++] = (uint16_t)e.nodes[m.bound[IN(k)]].a;
        for (int k = 0; k < q->outputs; k++) program->fused_places[n++] = (uint16_t)e.output_places[taken[k]];
        for (int k = 0; k < q->scalars; k++) program->fused_places[n++] = (uint16_t)e.nodes[m.bound[S(k)]].a;
        program->fused_count = n;
        program->fused = q->loop;
        program->fused_name = q->name;
        program->splat_count = 0;
        return;
    }
}
