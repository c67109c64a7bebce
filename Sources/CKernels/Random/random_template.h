// Random numbers, 16 Philox groups (64 words of 32 bits) at a time. Included for every instruction set.
#include "elementwise_math.h"

#define wide APUS_FN(random_wide)    // 64-bit lanes: half as many as of 32 bits
typedef uint64_t wide __attribute__((ext_vector_type(APUS_LANES / 2)));
#define fmem APUS_FN(random_fmem)
typedef float fmem __attribute__((ext_vector_type(APUS_LANES), aligned(4), may_alias));

// MARK: Words

/// The words of the groups first..<first + 16, in order of elements.
///
/// Two vectors of groups go together: a round waits for its products.
static void APUS_FN(random_words)(const random_draw *r, uint64_t first, uint32_t *words) {
    const wide low = (wide)0xffffffffu;
    for (int block = 0; block < 16; block += APUS_LANES) {
        // Words in the low halves of 64-bit lanes; the high halves are rubbish, which the products ignore.
        wide c0[2], c1[2], c2[2], c3[2];
        for (int v = 0; v < 2; v++) {
            for (int lane = 0; lane < APUS_LANES / 2; lane++)
                c0[v][lane] = first + (uint64_t)(block + v * (APUS_LANES / 2) + lane);
            c1[v] = (c0[v] >> 32) ^ (uint64_t)r->counter1;
            c2[v] = (wide)(uint64_t)r->counter2;
            c3[v] = (wide)(uint64_t)r->counter3;
        }
        wide k0 = (wide)(uint64_t)r->key0, k1 = (wide)(uint64_t)r->key1;
#pragma clang loop unroll(full)
        for (int round = 0; round < 10; round++) {
            for (int v = 0; v < 2; v++) {
                wide p0 = (c0[v] & low) * (wide)(uint64_t)PHILOX_M0, p1 = (c2[v] & low) * (wide)(uint64_t)PHILOX_M1;
                c0[v] = (p1 >> 32) ^ c1[v] ^ k0;
                c1[v] = p1;
                c2[v] = (p0 >> 32) ^ c3[v] ^ k1;
                c3[v] = p0;
            }
            k0 += (wide)(uint64_t)PHILOX_W0;
            k1 += (wide)(uint64_t)PHILOX_W1;
        }
        for (int v = 0; v < 2; v++) {
            // Pairs of words side by side, then pairs of pairs.
            wide a = (c0[v] & low) | (c1[v] << 32), b = (c2[v] & low) | (c3[v] << 32);
            uint64_t *out = (uint64_t *)(words + 4 * block) + v * APUS_LANES;
#if APUS_LANES == 16
            *(wide *)out = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
            *(wide *)(out + 8) = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#elif APUS_LANES == 8
            *(wide *)out = __builtin_shufflevector(a, b, 0, 4, 1, 5);
            *(wide *)(out + 4) = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#else
            *(wide *)out = __builtin_shufflevector(a, b, 0, 2);
            *(wide *)(out + 2) = __builtin_shufflevector(a, b, 1, 3);
#endif
        }
    }
}

// MARK: From 64 words to 64 floats

EW_INLINE uvec APUS_FN(random_load)(const uint32_t *words, int i) { return *(const uvec *)(words + i); }

EW_INLINE void APUS_FN(random_uniform)(const random_draw *r, const uint32_t *words, float *d) {
// Product and sum are rounded one by one, so that every CPU draws the same bits.
#pragma clang fp contract(off)
    fvec low = (fvec)r->first, width = (fvec)(r->second - r->first), limit = (fvec)r->limit;
    for (int i = 0; i < 64; i += APUS_LANES) {
        ivec bits = __builtin_bit_cast(ivec, APUS_FN(random_load)(words, i) >> 8);
        fvec x = low + __builtin_convertvector(bits, fvec) * 5.9604644775390625e-8f * width;
        *(fmem *)(d + i) = x > limit ? limit : x;
    }
}

