// Images of bytes.
#ifndef APUS_IMAGES_H
#define APUS_IMAGES_H

#include <stddef.h>
#include <stdint.h>

/// Samples a row of a gray image bilinearly: d[i] is the image at the place (x + dx[i], y + dy[i]).
///
/// Places are fixed-point numbers of 64 bits with 32 binary digits, of which 11 count; they have at most 20 before the point. With fractions f of
/// 11 digits, upper = 2048 a + f (b − a), and likewise below and between rows, rounded at the end.
///
/// - image: the pixel (0, 0). Every place has neighbours to the right and below, and three more bytes behind those.
/// - stride: bytes from row to row, less than 2^31 for the whole image
void apus_sample_row_u8(
    uint8_t *d, const uint8_t *image, int32_t stride, ptrdiff_t x, ptrdiff_t y, const ptrdiff_t *dx, const ptrdiff_t *dy,
    size_t count);

#endif
