// Masks of bits, one an element, for one instruction set. `bit` counts from the mask's first byte and is a multiple of
// APUS_LANES.

#if APUS_LANES == 16 && defined(__x86_64__)

/// x where the bit is set, 0 elsewhere.
MATH_INLINE vfloat APUS_FN(gated)(vfloat x, const uint8_t *mask, int64_t bit) {
    uint16_t bits;
    memcpy(&bits, mask + (bit >> 3), 2);
    return (vfloat)_mm512_maskz_mov_ps((__mmask16)bits, (__m512)x);
}

/// Sets the bits where x > limit, clears the others.
MATH_INLINE void APUS_FN(write_gate)(uint8_t *mask, int64_t bit, vfloat x, float limit) {
    uint16_t bits = (uint16_t)_mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(limit), _CMP_GT_OQ);
    memcpy(mask + (bit >> 3), &bits, 2);
}

#else

MATH_INLINE vint APUS_FN(gate_bits)(void) {
    vint bits;
    for (int i = 0; i < APUS_LANES; i++) bits[i] = 1 << i;
    return bits;
}

MATH_INLINE vfloat APUS_FN(gated)(vfloat x, const uint8_t *mask, int64_t bit) {
    int32_t bits = mask[bit >> 3] >> (bit & 7);
    return vselect((APUS_FN(gate_bits)() & bits) != 0, x, vsplat(0.0f));
}

/// Four lanes are half a byte; the first half comes first.
MATH_INLINE void APUS_FN(write_gate)(uint8_t *mask, int64_t bit, vfloat x, float limit) {
    int32_t bits = __builtin_reduce_or((x > limit) & APUS_FN(gate_bits)());
    mask[bit >> 3] = (uint8_t)((bit & 7) ? mask[bit >> 3] | bits << (bit & 7) : bits);
}

#endif
