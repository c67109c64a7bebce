// Images, one at a time. Included for every instruction set.

// MARK: Between four neighbours

#define between_u8 APUS_FN(images_between_u8)
#define between_f32 APUS_FN(images_between_f32)

static inline __attribute__((always_inline)) uint8_t between_u8(uint8_t p, uint8_t q, uint8_t r, uint8_t s, int32_t x,
                                                                int32_t y) {
    int32_t right = x >> 5 & 2047, down = y >> 5 & 2047;
    int32_t upper = p * 2048 + right * (q - p), lower = r * 2048 + right * (s - r);
    return (uint8_t)((upper * 2048 + down * (lower - upper) + (1 << 21)) >> 22);
}

static inline __attribute__((always_inline)) float between_f32(float p, float q, float r, float s, int32_t x,
                                                               int32_t y) {
#pragma clang fp contract(off)
    float right = (float)(x & 65535) * 0x1p-16f, down = (float)(y & 65535) * 0x1p-16f;
    float upper = p + right * (q - p), lower = r + right * (s - r);
    return upper + down * (lower - upper);
}

// MARK: Both types

#define PIXEL uint8_t
#define PIXEL_FN(name) APUS_FN(name##_u8)
#define BETWEEN between_u8
#define HALF_DIGIT BYTE_HALF_DIGIT
#define SAMPLE_FAST sample_rows_fast
// Adding 2^23 leaves the nearest whole number in the lowest bits, halves to even.
#define NEAREST(x) (uint8_t) __builtin_bit_cast(uint32_t, ((x) < 0.0f ? 0.0f : (x) > 255.0f ? 255.0f : (x)) + 8388608.0f)
#define SUM int64_t
#include "images_body.h"

#define PIXEL float
#define PIXEL_FN(name) APUS_FN(name##_f32)
#define BETWEEN between_f32
#define HALF_DIGIT 0
#define SAMPLE_FAST(...) false
#define NEAREST(x) (x)
#define SUM double
#include "images_body.h"

#undef between_u8
#undef between_f32
