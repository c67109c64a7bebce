// Vector types and mask helpers of the lanes kernels, for one instruction set. Included by templates, so: no guard.
//
//     VF         APUS_LANES floats: a register, a part (16 / APUS_LANES of them) of an element
//     VE         16 floats: a whole element, whatever the registers

// Wide vectors are passed to inlined functions only, so how the ABI would pass them is of no interest.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float APUS_FN(lanes_vf) __attribute__((vector_size(APUS_LANES * 4)));
typedef int32_t APUS_FN(lanes_vi) __attribute__((vector_size(APUS_LANES * 4)));
typedef float APUS_FN(lanes_ve) __attribute__((vector_size(64)));
typedef int32_t APUS_FN(lanes_vei) __attribute__((vector_size(64)));

#undef VF
#undef VI
#undef VE
#undef VEI
#define VF APUS_FN(lanes_vf)
#define VI APUS_FN(lanes_vi)
#define VE APUS_FN(lanes_ve)
#define VEI APUS_FN(lanes_vei)

#undef LANES_INLINE
#define LANES_INLINE static inline __attribute__((always_inline, unused))

#undef LANES_INTRINSICS
#if APUS_LANES == 16 && defined(__x86_64__)
#define LANES_INTRINSICS 1
#include <immintrin.h>
#else
#define LANES_INTRINSICS 0
#endif

// A load that stays where it is written: where sums and weights leave one register, the compiler's order would need two and move sums
// to memory.
#undef LANES_LOAD_HERE
#define LANES_LOAD_HERE(from) (*(const volatile VF *)(from))

/// All lanes equal to `value`.
LANES_INLINE VF APUS_FN(splat)(float value) {
#if APUS_LANES == 16
    return (VF){value, value, value, value, value, value, value, value,
                value, value, value, value, value, value, value, value};
#elif APUS_LANES == 8
    return (VF){value, value, value, value, value, value, value, value};
#else
    return (VF){value, value, value, value};
#endif
}

/// `value` in the lanes whose bit is set, 0 in the others.
LANES_INLINE VE APUS_FN(keep)(uint16_t bits, VE value) {
#if LANES_INTRINSICS
    return (VE)_mm512_maskz_mov_ps(bits, (__m512)value);
#else
    const VEI weights = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
    VEI chosen = ((weights & (int32_t)bits) != 0);
    return (VE)((VEI)value & chosen);
#endif
}

/// The sum of the 16 lanes, in a fixed order.
LANES_INLINE float APUS_FN(sum)(VE v) {
    float f[16];
    memcpy(f, &v, sizeof f);
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++) f[i] += f[i + half];
    return f[0];
}
