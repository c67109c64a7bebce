// Elementwise programs that have a fused loop. A pattern is the program in basic operations, one row a value; to add
// one, write its rows here and its loop in elementwise_fused_template.h.
//
// A program matches a pattern when its outputs are exactly the pattern's, as expressions:
// - FMA, FMS, FNMA, AXPBY and SQUARE count as their products, sums and differences; copies count as their sources;
// - order of instructions, register numbers, operand numbers do not matter; the two sources of ADD, MUL, MIN and MAX
//   may change places; otherwise rows must agree as written: (a*b)*c is not a*(b*c);
// - IN(k) is an operand with float32 values that is not scalar (bfloat16 tensors work, through conversion);
// - S(k) is whatever is the same for all elements: an immediate, a scalar operand, or something computed from such;
// - equal names must be equal values; every vector instruction of the program must take part; no sums.
#ifndef ELEMENTWISE_FUSED_H
#define ELEMENTWISE_FUSED_H

#include "elementwise_internal.h"

enum { PATTERN_INPUTS = 4, PATTERN_OUTPUTS = 3, PATTERN_SCALARS = 9, PATTERN_ROWS = 20 };

// Places of a row: results of rows (T temporary, OUT also stored), tensors, scalars.
#define T(k) (k)
#define OUT(k) (20 + (k))
#define IN(k) (30 + (k))
#define S(k) (40 + (k))

typedef struct {
    uint8_t opcode, result, a, b;
} pattern_row;

typedef struct {
    const char *name;
    uint8_t inputs, outputs, scalars;
    ew_fused (*loop)(void);  // arguments: inputs, outputs, scalars
    pattern_row rows[PATTERN_ROWS];
} pattern;

ew_fused ew_sgd(void);
ew_fused ew_momentum(void);
ew_fused ew_velocity(void);
ew_fused ew_adam(void);
ew_fused ew_adam_corrected(void);
ew_fused ew_adam_l2(void);
ew_fused ew_adamw(void);

#define ADD APUS_EW_ADD
#define SUB APUS_EW_SUB
#define MUL APUS_EW_MUL
#define DIV APUS_EW_DIV
#define SQRT APUS_EW_SQRT

// The moments of Adam: OUT(1) = S(0) m + S(1) g, OUT(2) = S(2) v + S(3) g*g, with m = IN(2), v = IN(3).
#define MOMENTS(g) \
    {MUL, T(0), IN(2), S(0)}, {MUL, T(1), g, S(1)}, {ADD, OUT(1), T(0), T(1)}, \
    {MUL, T(2), IN(3), S(2)}, {MUL, T(3), g, g}, {MUL, T(4), T(3), S(3)}, {ADD, OUT(2), T(2), T(4)}
// T(9) = S(4) * (m' / S(6)) / (sqrt(v' / S(7)) + S(5))
#define CORRECTED_STEP \
    {DIV, T(5), OUT(1), S(6)}, {MUL, T(6), T(5), S(4)}, {DIV, T(7), OUT(2), S(7)}, {SQRT, T(8), T(7), 0}, \
    {ADD, T(10), T(8), S(5)}, {DIV, T(9), T(6), T(10)}

// Inputs: w, g, then slots. Outputs: w, then slots.
static const pattern patterns[] = {
    // w - lr g
    {"sgd", 2, 1, 1, ew_sgd, {{MUL, T(0), IN(1), S(0)}, {SUB, OUT(0), IN(0), T(0)}}},
    // m' = momentum m + g; w - lr m'
    {"momentum", 3, 2, 2, ew_momentum, {
        {MUL, T(0), IN(2), S(1)}, {ADD, OUT(1), T(0), IN(1)}, {MUL, T(1), OUT(1), S(0)}, {SUB, OUT(0), IN(0), T(1)}}},
    // v' = momentum v - lr g; w + v'
    {"velocity", 3, 2, 2, ew_velocity, {
        {MUL, T(0), IN(2), S(1)}, {MUL, T(1), IN(1), S(0)}, {SUB, OUT(1), T(0), T(1)}, {ADD, OUT(0), IN(0), OUT(1)}}},
    // Bias correction inside the learning rate: w - lr m' / (sqrt(v') + eps)
    {"adam", 4, 3, 6, ew_adam, {
        MOMENTS(IN(1)), {MUL, T(5), OUT(1), S(4)}, {SQRT, T(6), OUT(2), 0}, {ADD, T(7), T(6), S(5)},
        {DIV, T(8), T(5), T(7)}, {SUB, OUT(0), IN(0), T(8)}}},
    // w - lr (m'/(1 - b1^t)) / (sqrt(v'/(1 - b2^t)) + eps)
    {"adam corrected", 4, 3, 8, ew_adam_corrected, {
        MOMENTS(IN(1)), CORRECTED_STEP, {SUB, OUT(0), IN(0), T(9)}}},
    // The same with the gradient g + decay w
    {"adam l2", 4, 3, 9, ew_adam_l2, {
        {MUL, T(11), IN(0), S(8)}, {ADD, T(12), IN(1), T(11)}, MOMENTS(T(12)), CORRECTED_STEP,
        {SUB, OUT(0), IN(0), T(9)}}},
    // Decay apart from the gradient: w (1 - lr decay) - step
    {"adamw", 4, 3, 9, ew_adamw, {
        MOMENTS(IN(1)), CORRECTED_STEP, {MUL, T(11), IN(0), S(8)}, {SUB, OUT(0), T(11), T(9)}}},
};

#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef SQRT

#endif