EW_INLINE void APUS_FN(random_normal)(const random_draw *r, const uint32_t *words, float *d) {
    fvec mean = (fvec)r->first, deviation = (fvec)r->second;
    for (int i = 0; i < 64; i += 2 * APUS_LANES) {
        uvec a = APUS_FN(random_load)(words, i), b = APUS_FN(random_load)(words, i + APUS_LANES), u, v;
        // Even words and odd words.
#if APUS_LANES == 16
        u = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        v = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif APUS_LANES == 8
        u = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
        v = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#else
        u = __builtin_shufflevector(a, b, 0, 2, 4, 6);
        v = __builtin_shufflevector(a, b, 1, 3, 5, 7);
#endif
        fvec x = __builtin_convertvector(u, fvec) * 2.3283064365386963e-10f + 1.1641532182693481e-10f;
        fvec radius = deviation * __builtin_elementwise_sqrt(-2.0f * flog_scaled(x, (ivec)0));
        uvec quadrant = (v + 0x20000000u) >> 30;
        ivec rest = __builtin_bit_cast(ivec, v - (quadrant << 30));
        fvec sine, cosine;
        fquarter(__builtin_convertvector(rest, fvec) * 1.4629180792671596e-9f, &sine, &cosine);
        ivec odd = __builtin_bit_cast(ivec, quadrant & 1u) != 0;
        fvec s = odd ? cosine : sine, c = odd ? sine : cosine;
        // Signs: cosine is negative in quadrants 1 and 2, sine in 2 and 3.
        s = EW_FLOAT(EW_BITS(s) ^ __builtin_bit_cast(ivec, (quadrant & 2u) << 30));
        c = EW_FLOAT(EW_BITS(c) ^ __builtin_bit_cast(ivec, ((quadrant + 1u) & 2u) << 30));
        fvec first = radius * c + mean, second = radius * s + mean;
#if APUS_LANES == 16
        *(fmem *)(d + i) = __builtin_shufflevector(first, second, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7,
                                                   23);
        *(fmem *)(d + i + 16) = __builtin_shufflevector(first, second, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14,
                                                        30, 15, 31);
#elif APUS_LANES == 8
        *(fmem *)(d + i) = __builtin_shufflevector(first, second, 0, 8, 1, 9, 2, 10, 3, 11);
        *(fmem *)(d + i + 8) = __builtin_shufflevector(first, second, 4, 12, 5, 13, 6, 14, 7, 15);
#else
        *(fmem *)(d + i) = __builtin_shufflevector(first, second, 0, 4, 1, 5);
        *(fmem *)(d + i + 4) = __builtin_shufflevector(first, second, 2, 6, 3, 7);
#endif
    }
}

/// sqrt(2) erfinv(x) = x P(-log(1 - x^2)) for |x| <= erf(sqrt(2)), a fit with relative error 2e-8.
EW_INLINE void APUS_FN(random_truncated)(const random_draw *r, const uint32_t *words, float *d) {
    fvec mean = (fvec)r->first, deviation = (fvec)r->second;
    for (int i = 0; i < 64; i += APUS_LANES) {
        ivec bits = __builtin_bit_cast(ivec, APUS_FN(random_load)(words, i));
        fvec x = __builtin_convertvector(bits, fvec) * 4.444735758e-10f + 2.222367879e-10f;
        fvec w = -flog((1.0f - x) * (1.0f + x));
        fvec p = (fvec)-6.360883295e-06f;
        p = p * w + 9.067486629e-05f;
        p = p * w - 2.155577767e-04f;
        p = p * w - 3.277093398e-03f;
        p = p * w + 1.632435896e-02f;
        p = p * w + 3.281180412e-01f;
        p = p * w + 1.253314113e+00f;
        p = p * x;
        p = p > 2.0f ? (fvec)2.0f : p;
        p = p < -2.0f ? (fvec)-2.0f : p;
        *(fmem *)(d + i) = p * deviation + mean;
    }
}

static void APUS_FN(random_floats)(const random_draw *r, const uint32_t *words, float *d) {
    switch (r->distribution) {
    case APUS_RANDOM_UNIFORM: APUS_FN(random_uniform)(r, words, d); break;
    case APUS_RANDOM_NORMAL: APUS_FN(random_normal)(r, words, d); break;
    case APUS_RANDOM_TRUNCATED_NORMAL: APUS_FN(random_truncated)(r, words, d); break;
    default:
        for (int i = 0; i < 64; i++) d[i] = words[i] < r->threshold ? 1.0f : 0.0f;
    }
}

static void APUS_FN(random_bytes)(const random_draw *r, const uint32_t *words, uint8_t *d) {
    for (int i = 0; i < 64; i++) d[i] = words[i] < r->threshold;
}

static void APUS_FN(random_bfloats)(const float *s, uint16_t *d) {
    for (int i = 0; i < 64; i++) {  // never NaN
        uint32_t bits = ((const random_bits *)s)[i];
        d[i] = (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
}

static const random_functions APUS_FN(random_table)[1] = {
    {APUS_FN(random_words), APUS_FN(random_floats), APUS_FN(random_bytes), APUS_FN(random_bfloats)}};
