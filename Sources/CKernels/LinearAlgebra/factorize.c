// Factorizations of matrices. LAPACK takes matrices column by column: what lies here row by row is the transposed matrix to it.
#include "linear_algebra_common.h"

typedef struct {
    const apus_factorize_parameters *p;
    const void *a;
    void *y;
    char *scratch;
    int64_t chunks;
} factorize_job;

static int64_t rank_of(const apus_factorize_parameters *p) { return linear_minimum(p->rows, p->columns); }

/// The elements of the results of one matrix.
static int64_t result_count(const apus_factorize_parameters *p) {
    int64_t k = rank_of(p);
    switch (p->factorization) {
    case APUS_CHOLESKY: return p->rows * p->rows;
    case APUS_DETERMINANT: return 3;
    case APUS_QR: return (p->rows + p->columns) * k;
    case APUS_EIGH: return p->rows + p->rows * p->rows;
    default: return (p->rows + p->columns + 1) * k;
    }
}

/// Scratch of one chunk: a, the results, LAPACK's work and integers.
typedef struct {
    double *a, *y, *work;
    lapack_int *integers;
    lapack_int work_count, integer_count;
} slot;

/// How much work LAPACK asks for.
static slot slot_sizes(const apus_factorize_parameters *p) {
    slot s = {NULL, NULL, NULL, NULL, 0, 0};
    lapack_int m = (lapack_int)p->rows, n = (lapack_int)p->columns, k = (lapack_int)rank_of(p), integer = 0;
    double wish = 0, second = 0, none = 0;
    const lapack_functions *f = lapack();
    if (!f || k == 0) return s;
    switch (p->factorization) {
    case APUS_DETERMINANT: s.integer_count = k; break;
    case APUS_QR:
        f->dgelqf(LAPACK_COL_MAJOR, n, m, &none, n, &none, &wish, -1);
        f->dorglq(LAPACK_COL_MAJOR, k, m, k, &none, n, &none, &second, -1);
        // In front of it the factors of the reflections.
        s.work_count = k + (lapack_int)fmax(wish, second);
        break;
    case APUS_EIGH:
        f->dsyevd(LAPACK_COL_MAJOR, 'V', 'U', n, &none, n, &none, &wish, -1, &integer, -1);
        s.work_count = (lapack_int)wish;
        s.integer_count = integer;
        break;
    case APUS_SVD:
        f->dgesdd(LAPACK_COL_MAJOR, 'S', n, m, &none, n, &none, &none, n, &none, k, &wish, -1, &integer);
        s.work_count = (lapack_int)wish;
        s.integer_count = 8 * k;
        break;
    default: break;
    }
    return s;
}

static int64_t slot_bytes(const apus_factorize_parameters *p, slot s) {
    int64_t doubles = p->rows * p->columns + result_count(p) + s.work_count;
    return doubles * (int64_t)sizeof(double) + ((int64_t)s.integer_count + 1) / 2 * 8;
}

static void negate(double *x, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; i++) x[i * stride] = -x[i * stride];
}

/// Whether the first of a vector's greatest components is negative. Components that differ by rounding alone count as equal, so that
/// rounding does not decide.
static bool is_turned(const double *x, int64_t count) {
    double greatest = 0;
    for (int64_t i = 0; i < count; i++) greatest = fmax(greatest, fabs(x[i]));
    for (int64_t i = 0; i < count; i++)
        if (fabs(x[i]) >= 0.999 * greatest) return x[i] < 0;
    return false;
}

static lapack_int cholesky(int64_t n, slot s) {
    lapack_int info = lapack()->dpotrf(LAPACK_COL_MAJOR, 'U', (lapack_int)n, s.a, (lapack_int)n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) s.y[i * n + j] = j <= i ? s.a[i * n + j] : 0;
    return info;
}

static lapack_int determinant(int64_t n, slot s) {
    lapack_int info = n == 0
        ? 0
        : lapack()->dgetrf(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)n, s.a, (lapack_int)n, s.integers);
    double product = 1, sign = 1, logarithm = 0;
    for (int64_t i = 0; i < n; i++) {
        double pivot = s.a[i * n + i];
        if (s.integers[i] != i + 1) sign = -sign, product = -product;
        product *= pivot;
        if (pivot < 0) sign = -sign;
        logarithm += log(fabs(pivot));
    }
    // A positive info says that a pivot is 0: the determinant is.
    s.y[0] = info > 0 ? 0 : product;
    s.y[1] = info > 0 ? 0 : sign;
    s.y[2] = info > 0 ? -(double)INFINITY : logarithm;
    return info < 0 ? info : 0;
}

