// Loads of operands that are not contiguous, by element size.
#undef EW_INLINE
#define EW_INLINE static inline __attribute__((always_inline, unused))

#define T uint8_t
#define FN(name) APUS_FN(ew_1_##name)
#include "elementwise_memory_body.h"
#define T uint16_t
#define FN(name) APUS_FN(ew_2_##name)
#include "elementwise_memory_body.h"
#define T uint32_t
#define FN(name) APUS_FN(ew_4_##name)
#include "elementwise_memory_body.h"
#define T uint64_t
#define FN(name) APUS_FN(ew_8_##name)
#include "elementwise_memory_body.h"

static void APUS_FN(ew_gather)(void *d, const void *s, const apus_ew_operand *o, int size, int64_t first, int64_t n) {
    switch (size) {
    case 1: APUS_FN(ew_1_gather)(d, s, o, first, n); break;
    case 2: APUS_FN(ew_2_gather)(d, s, o, first, n); break;
    case 4: APUS_FN(ew_4_gather)(d, s, o, first, n); break;
    default: APUS_FN(ew_8_gather)(d, s, o, first, n); break;
    }
}

static void APUS_FN(ew_fill)(void *d, const void *element, int size, int64_t n) {
    switch (size) {
    case 1: APUS_FN(ew_1_fill)(d, *(const uint8_t *)element, n); break;
    case 2: APUS_FN(ew_2_fill)(d, *(const uint16_t *)element, n); break;
    case 4: APUS_FN(ew_4_fill)(d, *(const uint32_t *)element, n); break;
    default: APUS_FN(ew_8_fill)(d, *(const uint64_t *)element, n); break;
    }
}

static const ew_memory APUS_FN(ew_memory_table)[1] = {{APUS_FN(ew_gather), APUS_FN(ew_fill)}};
