// Systems of linear equations.
#include "linear_algebra_common.h"

typedef struct {
    const apus_solve_parameters *p;
    const void *a, *b;
    void *x;
    char *scratch;
    int64_t chunks;
} solve_job;

/// Scratch of one chunk: a, b as columns, pivots.
static int64_t slot_bytes(const apus_solve_parameters *p) {
    return (p->size * p->size + p->size * p->columns + p->size) * (int64_t)sizeof(double);
}

/// a as LAPACK takes it, which reads rows as columns; other triangles become 0. Whether all of it is finite.
static bool load_matrix(const apus_solve_parameters *p, const void *a, int64_t at, double *copy) {
    double sum = 0;
    for (int64_t i = 0; i < p->size; i++) {
        int64_t first = p->system == APUS_SYSTEM_UPPER ? i : 0;
        int64_t last = p->system == APUS_SYSTEM_LOWER ? i + 1 : p->size;
        double *row = copy + i * p->size;
        for (int64_t j = 0; j < first; j++) row[j] = 0;
        for (int64_t j = first; j < last; j++) {
            row[j] = linear_load(a, p->type, at + i * p->size + j);
            sum += row[j] * 0;
        }
        for (int64_t j = last; j < p->size; j++) row[j] = 0;
    }
    return sum == 0;
}

/// The columns of b one after the other. Whether all of it is finite.
static bool load_columns(const apus_solve_parameters *p, const void *b, int64_t at, double *columns) {
    double sum = 0;
    for (int64_t i = 0; i < p->size; i++)
        for (int64_t j = 0; j < p->columns; j++) {
            double value = linear_load(b, p->type, at + i * p->columns + j);
            columns[i + j * p->size] = value;
            sum += value * 0;
        }
    return sum == 0;
}

/// Overwrites b by the solution; 0, or why there is none.
static lapack_int solve(const apus_solve_parameters *p, double *a, double *b, lapack_int *pivots) {
    lapack_int n = (lapack_int)p->size, m = (lapack_int)p->columns;
    if (p->system != APUS_SYSTEM_GENERAL) {
        char triangle = p->system == APUS_SYSTEM_LOWER ? 'U' : 'L';
        return lapack()->dtrtrs(LAPACK_COL_MAJOR, triangle, 'T', 'N', n, m, a, n, b, n);
    }
    lapack_int info = lapack()->dgetrf(LAPACK_COL_MAJOR, n, n, a, n, pivots);
    return info ? info : lapack()->dgetrs(LAPACK_COL_MAJOR, 'T', n, m, a, n, pivots, b, n);
}

static void solve_chunks(void *context, int64_t first_chunk, int64_t last_chunk) {
    const solve_job *job = context;
    const apus_solve_parameters *p = job->p;
    double *a = (double *)(job->scratch + first_chunk * slot_bytes(p));
    double *b = a + p->size * p->size;
    lapack_int *pivots = (lapack_int *)(b + p->size * p->columns);
    int64_t last = p->count * last_chunk / job->chunks;
    for (int64_t matrix = p->count * first_chunk / job->chunks; matrix < last; matrix++) {
        int64_t at = matrix * p->size * p->columns;
        bool is_solved = load_matrix(p, job->a, matrix * p->size * p->size, a) && load_columns(p, job->b, at, b)
            && solve(p, a, b, pivots) == 0;
        for (int64_t i = 0; i < p->size; i++)
            for (int64_t j = 0; j < p->columns; j++)
                linear_store(job->x, p->type, at + i * p->columns + j, is_solved ? b[i + j * p->size] : (double)NAN);
    }
}

int64_t apus_solve_scratch_bytes(const apus_solve_parameters *p) {
    return linear_chunks(p->count, slot_bytes(p)) * slot_bytes(p);
}

int apus_solve(void *const *buffers, const void *parameters) {
    const apus_solve_parameters *p = parameters;
    if (!linear_is_floating(p->type) || !lapack()) return APUS_STATUS_UNSUPPORTED;
    if (p->count * p->size * p->columns == 0) return APUS_STATUS_OK;
    solve_job job = {p, buffers[0], buffers[1], buffers[2], buffers[3], linear_chunks(p->count, slot_bytes(p))};
    double n = (double)p->size, flops = (double)p->count * n * n * (n + 2 * (double)p->columns);
    linear_for_chunks(job.chunks, flops, solve_chunks, &job);
    return APUS_STATUS_OK;
}
