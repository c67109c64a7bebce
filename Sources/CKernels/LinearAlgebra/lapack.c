// LAPACK is opened when a program first needs it, not linked: loading it and its libraries takes a millisecond, which every other
// program would pay at its start.
#include "lapack.h"

#include "apus_linear_algebra.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static lapack_functions functions;
static bool is_available = false;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/// Tells a BLAS with threads of its own to use one: a second pool beside libgomp's would cost more than it gains.
static void use_one_thread(void *library) {
    static const char *const names[] = {"openblas_set_num_threads", "bli_thread_set_num_threads",
                                        "MKL_Set_Num_Threads"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *symbol = dlsym(library, names[i]);
        if (!symbol) continue;
        // BLIS counts in 64 bits; the register holds the number for all three.
        ((void (*)(long))symbol)(1);
    }
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
    is_available = true;
}

const lapack_functions *lapack(void) {
    pthread_once(&once, open_library);
    return is_available ? &functions : NULL;
}

bool apus_lapack_is_available(void) { return lapack() != NULL; }
