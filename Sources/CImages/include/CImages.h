// PNG and JPEG images by libpng and libjpeg, and how their size changes. The libraries report errors by long jumps, which end here: every
// function returns.
#ifndef APUS_IMAGES_H
#define APUS_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Why a function failed.
enum apus_image_status {
    APUS_IMAGE_MALFORMED = 1,
    /// The bytes end too early.
    APUS_IMAGE_TRUNCATED = 2,
    /// The image is correct, but of a sort that is not read here.
    APUS_IMAGE_UNSUPPORTED = 3,
};

typedef struct {
    /// What the library says.
    char text[200];
    /// The number of bytes read before.
    size_t offset;
    int32_t status;
} apus_image_error;

/// What the start of an image announces.
typedef struct {
    /// The size of the image as it will be decoded.
    uint32_t height, width;
    /// 1: gray, 2: gray and alpha, 3: RGB, 4: RGB and alpha, or CMYK.
    uint32_t channels;
    bool is_cmyk;
    /// The fewest bytes a whole file of this image can have; 0 where nothing is known.
    uint64_t minimum_count;
} apus_image_header;

// MARK: PNG

typedef struct apus_png apus_png;

/// Starts to read an image; `bytes` must live until it is closed. Returns NULL, and the reason in `error`, on failure.
apus_png *apus_png_open(const uint8_t *bytes, size_t count, apus_image_header *header, apus_image_error *error);

/// Reads all pixels, 8 bits a sample: height x width x channels bytes. Once an image.
bool apus_png_read(apus_png *png, uint8_t *pixels, apus_image_error *error);

void apus_png_close(apus_png *png);

/// Writes an image of 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGB and alpha) channels of 8 bits to `*bytes`, for the
/// caller to free by `free`. With a `palette` of up to 256 colors, RGB each, the pixels are indices into it, one channel.
bool apus_png_write(const uint8_t *pixels, uint32_t height, uint32_t width, uint32_t channels, const uint8_t *palette,
                    uint32_t palette_count, uint8_t **bytes, size_t *count, apus_image_error *error);

// MARK: JPEG

typedef struct apus_jpeg apus_jpeg;

/// As for PNG.
apus_jpeg *apus_jpeg_open(const uint8_t *bytes, size_t count, apus_image_header *header, apus_image_error *error);

/// Asks for an image smaller by 1, 2, 4 or 8, rounded up. Changes `header` accordingly.
bool apus_jpeg_scale(apus_jpeg *jpeg, uint32_t denominator, apus_image_header *header, apus_image_error *error);

/// As for PNG. CMYK comes as it is stored: by Adobe's convention, 255 is no ink.
bool apus_jpeg_read(apus_jpeg *jpeg, uint8_t *pixels, apus_image_error *error);

void apus_jpeg_close(apus_jpeg *jpeg);

// MARK: Resizing

/// The bits of weights behind the point.
#define APUS_RESAMPLE_PRECISION 22

/// The weights with which pixels of a line make those of a line of another length.
typedef struct {
    /// How many pixels the new line has, and how many weights are stored for each.
    size_t count, stride;
    /// The first old pixel of each new one, and how many it takes.
    const int32_t *starts, *counts;
    /// `stride` weights for each new pixel in fixed point, which add up to 1.
    const int32_t *weights;
    /// What `apus_resample_spread` made of them for the image's channels, 1 or 3; of other images it is not read.
    const int32_t *spread;
} apus_resampling;

/// Writes the weights as `apus_resample_lines` reads them, in `count` times ⌈`stride` / (3 channels: 2, 1 channel: 8)⌉ times 8 numbers at an
/// address that 32 divides.
void apus_resample_spread(const apus_resampling *resampling, size_t channels, int32_t *spread);

/// Resamples lines of `old` bytes, each pixel with its channels.
void apus_resample_lines(const uint8_t *pixels, size_t lines, size_t old, size_t channels,
                         const apus_resampling *resampling, uint8_t *target);

/// Resamples along columns; a line has `width` bytes.
void apus_resample_columns(const uint8_t *pixels, size_t width, const apus_resampling *resampling, uint8_t *target);

#endif
