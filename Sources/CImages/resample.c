// Weighted sums of pixels in fixed point: the loops of resizing.
#include <string.h>

#include "CImages.h"

// Where the system can choose a function when a program starts, there is one of wide registers.
#if defined(__x86_64__) && defined(__ELF__) && defined(__GLIBC__)
#define APUS_EACH_CPU __attribute__((target_clones("avx2", "default")))
#else
#define APUS_EACH_CPU
#endif

typedef int32_t wide __attribute__((vector_size(32)));
typedef uint8_t narrow __attribute__((vector_size(8)));

enum { LANES = 8, HALF = 1 << (APUS_RESAMPLE_PRECISION - 1) };

// Macros, since functions that take or return registers have no clones.

/// Eight bytes as numbers.
#define LOADED(bytes)                             \
    ({                                            \
        narrow values_;                           \
        memcpy(&values_, bytes, sizeof values_);  \
        __builtin_convertvector(values_, wide);   \
    })

/// The samples of sums: without the fraction, in 0...255.
#define SAMPLES(sums)                                                                                      \
    __builtin_convertvector(                                                                               \
        __builtin_elementwise_min(__builtin_elementwise_max((sums) >> APUS_RESAMPLE_PRECISION, (wide){0}), \
                                  (wide){0} + 255),                                                        \
        narrow)

/// Adds the lanes of a register for each of its channels into the first ones.
#define FOLD(sums, channels)                                                       \
    if ((channels) == 3) {                                                         \
        sums += __builtin_shufflevector(sums, sums, 3, 4, 5, 3, 4, 5, 6, 7);       \
    } else {                                                                       \
        sums += __builtin_shufflevector(sums, sums, 4, 5, 6, 7, 0, 1, 2, 3);       \
        sums += __builtin_shufflevector(sums, sums, 2, 3, 0, 1, 6, 7, 4, 5);       \
        sums += __builtin_shufflevector(sums, sums, 1, 0, 3, 2, 5, 4, 7, 6);       \
    }

__attribute__((always_inline)) static inline uint8_t sample(int32_t sum) {
    sum >>= APUS_RESAMPLE_PRECISION;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/// One pixel, where reading whole registers would leave the image, or of another number of channels.
__attribute__((always_inline)) static inline void pixel(const uint8_t *from, const int32_t *weights, int32_t count,
                                                        size_t channels, uint8_t *to) {
    for (size_t channel = 0; channel < channels; channel++) {
        int32_t sum = HALF;
        for (int32_t k = 0; k < count; k++) sum += weights[k] * from[(size_t)k * channels + channel];
        to[channel] = sample(sum);
    }
}

/// Lines of 1 or 3 channels, a number that the compiler knows.
__attribute__((always_inline)) static inline void lines_of(const uint8_t *pixels, size_t lines, size_t old,
                                                           size_t channels, const apus_resampling *r, uint8_t *target) {
    const uint8_t *end = pixels + lines * old;
    // As many pixels as fit into a register, each weight for all channels of its pixel.
    size_t taps = channels == 3 ? 2 : LANES, groups = (r->stride + taps - 1) / taps;
    for (size_t line = 0; line < lines; line++, pixels += old) {
        for (size_t index = 0; index < r->count; index++, target += channels) {
            const uint8_t *from = pixels + (size_t)r->starts[index] * channels;
            const int32_t *weights = r->weights + index * r->stride;
            size_t used = ((size_t)r->counts[index] + taps - 1) / taps;
            if (from + (used - 1) * taps * channels + LANES > end) {
                pixel(from, weights, r->counts[index], channels, target);
                continue;
            }
            wide sums = {0};
            const wide *spread = (const wide *)r->spread + index * groups;
            for (size_t group = 0; group < used; group++)
                sums += spread[group] * LOADED(from + group * taps * channels);
            FOLD(sums, channels)
            narrow result = SAMPLES(sums + HALF);
            memcpy(target, &result, channels);
        }
    }
}

void apus_resample_spread(const apus_resampling *r, size_t channels, int32_t *spread) {
    size_t taps = channels == 3 ? 2 : LANES, groups = (r->stride + taps - 1) / taps;
    memset(spread, 0, r->count * groups * sizeof(wide));
    for (size_t index = 0; index < r->count; index++)
        for (size_t k = 0; k < (size_t)r->counts[index]; k++)
            for (size_t channel = 0; channel < channels; channel++)
                spread[(index * groups + k / taps) * LANES + k % taps * channels + channel] =
                    r->weights[index * r->stride + k];
}

APUS_EACH_CPU
void apus_resample_lines(const uint8_t *pixels, size_t lines, size_t old, size_t channels, const apus_resampling *r,
                         uint8_t *target) {
    if (channels == 3) {
        lines_of(pixels, lines, old, 3, r, target);
    } else if (channels == 1) {
        lines_of(pixels, lines, old, 1, r, target);
    } else {
        for (size_t line = 0; line < lines; line++, pixels += old)
            for (size_t index = 0; index < r->count; index++, target += channels)
                pixel(pixels + (size_t)r->starts[index] * channels, r->weights + index * r->stride, r->counts[index],
                      channels, target);
    }
}

APUS_EACH_CPU
void apus_resample_columns(const uint8_t *pixels, size_t width, const apus_resampling *r, uint8_t *target) {
    for (size_t index = 0; index < r->count; index++, target += width) {
        const uint8_t *from = pixels + (size_t)r->starts[index] * width;
        const int32_t *weights = r->weights + index * r->stride;
        size_t count = (size_t)r->counts[index], x = 0;
        for (; x + LANES <= width; x += LANES) {
            wide sums = (wide){0} + HALF;
            for (size_t k = 0; k < count; k++) sums += weights[k] * LOADED(from + k * width + x);
            narrow result = SAMPLES(sums);
            memcpy(target + x, &result, LANES);
        }
        for (; x < width; x++) {
            int32_t sum = HALF;
            for (size_t k = 0; k < count; k++) sum += weights[k] * from[k * width + x];
            target[x] = sample(sum);
        }
    }
}
