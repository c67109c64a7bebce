// Block kernels for int32, int64 and uint8 (bool).
#undef EW_INLINE
#define EW_INLINE static inline __attribute__((always_inline, unused))

#define T int32_t
#define UT uint32_t
#define LOWEST INT32_MIN
#define FN(name) APUS_FN(ew_i32_##name)
#include "elementwise_integer_body.h"

#define T int64_t
#define UT uint64_t
#define LOWEST INT64_MIN
#define FN(name) APUS_FN(ew_i64_##name)
#include "elementwise_integer_body.h"

#define T uint8_t
#define UT uint32_t
#define LOWEST 0
#define FN(name) APUS_FN(ew_u8_##name)
#include "elementwise_integer_body.h"
