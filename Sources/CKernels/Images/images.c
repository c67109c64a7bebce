// Changes of images.
#include "apus_images.h"

#include <stdbool.h>
#include <string.h>

#include "apus_random.h"

// MARK: Places

#define BLOCK 16

/// Up to sixteen columns of an image, and where they come from. Places of 32 bits have 16 binary digits, those of 64 have 32.
typedef struct {
    int64_t first_x, first_y;    // the first column in row 0
    int64_t down_x, down_y;      // from row to row
    int32_t x[BLOCK], y[BLOCK];  // from the first column to each
    int32_t end_x, end_y;        // the places behind the image, where everything is 0
    int32_t stride;              // elements from row to row of the frame
    int32_t count;
} image_block;

/// Bytes are interpolated with 11 of 16 digits.
#define BYTE_HALF_DIGIT 16

static inline __attribute__((always_inline)) int32_t rounded(int64_t place) { return (int32_t)((place + 32768) >> 16); }

/// Where the block's first column comes from in a row. What is far outside stays there, whatever is added for another column.
static inline __attribute__((always_inline)) int32_t place_of_row(int64_t first, int64_t down, int32_t row,
                                                                  int32_t half_digit) {
    const int64_t limit = (int64_t)16384 << 32;
    int64_t place = first + row * down;
    return rounded(place < -limit ? -limit : place > limit ? limit : place) + half_digit;
}

static inline __attribute__((always_inline)) int32_t within(int32_t place, int32_t end) {
    return place < 0 ? 0 : place > end ? end : place;
}

/// The columns `first..<first + count`.
static void find_places(image_block *b, const apus_places *places, int32_t first) {
    b->first_x = places->x + first * places->dx;
    b->first_y = places->y + first * places->dy;
    for (int i = 0; i < b->count; i++) {
        b->x[i] = rounded(i * places->dx);
        b->y[i] = rounded(i * places->dy);
    }
}

/// Copies bytes, 32 at a time, the last of them a second time where they do not divide: rows are too short for `memcpy`.
static inline __attribute__((always_inline)) void copy_row(char *restrict d, const char *restrict s, size_t count) {
    if (count < 16) {
        for (size_t i = 0; i < count; i++) d[i] = s[i];
        return;
    }
    for (size_t i = 0; i + 32 <= count; i += 32) memcpy(d + i, s + i, 32);
    if (count & 16) memcpy(d + (count & ~(size_t)31), s + (count & ~(size_t)31), 16);
    memcpy(d + count - 16, s + count - 16, 16);
}

static inline __attribute__((always_inline)) void copy_rows(void *restrict d, const void *restrict s, size_t size,
                                                            size_t rows, size_t d_stride, size_t s_stride) {
    for (size_t row = 0; row < rows; row++)
        copy_row((char *)d + row * d_stride, (const char *)s + row * s_stride, size);
}

void apus_copy_rows(void *d, const void *s, size_t size, size_t rows, size_t d_stride, size_t s_stride) {
    copy_rows(d, s, size, rows, d_stride, s_stride);
}

// MARK: Sampling from registers

#if defined(__x86_64__)
#include <immintrin.h>

/// Whether the neighbours of the block's pixels lie in 8 rows of 32 pixels, wherever a row begins.
static bool fits_registers(const image_block *b) {
    int32_t x = b->x[BLOCK - 1] - b->x[0], y = b->y[BLOCK - 1] - b->y[0];
    return b->count == BLOCK && x > -(30 << 16) && x < 30 << 16 && y > -(6 << 16) && y < 6 << 16;
}

/// Two rows of 32 pixels.
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi"))) static inline __m512i
load_rows(const uint8_t *frame, int32_t stride) {
    __m256i first = _mm256_loadu_si256((const void *)frame),
            second = _mm256_loadu_si256((const void *)(frame + stride));
    return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
}

