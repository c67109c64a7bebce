#include "apus_base.h"
#include "apus_crowd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

// libgomp's entry points. Its header exists only beside gcc, and clang's own OpenMP runtime must not be linked.
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
int omp_in_parallel(void);

// MARK: Threads

static atomic_int requested_threads = 0;
/// What a thread asked for, and whoever works for it takes over; 0: what the process asked for.
static _Thread_local int own_threads = 0;

int apus_thread_count(void) {
    if (own_threads > 0) return own_threads;
    int requested = atomic_load_explicit(&requested_threads, memory_order_relaxed);
    return requested > 0 ? requested : omp_get_max_threads();
}

void apus_set_thread_count(int count) {
    atomic_store_explicit(&requested_threads, count > 0 ? count : 0, memory_order_relaxed);
}

int apus_own_thread_count(void) { return own_threads; }

void apus_set_own_thread_count(int count) { own_threads = count > 0 ? count : 0; }

// The control register of floating-point arithmetic, of each thread.
static uint64_t float_mode(void) {
#if defined(__x86_64__)
    return __builtin_ia32_stmxcsr();
#elif defined(__aarch64__)
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
#else
    return 0;
#endif
}

static void set_float_mode(uint64_t mode) {
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr((unsigned)mode);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
    (void)mode;
#endif
}

uint64_t apus_flush_denormals(void) {
    uint64_t mode = float_mode();
#if defined(__x86_64__)
    set_float_mode(mode | 0x8040);  // flush to zero, denormals are zero
#elif defined(__aarch64__)
    set_float_mode(mode | (1u << 24));
#endif
    return mode;
}

uint64_t apus_keep_denormals(void) {
    uint64_t mode = float_mode();
#if defined(__x86_64__)
    set_float_mode(mode & ~(uint64_t)0x8040);
#elif defined(__aarch64__)
    set_float_mode(mode & ~((uint64_t)1 << 24));
#endif
    return mode;
}

void apus_restore_denormals(uint64_t mode) { set_float_mode(mode); }

// MARK: Instruction sets

bool apus_cpu_has(enum apus_cpu_feature feature) {
#if defined(__x86_64__)
    unsigned a, b, c, d, e;
    if (feature == APUS_CPU_BFLOAT16) return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 5);
    // AMX-TILE and AMX-BF16; and that the system saves tiles when it changes between threads.
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & 5u << 22) != 5u << 22) return false;
    if (!__get_cpuid(1, &a, &b, &c, &e) || !(c & 1u << 27)) return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & 3u << 17) == 3u << 17;
#else
    (void)feature;
    return false;
#endif
}

static int64_t second_cache_bytes;
static pthread_once_t second_cache_once = PTHREAD_ONCE_INIT;

static void find_second_cache(void) {
    long bytes = 0;
#if defined(_SC_LEVEL2_CACHE_SIZE)
    bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    second_cache_bytes = bytes > 0 ? bytes : 1 << 20;
}

int64_t apus_second_cache_bytes(void) {
    pthread_once(&second_cache_once, find_second_cache);
    return second_cache_bytes;
}

static enum apus_isa best_isa(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd"))
        return APUS_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        return APUS_ISA_AVX2;
#endif
    return APUS_ISA_BASELINE;
}

/// What a thread asked for, and whoever works for it takes over; -1: the default.
static _Thread_local int thread_isa = -1;
static enum apus_isa default_isa;
static pthread_once_t default_isa_once = PTHREAD_ONCE_INIT;

static void find_default_isa(void) {
    const char *name = getenv("APUS_ISA");
    enum apus_isa wish = APUS_ISA_AVX512, best = best_isa();
    if (name && !strcmp(name, "avx2")) wish = APUS_ISA_AVX2;
    if (name && !strcmp(name, "baseline")) wish = APUS_ISA_BASELINE;
    default_isa = wish < best ? wish : best;
}

