// LAPACK's functions, opened when they are first needed. Private.
#ifndef LAPACK_FUNCTIONS_H
#define LAPACK_FUNCTIONS_H

#include <lapacke.h>
#include <stdbool.h>

/// Those that are used: variants without checks and without memory of their own.
#define LAPACK_FUNCTIONS(DO)                                                                                          \
    DO(dpotrf) DO(dgetrf) DO(dgetrs) DO(dtrtrs) DO(dgelqf) DO(dorglq) DO(dsyevd) DO(dgesdd)

typedef struct {
#define LAPACK_FIELD(NAME) __typeof__(&LAPACKE_##NAME##_work) NAME;
    LAPACK_FUNCTIONS(LAPACK_FIELD)
#undef LAPACK_FIELD
} lapack_functions;

/// `NULL` if the machine has no LAPACK.
const lapack_functions *lapack(void);

/// Whether several threads may call it at a time.
bool lapack_is_concurrent(void);

/// Until the number that is returned is given back, a BLAS over OpenMP uses one thread where this thread calls it.
int lapack_take_one_thread(void);
void lapack_give_back_threads(int before);

#endif
