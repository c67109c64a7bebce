// Changes of single images: bytes (u8), or numbers (f32). The same bits on every CPU.
#ifndef APUS_IMAGES_H
#define APUS_IMAGES_H

#include <stddef.h>
#include <stdint.h>

// MARK: Sampling

/// Where the pixels of an image come from: pixel (row, column) from (x + column dx + row down_x, y + column dy + row down_y).
///
/// Fixed-point numbers with 32 binary digits after the point.
typedef struct {
    int64_t x, y;
    int64_t dx, dy;
    int64_t down_x, down_y;
} apus_places;

/// Memory around an image: in pixels, a row and a column of zeros before it, and more after it.
#define APUS_FRAME_ROWS 9
#define APUS_FRAME_COLUMNS 3
/// Elements behind the last row.
#define APUS_FRAME_SLACK 64
/// The largest side of an image, and the largest |dx| and |dy|.
#define APUS_SAMPLE_SIDE 8190
#define APUS_SAMPLE_STEP 512

/// Samples an image [height, width, channels] bilinearly; what lies outside of it is 0.
///
/// Columns go in blocks of 16, of which the last ends with the row. A place is the sum of its block's part in its row and its
/// column's part in its block, each rounded to 16 binary digits. Numbers are interpolated in float32: upper = a + f (b - a),
/// lower likewise, then between the two. For bytes 11 digits count, the rest is rounded: upper = 2048 a + f (b - a), and so on,
/// rounded at the end.
///
/// - d, image: `height * width * channels` elements
/// - frame: `(height + APUS_FRAME_ROWS) * (width + APUS_FRAME_COLUMNS) * channels + APUS_FRAME_SLACK` elements; zeros at the
///   first call, and nobody else writes there
/// - places: in pixels of the frame, whose pixel (1, 1) is the image's first
void apus_sample_u8(uint8_t *d, const uint8_t *image, uint8_t *frame, int32_t height, int32_t width, int32_t channels,
                    const apus_places *places);
void apus_sample_f32(float *d, const float *image, float *frame, int32_t height, int32_t width, int32_t channels,
                     const apus_places *places);

// MARK: Copying

/// Copies `rows` rows of `size` bytes, which lie `d_stride` and `s_stride` bytes apart and do not overlap.
void apus_copy_rows(void *d, const void *s, size_t size, size_t rows, size_t d_stride, size_t s_stride);

// MARK: Values

/// d[i] = factor s[i] + offset. Here and below, bytes are rounded to nearest, halves to even, and kept in 0...255.
void apus_pixels_scale_u8(uint8_t *d, const uint8_t *s, float factor, float offset, size_t count);
void apus_pixels_scale_f32(float *d, const float *s, float factor, float offset, size_t count);

/// d = (s - m) factor + m, with m the mean of each channel, which is rounded to float32.
void apus_pixels_contrast_u8(uint8_t *d, const uint8_t *s, float factor, size_t pixels, size_t channels);
void apus_pixels_contrast_f32(float *d, const float *s, float factor, size_t pixels, size_t channels);

/// d[i] = b[i] + share (a[i] - b[i])
void apus_pixels_blend_u8(uint8_t *d, const uint8_t *a, const uint8_t *b, float share, size_t count);
void apus_pixels_blend_f32(float *d, const float *a, const float *b, float share, size_t count);

/// d[i] = s[i] + e, with e of N(0, deviation^2): the numbers of `apus_random` for the key (key, k) and the elements
/// 1024 k ..< 1024 (k + 1). The last bits of those depend on the CPU.
void apus_pixels_noise_u8(uint8_t *d, const uint8_t *s, uint64_t key, float deviation, size_t count);
void apus_pixels_noise_f32(float *d, const float *s, uint64_t key, float deviation, size_t count);

#endif
