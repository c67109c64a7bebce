// Elementwise programs: instructions that run block by block over any number of tensors.
#ifndef APUS_ELEMENTWISE_H
#define APUS_ELEMENTWISE_H

#include "apus_base.h"

// MARK: Instructions

/// The operations. `type` of the instruction is the type of the values read; the result has the same type unless said
/// otherwise. "All" types are float32, float64, int32, int64, uint8 and bool; bool values are 0 or 1.
///
/// Integer arithmetic wraps. Integer division truncates; by zero it gives 0, and so does the remainder.
enum apus_elementwise_opcode {
    /// d = a. All types. With an immediate or scalar `a` it fills.
    APUS_EW_COPY = 0,
    /// d = a converted to `target`. Float to integer truncates, saturates, and turns NaN into 0; integer to integer
    /// wraps; to bool is `a != 0`. All types. To bfloat16 (from float32 or bfloat16 only) rounds a float32 value to
    /// what a bfloat16 holds; it stays float32 in the register.
    APUS_EW_CAST,

    // One operand. Those marked * exist for floats only.
    APUS_EW_NEG,
    APUS_EW_ABS,
    APUS_EW_SIGN,  ///< -1, 0 or 1; NaN stays NaN.
    APUS_EW_SQUARE,
    APUS_EW_RELU,        ///< max(a, 0); NaN stays NaN.
    APUS_EW_EXP,         ///< *
    APUS_EW_EXPM1,       ///< *
    APUS_EW_LOG,         ///< *
    APUS_EW_LOG1P,       ///< *
    APUS_EW_SQRT,        ///< *
    APUS_EW_RSQRT,       ///< * 1/sqrt(a)
    APUS_EW_RECIPROCAL,  ///< * 1/a
    APUS_EW_SIN,         ///< *
    APUS_EW_COS,         ///< *
    APUS_EW_TANH,        ///< *
    APUS_EW_SIGMOID,     ///< * 1/(1 + exp(-a))
    APUS_EW_ERF,         ///< *
    APUS_EW_FLOOR,       ///< *
    APUS_EW_CEIL,        ///< *
    APUS_EW_ROUND,       ///< * half to even
    APUS_EW_IS_FINITE,   ///< * result bool
    APUS_EW_NOT,         ///< a == 0; all types, result bool

    // Two operands.
    APUS_EW_ADD,
    APUS_EW_SUB,
    APUS_EW_MUL,
    APUS_EW_DIV,
    APUS_EW_POW,        ///< Not for uint8 and bool. A negative power of an integer truncates (0 for |a| > 1).
    APUS_EW_MIN,        ///< NaN when either is NaN.
    APUS_EW_MAX,        ///< NaN when either is NaN.
    APUS_EW_REMAINDER,  ///< Sign of the divisor, as in Python.
    APUS_EW_EQ,         ///< This and the following comparisons: result bool.
    APUS_EW_NE,
    APUS_EW_LT,
    APUS_EW_LE,
    APUS_EW_GT,
    APUS_EW_GE,
    APUS_EW_AND,  ///< Bitwise; bool, uint8, int32, int64.
    APUS_EW_OR,
    APUS_EW_XOR,
    APUS_EW_RELU_MASK,         ///< a where b > 0, else 0: gradient a of ReLU with result (or input) b. Floats.
    APUS_EW_SIGMOID_GRADIENT,  ///< a*b*(1-b), b = sigmoid(x). Floats.
    APUS_EW_TANH_GRADIENT,     ///< a*(1-b*b), b = tanh(x). Floats.

    // Three and four operands. Floats and integers; products and sums of floats may be fused (one rounding).
    APUS_EW_SELECT,  ///< d = a ? b : c. `a` is bool (or uint8), `type` is the type of b, c and d. All types.
    APUS_EW_CLAMP,   ///< min(max(a, b), c); NaN in a stays NaN. b = IMMEDIATE and c = IMMEDIATE2 as a rule.
    APUS_EW_FMA,     ///< a*b + c. With b = IMMEDIATE, c = IMMEDIATE2: the linear function.
    APUS_EW_FMS,     ///< a*b - c
    APUS_EW_FNMA,    ///< c - a*b
    APUS_EW_AXPBY,   ///< a*b + c*d. With b = IMMEDIATE, d = IMMEDIATE2: moving averages, interpolation.

    /// Sum of `a` (float32) over all elements of a segment, into `destination`: an output operand with scalar access,
    /// float32 or float64. Partial sums of at least 4096 elements whose number depends on the element count only.
    APUS_EW_REDUCE_SUM,

    APUS_EW_OPCODE_COUNT
};