/// As `sample_rows` for gray bytes: 8 rows of 32 pixels are in four registers, and byte permutations look the neighbours up.
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi"))) static void
sample_rows_in_registers(uint8_t *d, const uint8_t *frame, const image_block *b, int32_t height, int32_t width) {
    const __m512i zero = _mm512_setzero_si512(), low = _mm512_set1_epi32(0x00ff00ff), digits = _mm512_set1_epi32(2047);
    const __m512i end_x = _mm512_set1_epi32(b->end_x), end_y = _mm512_set1_epi32(b->end_y);
    const __m512i block_x = _mm512_loadu_si512(b->x), block_y = _mm512_loadu_si512(b->y);
    const int32_t first_x = b->x[b->x[0] <= b->x[BLOCK - 1] ? 0 : BLOCK - 1];
    const int32_t first_y = b->y[b->y[0] <= b->y[BLOCK - 1] ? 0 : BLOCK - 1];
    const int32_t stride = b->stride;
    for (int32_t row = 0; row < height; row++, d += width) {
        int32_t row_x = place_of_row(b->first_x, b->down_x, row, BYTE_HALF_DIGIT);
        int32_t row_y = place_of_row(b->first_y, b->down_y, row, BYTE_HALF_DIGIT);
        int32_t left = within(row_x + first_x, b->end_x) >> 16, top = within(row_y + first_y, b->end_y) >> 16;
        const uint8_t *corner = frame + top * stride + left;
        __m512i rows01 = load_rows(corner, stride), rows23 = load_rows(corner + 2 * stride, stride);
        __m512i rows45 = load_rows(corner + 4 * stride, stride), rows67 = load_rows(corner + 6 * stride, stride);

        __m512i x = _mm512_add_epi32(block_x, _mm512_set1_epi32(row_x));
        __m512i y = _mm512_add_epi32(block_y, _mm512_set1_epi32(row_y));
        x = _mm512_min_epi32(_mm512_max_epi32(x, zero), end_x);
        y = _mm512_min_epi32(_mm512_max_epi32(y, zero), end_y);

        // The pixel's number in the registers, in all four bytes, and its neighbours' distances: right, below, below right.
        __m512i number = _mm512_add_epi32(_mm512_slli_epi32(_mm512_srli_epi32(y, 16), 5), _mm512_srli_epi32(x, 16));
        number = _mm512_sub_epi32(number, _mm512_set1_epi32(top * 32 + left));
        number = _mm512_add_epi32(_mm512_mullo_epi32(number, _mm512_set1_epi32(0x01010101)),
                                  _mm512_set1_epi32(0x21200100));
        __m512i pixels = _mm512_mask_blend_epi8(_mm512_movepi8_mask(number),
                                                _mm512_permutex2var_epi8(rows01, number, rows23),
                                                _mm512_permutex2var_epi8(rows45, number, rows67));

        // Between rows first: pairs of 16 bits times 2048 - f and f.
        __m512i f = _mm512_and_si512(_mm512_srli_epi32(y, 5), digits);
        __m512i weights = _mm512_add_epi32(_mm512_sub_epi32(_mm512_slli_epi32(f, 16), f), _mm512_set1_epi32(2048));
        __m512i a = _mm512_madd_epi16(_mm512_and_si512(pixels, low), weights);
        __m512i c = _mm512_madd_epi16(_mm512_and_si512(_mm512_srli_epi32(pixels, 8), low), weights);
        f = _mm512_and_si512(_mm512_srli_epi32(x, 5), digits);
        __m512i result = _mm512_add_epi32(_mm512_add_epi32(_mm512_slli_epi32(a, 11), _mm512_set1_epi32(1 << 21)),
                                          _mm512_mullo_epi32(f, _mm512_sub_epi32(c, a)));
        _mm_storeu_si128((void *)d, _mm512_cvtepi32_epi8(_mm512_srli_epi32(result, 22)));
    }
}

/// Returns whether it can be done so, and has been.
static bool sample_rows_fast(uint8_t *d, const uint8_t *frame, const image_block *b, int32_t height, int32_t width,
                             int32_t channels) {
    if (channels != 1 || apus_isa() != APUS_ISA_AVX512 || !__builtin_cpu_supports("avx512vbmi") || !fits_registers(b))
        return false;
    sample_rows_in_registers(d, frame, b, height, width);
    return true;
}
#else
static bool sample_rows_fast(uint8_t *d, const uint8_t *frame, const image_block *b, int32_t height, int32_t width,
                             int32_t channels) {
    (void)d, (void)frame, (void)b, (void)height, (void)width, (void)channels;
    return false;
}
#endif

// MARK: Noise

enum { NORMALS = 1024 };  // so few that `apus_random` asks no other thread

/// The normal numbers of the elements from `first` on; returns how many.
static size_t normals(float *d, uint64_t key, float deviation, size_t first, size_t count) {
    apus_random_parameters p = {.distribution = APUS_RANDOM_NORMAL,
                                .type = APUS_FLOAT32,
                                .count = (int64_t)(count - first < NORMALS ? count - first : NORMALS),
                                .second = deviation};
    uint64_t keys[2] = {key, first / NORMALS};
    apus_random((void *[]){keys, d}, &p);
    return (size_t)p.count;
}

// MARK: For every instruction set

#define APUS_TEMPLATE "images_template.h"
#include "multiversion.h"

void apus_sample_u8(uint8_t *d, const uint8_t *image, uint8_t *frame, int32_t height, int32_t width, int32_t channels,
                    const apus_places *places) {
    APUS_DISPATCH(sample_u8)(d, image, frame, height, width, channels, places);
}

void apus_sample_f32(float *d, const float *image, float *frame, int32_t height, int32_t width, int32_t channels,
                     const apus_places *places) {
    APUS_DISPATCH(sample_f32)(d, image, frame, height, width, channels, places);
}

// MARK: Values

void apus_pixels_scale_u8(uint8_t *d, const uint8_t *s, float factor, float offset, size_t count) {
    APUS_DISPATCH(scale_u8)(d, s, factor, offset, count);
}

void apus_pixels_scale_f32(float *d, const float *s, float factor, float offset, size_t count) {
    APUS_DISPATCH(scale_f32)(d, s, factor, offset, count);
}

void apus_pixels_contrast_u8(uint8_t *d, const uint8_t *s, float factor, size_t pixels, size_t channels) {
    APUS_DISPATCH(contrast_u8)(d, s, factor, pixels, channels);
}

void apus_pixels_contrast_f32(float *d, const float *s, float factor, size_t pixels, size_t channels) {
    APUS_DISPATCH(contrast_f32)(d, s, factor, pixels, channels);
}

void apus_pixels_blend_u8(uint8_t *d, const uint8_t *a, const uint8_t *b, float share, size_t count) {
    APUS_DISPATCH(blend_u8)(d, a, b, share, count);
}

void apus_pixels_blend_f32(float *d, const float *a, const float *b, float share, size_t count) {
    APUS_DISPATCH(blend_f32)(d, a, b, share, count);
}

void apus_pixels_noise_u8(uint8_t *d, const uint8_t *s, uint64_t key, float deviation, size_t count) {
    APUS_DISPATCH(noise_u8)(d, s, key, deviation, count);
}

void apus_pixels_noise_f32(float *d, const float *s, uint64_t key, float deviation, size_t count) {
    APUS_DISPATCH(noise_f32)(d, s, key, deviation, count);
}
