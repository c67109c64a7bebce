// Sampling of images: sixteen pixels at a time.
#include "apus_images.h"

#include <string.h>

#define BLOCK 16

#define APUS_TEMPLATE "images_template.h"
#include "multiversion.h"

void apus_sample_row_u8(
    uint8_t *d, const uint8_t *image, int32_t stride, ptrdiff_t x, ptrdiff_t y, const ptrdiff_t *dx, const ptrdiff_t *dy,
    size_t count) {
    APUS_DISPATCH(sample_row)(d, image, stride, x, y, dx, dy, count);
}
