// Factorizations of matrices and systems of linear equations, by LAPACK.
//
// Everything is computed in float64, with denormal numbers, which LAPACK's scaling counts on. A matrix that is not finite, or that the
// factorization does not exist for, gives NaN in all of its results; the others of the batch are not touched by it.
#ifndef APUS_LINEAR_ALGEBRA_H
#define APUS_LINEAR_ALGEBRA_H

#include "apus_base.h"

/// Whether there is LAPACK on this machine; the first call opens it. Kernels below need it.
bool apus_lapack_is_available(void);

enum apus_factorization {
    /// a = L Lᵀ of the lower triangle of a [n, n]; y: L [n, n].
    APUS_CHOLESKY = 0,
    /// y: the determinant of a [n, n], its sign, and log |determinant|.
    APUS_DETERMINANT = 1,
    /// a [m, n] = Q R, the diagonal of R ≥ 0; y: Q [m, k], then R [k, n], k = min(m, n).
    APUS_QR = 2,
    /// a = V diag(w) Vᵀ of the lower triangle of a [n, n]; y: w [n], ascending, then V [n, n].
    APUS_EIGH = 3,
    /// a [m, n] = U diag(s) Vᵀ; y: U [m, k], s [k], descending, then Vᵀ [k, n].
    APUS_SVD = 4,
};

typedef struct {
    /// a is [count, rows, columns].
    int64_t count, rows, columns;
    /// enum apus_type of a and y: floating point.
    int64_t type;
    /// enum apus_factorization.
    int64_t factorization;
} apus_factorize_parameters;

/// Eigenvectors and rows of Vᵀ have the sign that makes the first of their greatest components positive.
/// Buffers: a, y, scratch.
int apus_factorize(void *const *buffers, const void *parameters);
int64_t apus_factorize_scratch_bytes(const apus_factorize_parameters *p);

enum apus_system {
    APUS_SYSTEM_GENERAL = 0,
    /// Only the lower, only the upper triangle of a is read.
    APUS_SYSTEM_LOWER = 1,
    APUS_SYSTEM_UPPER = 2,
};

typedef struct {
    /// a is [count, size, size], b and x are [count, size, columns].
    int64_t count, size, columns;
    /// enum apus_type of all: floating point.
    int64_t type;
    /// enum apus_system.
    int64_t system;
} apus_solve_parameters;

/// a x = b. Buffers: a, b, x, scratch.
int apus_solve(void *const *buffers, const void *parameters);
int64_t apus_solve_scratch_bytes(const apus_solve_parameters *p);

#endif