/// What an instruction reads or writes: a register (0..<32), an operand (APUS_EW_OPERAND + its index), or a constant.
enum {
    APUS_EW_OPERAND = 0x100,
    /// The constant in `immediate` (floats) or `integer` (int32, int64, uint8, bool).
    APUS_EW_IMMEDIATE = 0x200,
    /// The constant in `immediate2` or `integer2`.
    APUS_EW_IMMEDIATE2 = 0x201,
    /// Not used by this opcode; any value is ignored there.
    APUS_EW_NONE = 0xffff,
};

enum {
    APUS_EW_MAX_REGISTERS = 32,
    APUS_EW_MAX_OPERANDS = 64,
    APUS_EW_MAX_INSTRUCTIONS = 256,
    APUS_EW_MAX_RANK = 6,
};

/// One instruction. Values in registers have the types float32, float64, int32, int64, uint8, bool. A bfloat16 operand
/// is read as float32 (`type` of the instruction is then APUS_FLOAT32), and written from float32, rounded to nearest
/// even.
typedef struct {
    uint16_t opcode;
    uint8_t type;          ///< enum apus_type of the values read.
    uint8_t target;        ///< APUS_EW_CAST: the type of the result. Else ignored.
    uint16_t destination;  ///< A register, or an operand with `is_output`.
    uint16_t a, b, c, d;   ///< Sources, as far as the opcode has them.
    uint16_t reserved;
    double immediate, immediate2;
    int64_t integer, integer2;
} apus_ew_instruction;

// MARK: Operands

/// How logical element i of a segment is found in an operand.
enum apus_ew_access {
    APUS_EW_CONTIGUOUS = 0,  ///< Element i. Used in place.
    APUS_EW_SCALAR = 1,      ///< Element 0 for every i. As cheap as an immediate.
    APUS_EW_PERIODIC = 2,    ///< Element i % inner: a row [inner] over [..., inner].
    APUS_EW_REPEATED = 3,    ///< Element i / inner: a column [outer, 1] over [outer, inner].
    APUS_EW_STRIDED = 4,     ///< Element offset + sum over axes of (index on the axis) * stride.
};

typedef struct {
    uint8_t type;       ///< enum apus_type of the elements in memory.
    uint8_t access;     ///< enum apus_ew_access. Outputs are contiguous (or scalar, for APUS_EW_REDUCE_SUM).
    uint8_t is_output;  ///< May be a destination. An output may be read too: before its store (an update in place)
                        ///< and, except bfloat16, after it.
    uint8_t is_shared;  ///< 1: `buffer` is the index in `buffers` itself, the same for every segment.
                        ///< 0: `buffer` counts from the segment's `first_buffer`.
    int32_t buffer;
    int64_t inner;  ///< APUS_EW_PERIODIC, APUS_EW_REPEATED.
    int32_t rank;   ///< APUS_EW_STRIDED: 1...6 axes, outermost first; their product must be the segment's count.
    int64_t dimensions[APUS_EW_MAX_RANK];
    int64_t strides[APUS_EW_MAX_RANK];  ///< In elements; 0 broadcasts, negative runs backwards.
    int64_t offset;                     ///< In elements, added to the start of the buffer, whatever the access.
} apus_ew_operand;

/// A group of tensors that the program runs over: `count` logical elements, whose operands start at `first_buffer`.
typedef struct {
    int64_t count;
    int64_t first_buffer;
} apus_ew_segment;

// MARK: Programs

/// A checked and compiled elementwise program.
typedef struct apus_ew_program apus_ew_program;

/// Compiles a program; arrays are copied. Returns NULL when it makes no sense: an opcode that does not exist for its
/// type, a register read before it was written or with another type, an index out of range, too many registers,
/// operands or instructions, an output without or with a non-contiguous store, mismatched dimensions.
///
/// An instruction all of whose sources are constants, scalar operands, or results of such instructions is computed once
/// for a segment and costs nothing an element (learning-rate schedules, bias corrections).
///
/// Aliasing: the buffer of an output may be exactly the buffer of a contiguous input of the same element size. The
/// store to it must then be the last instruction, or later instructions must not read that input (they would read the
/// new value).
apus_ew_program *apus_elementwise_create(const apus_ew_instruction *instructions, int32_t instruction_count,
                                         const apus_ew_operand *operands, int32_t operand_count,
                                         const apus_ew_segment *segments, int32_t segment_count);

void apus_elementwise_destroy(apus_ew_program *program);

/// The kernel: runs `parameters`, an `apus_ew_program *`, over `buffers`. Results are the same for any number of
/// threads.
int apus_elementwise(void *const *buffers, const void *parameters);

/// The name of the fused loop that replaces the interpreter for this program ("adam", ...), or NULL.
const char *apus_elementwise_specialization(const apus_ew_program *program);

/// Makes programs created from now on use the interpreter only (true), for tests and benchmarks.
void apus_elementwise_disable_specializations(bool disabled);

#endif