void apus_set_isa(enum apus_isa isa) {
    enum apus_isa best = best_isa();
    thread_isa = (int)(isa < best ? isa : best);
}

enum apus_isa apus_isa(void) {
    if (thread_isa >= 0) return (enum apus_isa)thread_isa;
    pthread_once(&default_isa_once, find_default_isa);
    return default_isa;
}

// MARK: Loops

// ThreadSanitizer does not see how libgomp's threads wait for each other.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define APUS_AFTER(address) __tsan_acquire(address)
#define APUS_BEFORE(address) __tsan_release(address)
#endif
#endif
#ifndef APUS_AFTER
#define APUS_AFTER(address) (void)(address)
#define APUS_BEFORE(address) (void)(address)
#endif

static int64_t nanoseconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

typedef struct {
    apus_loop_body body;
    void *context;
    int64_t tasks;
    uint64_t float_mode;
    enum apus_isa isa;
    bool is_measured;
    /// The nanoseconds of the share that took the shortest, where they are measured.
    _Atomic int64_t least;
} loop;

static void loop_share(void *pointer) {
    loop *l = pointer;
    APUS_AFTER(pointer);
    if (float_mode() != l->float_mode) set_float_mode(l->float_mode);
    if (apus_isa() != l->isa) apus_set_isa(l->isa);
    int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
    int64_t first = l->tasks * thread / threads, last = l->tasks * (thread + 1) / threads;
    int64_t start = l->is_measured ? nanoseconds_now() : 0;
    if (first < last) l->body(l->context, first, last);
    if (l->is_measured) {
        int64_t mine = nanoseconds_now() - start, least = atomic_load_explicit(&l->least, memory_order_relaxed);
        while (mine < least
               && !atomic_compare_exchange_weak_explicit(&l->least, &least, mine, memory_order_relaxed,
                                                         memory_order_relaxed)) {
        }
    }
    APUS_BEFORE(pointer);
}

static _Thread_local apus_crowd crowd;

void apus_parallel_for(int64_t tasks, apus_loop_body body, void *context) {
    if (tasks <= 0) return;
    int threads = apus_thread_count();
    if (threads == 1 || tasks == 1 || omp_in_parallel()) {
        body(context, 0, tasks);
        return;
    }
    // Who asked for a number of threads for itself gets it.
    bool adapts = own_threads == 0, is_measured = adapts && apus_crowd_measures(&crowd);
    int64_t start = is_measured ? nanoseconds_now() : 0;
    if (is_measured) apus_crowd_begin(&crowd, start);
    if (adapts) threads = apus_crowd_threads(&crowd, threads);
    if (threads > tasks) threads = (int)tasks;
    if (threads == 1) {
        body(context, 0, tasks);
        return;
    }
    loop l = {body, context, tasks, float_mode(), apus_isa(), is_measured, INT64_MAX};
    APUS_BEFORE(&l);
    GOMP_parallel(loop_share, &l, (unsigned)threads, 0);
    APUS_AFTER(&l);
    if (!is_measured) return;
    int64_t end = nanoseconds_now();
    apus_crowd_note(&crowd, threads, end, end - start, atomic_load_explicit(&l.least, memory_order_relaxed));
}

// MARK: Programs

int64_t apus_run(const apus_step *steps, int64_t count, int *status) {
    for (int64_t i = 0; i < count; i++) {
        *status = steps[i].kernel(steps[i].buffers, steps[i].parameters);
        if (*status) return i;
    }
    return -1;
}

int64_t apus_run_timed(const apus_step *steps, int64_t count, int *status, int64_t *nanoseconds) {
    int64_t before = nanoseconds_now();
    for (int64_t i = 0; i < count; i++) {
        *status = steps[i].kernel(steps[i].buffers, steps[i].parameters);
        if (*status) return i;
        int64_t after = nanoseconds_now();
        nanoseconds[i] += after - before;
        before = after;
    }
    return -1;
}
