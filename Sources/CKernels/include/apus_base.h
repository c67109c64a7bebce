// What every kernel shares: element types, the kernel signature, the parallel loop, the CPU dispatch.
#ifndef APUS_BASE_H
#define APUS_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Element types; the values equal `ElementType.rawValue` in Swift.
enum apus_type {
    APUS_FLOAT32 = 0,
    APUS_BFLOAT16 = 1,
    APUS_FLOAT64 = 2,
    APUS_INT32 = 3,
    APUS_INT64 = 4,
    APUS_UINT8 = 5,
    APUS_BOOL = 6,
};

/// A kernel: reads and writes `buffers` (one pointer an operand, in the order its header documents) as `parameters`
/// say. Returns 0, or a positive status that the program reports. Never allocates, never keeps a pointer.
typedef int (*apus_kernel)(void *const *buffers, const void *parameters);

/// One step of a program.
typedef struct {
    apus_kernel kernel;
    void **buffers;
    const void *parameters;
} apus_step;

/// Runs the steps in order. Returns -1 when all succeeded, otherwise the index of the step that failed, with its
/// status in `*status`.
int64_t apus_run(const apus_step *steps, int64_t count, int *status);

/// As `apus_run`, and adds each step's duration in nanoseconds to `nanoseconds[i]`.
int64_t apus_run_timed(const apus_step *steps, int64_t count, int *status, int64_t *nanoseconds);

// MARK: Memory

/// Asks for bytes that are needed soon.
static inline void apus_prefetch(const void *bytes, size_t count) {
    for (size_t i = 0; i < count; i += 64) __builtin_prefetch((const char *)bytes + i);
}

// MARK: Threads

/// The body of a parallel loop: does the tasks `first..<last`. Called at most once a thread.
typedef void (*apus_loop_body)(void *context, int64_t first, int64_t last);

/// Splits the tasks `0..<tasks` into one contiguous range a thread and runs `body` on each range, on libgomp's pool.
/// With one task, one thread, or inside another parallel loop, `body` runs once on the calling thread. What a task
/// computes must not depend on how tasks are split, so that results are the same for any number of threads.
void apus_parallel_for(int64_t tasks, apus_loop_body body, void *context);

/// The number of threads a parallel loop may use: at first `OMP_NUM_THREADS` or the number of cores.
int apus_thread_count(void);
/// Sets the number for the process; 0 for the first one.
void apus_set_thread_count(int count);
/// The number that the calling thread, and who works for it, uses in place of the process's; 0 for none.
int apus_own_thread_count(void);
void apus_set_own_thread_count(int count);

/// Makes the calling thread treat denormal numbers as 0; returns what `apus_restore_denormals` needs. Parallel loops pass the
/// mode on to their threads.
uint64_t apus_flush_denormals(void);
/// Makes the calling thread compute with denormal numbers, also inside of `apus_flush_denormals`.
uint64_t apus_keep_denormals(void);
void apus_restore_denormals(uint64_t mode);

// MARK: Instruction sets

/// The instruction sets that kernels are compiled for, best last.
enum apus_isa {
    APUS_ISA_BASELINE = 0,
    APUS_ISA_AVX2 = 1,
    APUS_ISA_AVX512 = 2,
    APUS_ISA_COUNT = 3,
};

/// What some CPUs have besides.
enum apus_cpu_feature {
    /// Vectors that multiply bfloat16: AVX512_BF16.
    APUS_CPU_BFLOAT16 = 0,
    /// Tiles of bfloat16 that the system lets programs use: AMX.
    APUS_CPU_TILES = 1,
};

/// Whether this CPU has it.
bool apus_cpu_has(enum apus_cpu_feature feature);

/// The bytes of a core's second-level cache; 1 MiB where the system does not say.
int64_t apus_second_cache_bytes(void);

/// The instruction set in use: the best that this CPU has, unless the environment variable `APUS_ISA`
/// (`baseline`, `avx2`, `avx512`) or `apus_set_isa` asks for less.
enum apus_isa apus_isa(void);

/// Chooses an instruction set for what this thread runs, on the engine and in loops as well; one that the CPU lacks is
/// lowered to the best it has. For tests.
void apus_set_isa(enum apus_isa isa);

#endif
