// Compiles a kernel template once for each instruction set.
//
//     #define APUS_TEMPLATE "gemm_template.h"
//     #include "multiversion.h"
//
// includes the template three times (x86-64) or once (other CPUs). Inside it:
//     APUS_LANES   float32 lanes of a vector register: 16, 8 or 4
//     APUS_FN(f)   the name `f` with the suffix of the instruction set: f_avx512, f_avx2, f_baseline
// and after it, APUS_DISPATCH(f) is the version of `f` for the CPU in use.
// The file has no include guard: it serves one template a translation unit.

#include "apus_base.h"

#define APUS_JOIN_(a, b) a##_##b
#define APUS_JOIN(a, b) APUS_JOIN_(a, b)
#define APUS_FN(name) APUS_JOIN(name, APUS_SUFFIX)

#if defined(__x86_64__)

#define APUS_SUFFIX avx512
#define APUS_LANES 16
#pragma clang attribute push(                                                                            \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512cd,avx2,fma,f16c,bmi,bmi2,lzcnt"))), \
    apply_to = function)
#include APUS_TEMPLATE
#pragma clang attribute pop
#undef APUS_SUFFIX
#undef APUS_LANES

#define APUS_SUFFIX avx2
#define APUS_LANES 8
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2,lzcnt"))), apply_to = function)
#include APUS_TEMPLATE
#pragma clang attribute pop
#undef APUS_SUFFIX
#undef APUS_LANES

#define APUS_DISPATCH(name) \
    (apus_isa() == APUS_ISA_AVX512 ? name##_avx512 : apus_isa() == APUS_ISA_AVX2 ? name##_avx2 : name##_baseline)

#else

#define APUS_DISPATCH(name) name##_baseline

#endif

#define APUS_SUFFIX baseline
#define APUS_LANES 4
#include APUS_TEMPLATE
#undef APUS_SUFFIX
#undef APUS_LANES