/// aᵀ = L Q, so a = Qᵀ Lᵀ.
static lapack_int qr(int64_t m, int64_t n, slot s) {
    int64_t k = linear_minimum(m, n);
    double *q = s.y, *r = s.y + m * k, *reflections = s.work;
    lapack_int work_count = s.work_count - (lapack_int)k;
    lapack_int info = lapack()->dgelqf(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)m, s.a, (lapack_int)n, reflections,
                                       s.work + k, work_count);
    if (info) return info;
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < n; j++) r[i * n + j] = j >= i ? s.a[i * n + j] : 0;
    info = lapack()->dorglq(LAPACK_COL_MAJOR, (lapack_int)k, (lapack_int)m, (lapack_int)k, s.a, (lapack_int)n,
                            reflections, s.work + k, work_count);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < k; j++) q[i * k + j] = s.a[i * n + j];
    for (int64_t i = 0; i < k; i++) {
        if (!(r[i * n + i] < 0)) continue;
        negate(r + i * n + i, n - i, 1);
        negate(q + i, m, k);
    }
    return info;
}

static lapack_int eigh(int64_t n, slot s) {
    lapack_int info = lapack()->dsyevd(LAPACK_COL_MAJOR, 'V', 'U', (lapack_int)n, s.a, (lapack_int)n, s.y, s.work,
                                       s.work_count, s.integers, s.integer_count);
    for (int64_t j = 0; j < n; j++) {
        double *vector = s.a + j * n;
        if (is_turned(vector, n)) negate(vector, n, 1);
        for (int64_t i = 0; i < n; i++) s.y[n + i * n + j] = vector[i];
    }
    return info;
}

/// aᵀ = V diag(s) Uᵀ: LAPACK's first vectors, column by column, are Vᵀ row by row, and its second ones U.
static lapack_int svd(int64_t m, int64_t n, slot s) {
    int64_t k = linear_minimum(m, n);
    double *u = s.y, *values = u + m * k, *vt = values + k;
    lapack_int info = lapack()->dgesdd(LAPACK_COL_MAJOR, 'S', (lapack_int)n, (lapack_int)m, s.a, (lapack_int)n, values,
                                       vt, (lapack_int)n, u, (lapack_int)k, s.work, s.work_count, s.integers);
    for (int64_t i = 0; i < k; i++) {
        if (!is_turned(vt + i * n, n)) continue;
        negate(vt + i * n, n, 1);
        negate(u + i, m, k);
    }
    return info;
}

/// Whether there is a result, in the slot.
static bool factorize(const apus_factorize_parameters *p, slot s) {
    switch (p->factorization) {
    case APUS_CHOLESKY: return cholesky(p->rows, s) == 0;
    case APUS_DETERMINANT: return determinant(p->rows, s) == 0;
    case APUS_QR: return qr(p->rows, p->columns, s) == 0;
    case APUS_EIGH: return eigh(p->rows, s) == 0;
    default: return svd(p->rows, p->columns, s) == 0;
    }
}

static void factorize_chunks(void *context, int64_t first_chunk, int64_t last_chunk) {
    const factorize_job *job = context;
    const apus_factorize_parameters *p = job->p;
    slot s = slot_sizes(p);
    s.a = (double *)(job->scratch + first_chunk * slot_bytes(p, s));
    int64_t count = p->rows * p->columns, results = result_count(p);
    s.y = s.a + count;
    s.work = s.y + results;
    s.integers = (lapack_int *)(s.work + s.work_count);
    bool reads_triangle = p->factorization == APUS_CHOLESKY || p->factorization == APUS_EIGH;
    int64_t last = p->count * last_chunk / job->chunks;
    for (int64_t matrix = p->count * first_chunk / job->chunks; matrix < last; matrix++) {
        double sum = 0;
        for (int64_t i = 0; i < count; i++) {
            bool is_read = !reads_triangle || i % p->columns <= i / p->columns;
            s.a[i] = is_read ? linear_load(job->a, p->type, matrix * count + i) : 0;
            // NaN unless all of them are finite.
            sum += s.a[i] * 0;
        }
        bool is_known = sum == 0 && factorize(p, s);
        for (int64_t i = 0; i < results; i++)
            linear_store(job->y, p->type, matrix * results + i, is_known ? s.y[i] : (double)NAN);
    }
}

int64_t apus_factorize_scratch_bytes(const apus_factorize_parameters *p) {
    int64_t bytes = slot_bytes(p, slot_sizes(p));
    return linear_chunks(p->count, bytes) * bytes;
}

int apus_factorize(void *const *buffers, const void *parameters) {
    const apus_factorize_parameters *p = parameters;
    if (!linear_is_floating(p->type) || !lapack()) return APUS_STATUS_UNSUPPORTED;
    if (p->count * result_count(p) == 0) return APUS_STATUS_OK;
    factorize_job job = {p, buffers[0], buffers[1], buffers[2], linear_chunks(p->count, slot_bytes(p, slot_sizes(p)))};
    double flops = (double)p->count * (double)p->rows * (double)p->columns * (double)rank_of(p);
    linear_for_chunks(job.chunks, flops, factorize_chunks, &job);
    return APUS_STATUS_OK;
}
