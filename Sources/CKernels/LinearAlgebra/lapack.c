// LAPACK is opened when a program first needs it, not linked: loading it and its libraries takes a millisecond, which every other
// program would pay at its start.
#include "lapack.h"

#include "apus_linear_algebra.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static lapack_functions functions;
static bool is_available = false, is_concurrent = false;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// libgomp's entry points, as in Base.
int omp_get_max_threads(void);
void omp_set_num_threads(int count);

int lapack_take_one_thread(void) {
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    return before;
}

void lapack_give_back_threads(int before) { omp_set_num_threads(before); }

/// Tells a BLAS with threads of its own to use one: a second pool beside libgomp's would cost more than it gains.
static void use_one_thread(void *library) {
    static const char *const names[] = {"openblas_set_num_threads", "bli_thread_set_num_threads",
                                        "MKL_Set_Num_Threads"};
    // OpenBLAS over OpenMP would also set the number for the loops of this thread.
    int before = omp_get_max_threads();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *symbol = dlsym(library, names[i]);
        // BLIS counts in 64 bits; the register holds the number for all three.
        if (symbol) ((void (*)(long))symbol)(1);
    }
    omp_set_num_threads(before);
}

static void open_library(void) {
    void *library = dlopen("liblapacke.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!library) library = dlopen("liblapacke.so", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    bool has_all = true;
#define LAPACK_OPEN(NAME)                                                                                             \
    functions.NAME = (__typeof__(functions.NAME))dlsym(library, "LAPACKE_" #NAME "_work");                            \
    has_all = has_all && functions.NAME;
    LAPACK_FUNCTIONS(LAPACK_OPEN)
#undef LAPACK_OPEN
    if (!has_all) return;
    use_one_thread(library);
    // OpenBLAS without threads shares its memory between callers without locks.
    int (*kind)(void) = (int (*)(void))dlsym(library, "openblas_get_parallel");
    is_concurrent = !kind || kind() != 0;
    is_available = true;
}

const lapack_functions *lapack(void) {
    pthread_once(&once, open_library);
    return is_available ? &functions : NULL;
}

bool lapack_is_concurrent(void) { return lapack() && is_concurrent; }

bool apus_lapack_is_available(void) { return lapack() != NULL; }
