// Block kernels for float64: vectors for arithmetic, the C library for functions.
#undef EW_INLINE
#define EW_INLINE static inline __attribute__((always_inline, unused))

#define f64vec APUS_FN(ew_f64vec)
#define f32vec APUS_FN(ew_f32vec)
#define i32vec APUS_FN(ew_i32vec)
#define i64vec APUS_FN(ew_i64vec)
#define bytes APUS_FN(ew_bytes)
#define f64vec_memory APUS_FN(ew_f64vec_memory)
#define f32vec_memory APUS_FN(ew_f32vec_memory)
#define i32vec_memory APUS_FN(ew_i32vec_memory)
#define i64vec_memory APUS_FN(ew_i64vec_memory)
#define bytes_memory APUS_FN(ew_bytes_memory)
typedef double f64vec __attribute__((ext_vector_type(APUS_LANES / 2)));
typedef float f32vec __attribute__((ext_vector_type(APUS_LANES / 2)));
typedef int32_t i32vec __attribute__((ext_vector_type(APUS_LANES / 2)));
typedef int64_t i64vec __attribute__((ext_vector_type(APUS_LANES / 2)));
typedef uint8_t bytes __attribute__((ext_vector_type(APUS_LANES / 2)));
typedef double f64vec_memory __attribute__((ext_vector_type(APUS_LANES / 2), aligned(8), may_alias));
typedef float f32vec_memory __attribute__((ext_vector_type(APUS_LANES / 2), aligned(4), may_alias));
typedef int32_t i32vec_memory __attribute__((ext_vector_type(APUS_LANES / 2), aligned(4), may_alias));
typedef int64_t i64vec_memory __attribute__((ext_vector_type(APUS_LANES / 2), aligned(8), may_alias));
typedef uint8_t bytes_memory __attribute__((ext_vector_type(APUS_LANES / 2), aligned(1), may_alias));

// What comparisons give: vectors of `long`, which int64_t need not be.
#define mask64 APUS_FN(ew_mask64)
typedef __typeof__((f64vec)0 < (f64vec)0) mask64;

#define T double
#define V f64vec
#define V_memory f64vec_memory
#define M mask64
#define B bytes
#define B_memory bytes_memory
#define WIDTH (APUS_LANES / 2)
#define I32V i32vec
#define I32V_memory i32vec_memory
#define I64V i64vec
#define I64V_memory i64vec_memory
#define OTHER float
#define OTHERV f32vec
#define OTHERV_memory f32vec_memory
#define CAST_SELF EW_CAST_F64
#define CAST_OTHER EW_CAST_F32
#define LIBM(name) name
#define FN(name) APUS_FN(ew_f64_##name)

#define FUNCTION(name, expression) \
    static void FN(name)(void *d, const void *a, const void *b, const void *c, const void *e, int64_t n) { \
        (void)b; (void)c; (void)e; \
        for (int64_t i = 0; i < n; i++) { \
            double x = ((const double *)a)[i]; \
            ((double *)d)[i] = expression; \
        } \
    }
FUNCTION(exp, exp(x))
FUNCTION(expm1, expm1(x))
FUNCTION(log, log(x))
FUNCTION(log1p, log1p(x))
FUNCTION(sin, sin(x))
FUNCTION(cos, cos(x))
FUNCTION(tanh, tanh(x))
FUNCTION(sigmoid, 1 / (1 + exp(-x)))
FUNCTION(erf, erf(x))

#define CAST_EXTRA
#include "elementwise_float_body.h"
