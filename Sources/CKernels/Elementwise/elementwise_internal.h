// What the files of the elementwise engine share: the kernels that interpret a block, and the compiled program.
#ifndef ELEMENTWISE_INTERNAL_H
#define ELEMENTWISE_INTERNAL_H

#include "apus_elementwise.h"

// MARK: Block kernels

/// The types of values in registers.
enum ew_lane { EW_F32, EW_F64, EW_I32, EW_I64, EW_U8, EW_LANE_COUNT };

/// Does one instruction on `n` elements, a multiple of 16: d = f(a, b, c, e). Any d may equal a source of the same
/// size.
typedef void (*ew_kernel)(void *d, const void *a, const void *b, const void *c, const void *e, int64_t n);

/// Which sources are one scalar instead of n values.
enum ew_form { EW_VECTORS, EW_SCALAR_A, EW_SCALAR_B, EW_SCALAR_C, EW_SCALAR_BC, EW_SCALAR_BD, EW_FORM_COUNT };
typedef ew_kernel ew_kernel_forms[EW_FORM_COUNT];

/// Opcodes as the tables know them: a cast is one opcode for each target.
enum {
    EW_CAST_F32 = APUS_EW_OPCODE_COUNT,
    EW_CAST_F64,
    EW_CAST_I32,
    EW_CAST_I64,
    EW_CAST_U8,
    EW_CAST_BOOL,
    EW_CAST_BF16,
    EW_TABLE_SIZE
};

/// The kernels for values of one type, indexed [opcode][form], for the instruction set in use.
const ew_kernel_forms *ew_float32_kernels(void);
const ew_kernel_forms *ew_float64_kernels(void);
const ew_kernel_forms *ew_int32_kernels(void);
const ew_kernel_forms *ew_int64_kernels(void);
const ew_kernel_forms *ew_uint8_kernels(void);

// MARK: Memory

typedef struct {
    /// bfloat16 to float32 and back; any n. `s` may be the last half of the 4 n bytes at `d`.
    void (*to_float)(float *d, const uint16_t *s, int64_t n);
    void (*to_bfloat)(uint16_t *d, const float *s, int64_t n);
    /// The sum of n <= 1024 floats.
    double (*sum)(const float *s, int64_t n);
} ew_conversions;
const ew_conversions *ew_conversion_kernels(void);

typedef struct {
    /// Copies the logical elements first..<first + n of a periodic, repeated or strided operand, whose elements have
    /// `size` bytes, to `d`, which has room for EW_SLOT_SLACK bytes more.
    void (*gather)(void *d, const void *base, const apus_ew_operand *operand, int size, int64_t first, int64_t n);
    /// Stores an element of `size` bytes n times, n a multiple of 16.
    void (*fill)(void *d, const void *element, int size, int64_t n);
} ew_memory;
const ew_memory *ew_memory_kernels(void);

// MARK: Programs

enum {
    EW_MAX_BLOCK = 1024,
    EW_MAX_SLOTS = 64,
    EW_MAX_SUMS = 4,
    EW_MAX_PARTIALS = 1024,
    EW_MAX_FUSED_ARGUMENTS = 16,
    EW_SCALAR_BYTES = 128,  // a scalar is kept 16 times, so that kernels of vectors can run on it
    EW_SLOT_SLACK = 128,
};

/// Does all work of an elementwise program on n elements, a multiple of 16; `p` holds the inputs, outputs and scalars.
typedef void (*ew_fused)(void *const *p, int64_t n);

/// An instruction whose places are indices into one array of pointers: operands, then slots, then the scalars of a
/// segment, then constants.
typedef struct {
    uint16_t opcode;  // in the tables
    uint8_t lane, form;
    uint16_t d, a, b, c, e;
} ew_step;

enum ew_load {
    EW_UNUSED,
    EW_IN_PLACE,   // pointer into memory
    EW_WINDOW,     // periodic: pointer into memory if the block lies in one period, else copied
    EW_GATHERED,   // copied into a slot
    EW_CONVERTED,  // contiguous bfloat16, as float32 in a slot
};

typedef struct {
    apus_ew_operand description;
    uint8_t size;       // bytes of an element in memory
    uint8_t lane_size;  // bytes of its value
    uint8_t lane;
    uint8_t load;  // enum ew_load
    bool read, written;
    bool load_once;  // every block sees the same values
    uint16_t place;  // of its slot or scalar
} ew_operand;

typedef struct {
    uint16_t slot, source;
    uint8_t size;
} ew_splat;
typedef struct {
    uint16_t destination, source;
} ew_sum;

struct apus_ew_program {
    int32_t operand_count, slot_count, scalar_count, constant_count, place_count;
    int32_t step_count, uniform_count, segment_count, sum_count, splat_count;
    int64_t block, task;  // elements of a block and of a task
    int64_t slot_bytes;
    int64_t cost;    // of one element, about 1/16 cycle
    int32_t widest;  // bytes of the widest value in a slot
    bool parallel;
    const char *fused_name;
    ew_fused (*fused)(void);  // the loop for the instruction set in use, or NULL: interpret the steps
    int32_t fused_count;
    uint16_t fused_places[EW_MAX_FUSED_ARGUMENTS];
    ew_operand operands[APUS_EW_MAX_OPERANDS];
    ew_step steps[APUS_EW_MAX_INSTRUCTIONS + APUS_EW_MAX_OPERANDS];
    ew_step uniform[APUS_EW_MAX_INSTRUCTIONS];
    ew_sum sums[EW_MAX_SUMS];
    ew_splat splats[EW_MAX_SLOTS];
    unsigned char *constants;  // EW_SCALAR_BYTES each
    apus_ew_segment *segments;
    int64_t *first_task;  // of each segment, and the number of all
};

/// Compiles instructions into a program whose operands are described. False when they make no sense.
bool ew_lower(apus_ew_program *program, const apus_ew_instruction *instructions, int32_t count);

/// Lets a fused loop replace the steps if the program has the form of one.
void ew_specialize(apus_ew_program *program);

/// The lane of an element type, or -1.
static inline int ew_lane_of(int type) {
    switch (type) {
    case APUS_FLOAT32:
    case APUS_BFLOAT16: return EW_F32;
    case APUS_FLOAT64: return EW_F64;
    case APUS_INT32: return EW_I32;
    case APUS_INT64: return EW_I64;
    case APUS_UINT8:
    case APUS_BOOL: return EW_U8;
    default: return -1;
    }
}

static inline int ew_lane_size(int lane) { return lane == EW_U8 ? 1 : lane == EW_F64 || lane == EW_I64 ? 8 : 4; }

static inline const ew_kernel_forms *ew_kernels(int lane) {
    switch (lane) {
    case EW_F32: return ew_float32_kernels();
    case EW_F64: return ew_float64_kernels();
    case EW_I32: return ew_int32_kernels();
    case EW_I64: return ew_int64_kernels();
    default: return ew_uint8_kernels();
    }
}

#endif
