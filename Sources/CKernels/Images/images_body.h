// Changes of images; included for bytes and for numbers.
//     PIXEL, PIXEL_FN(f)     the type, and the name of a function
//     BETWEEN, HALF_DIGIT    interpolation, and half of the last digit that it takes of a place
//     SAMPLE_FAST            a faster `sample_rows`, which may refuse
//     NEAREST(x), SUM        the pixel of a number, and the type in which pixels are added

// MARK: Sampling

/// Up to sixteen pixels of a row.
static inline __attribute__((always_inline)) void PIXEL_FN(sample_block)(PIXEL *restrict d, const PIXEL *restrict frame,
                                                                         const image_block *b, int32_t row_x,
                                                                         int32_t row_y, int count, int channels) {
    int32_t x[BLOCK], y[BLOCK], place[BLOCK];
    for (int i = 0; i < count; i++) {
        x[i] = within(row_x + b->x[i], b->end_x);
        y[i] = within(row_y + b->y[i], b->end_y);
        place[i] = (y[i] >> 16) * b->stride + (x[i] >> 16) * channels;
    }
    for (int c = 0; c < channels; c++) {
        PIXEL p[BLOCK], q[BLOCK], r[BLOCK], s[BLOCK], result[BLOCK];
        for (int i = 0; i < count; i++) {
            const PIXEL *corner = frame + place[i] + c;
            p[i] = corner[0];
            q[i] = corner[channels];
            r[i] = corner[b->stride];
            s[i] = corner[b->stride + channels];
        }
        for (int i = 0; i < count; i++) result[i] = BETWEEN(p[i], q[i], r[i], s[i], x[i], y[i]);
        for (int i = 0; i < count; i++) d[i * channels + c] = result[i];
    }
}

static void PIXEL_FN(sample_rows)(PIXEL *d, const PIXEL *frame, const image_block *b, int32_t height, int32_t width,
                                  int32_t channels) {
    for (int32_t row = 0; row < height; row++, d += (size_t)width * channels) {
        int32_t x = place_of_row(b->first_x, b->down_x, row, HALF_DIGIT);
        int32_t y = place_of_row(b->first_y, b->down_y, row, HALF_DIGIT);
        if (b->count == BLOCK && channels == 1)
            PIXEL_FN(sample_block)(d, frame, b, x, y, BLOCK, 1);
        else if (b->count == BLOCK && channels == 3)
            PIXEL_FN(sample_block)(d, frame, b, x, y, BLOCK, 3);
        else
            PIXEL_FN(sample_block)(d, frame, b, x, y, b->count, channels);
    }
}

static void PIXEL_FN(sample)(PIXEL *d, const PIXEL *image, PIXEL *frame, int32_t height, int32_t width,
                             int32_t channels, const apus_places *places) {
    size_t row_count = (size_t)width * channels;
    image_block b = {.down_x = places->down_x,
                     .down_y = places->down_y,
                     .end_x = (width + 1) << 16,
                     .end_y = (height + 1) << 16,
                     .stride = (width + APUS_FRAME_COLUMNS) * channels,
                     .count = width < BLOCK ? width : BLOCK};
    copy_rows(frame + b.stride + channels, image, row_count * sizeof(PIXEL), (size_t)height, b.stride * sizeof(PIXEL),
              row_count * sizeof(PIXEL));
    for (int32_t column = 0; column < width; column += BLOCK) {
        // The last block ends with the row, so that it is a whole one.
        int32_t first = column + b.count <= width ? column : width - b.count;
        find_places(&b, places, first);
        PIXEL *to = d + (size_t)first * channels;
        if (SAMPLE_FAST(to, frame, &b, height, width, channels)) continue;
        PIXEL_FN(sample_rows)(to, frame, &b, height, width, channels);
    }
}

// MARK: Values

static void PIXEL_FN(scale)(PIXEL *restrict d, const PIXEL *restrict s, float factor, float offset, size_t count) {
#pragma clang fp contract(off)
    for (size_t i = 0; i < count; i++) {
        float x = factor * s[i] + offset;
        d[i] = NEAREST(x);
    }
}

static void PIXEL_FN(blend)(PIXEL *restrict d, const PIXEL *restrict a, const PIXEL *restrict b, float share,
                            size_t count) {
#pragma clang fp contract(off)
    for (size_t i = 0; i < count; i++) {
        float p = a[i], q = b[i], x = q + share * (p - q);
        d[i] = NEAREST(x);
    }
}

static void PIXEL_FN(add)(PIXEL *restrict d, const PIXEL *restrict s, const float *restrict e, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float x = s[i] + e[i];
        d[i] = NEAREST(x);
    }
}

static void PIXEL_FN(noise)(PIXEL *d, const PIXEL *s, uint64_t key, float deviation, size_t count) {
    float e[NORMALS];
    for (size_t i = 0, n; i < count; i += n) {
        n = normals(e, key, deviation, i, count);
        PIXEL_FN(add)(d + i, s + i, e, n);
    }
}

static inline
    __attribute__((always_inline)) void PIXEL_FN(contrast_channel)(PIXEL *restrict d, const PIXEL *restrict s,
                                                                   float factor, size_t pixels, size_t stride) {
#pragma clang fp contract(off)
    SUM sum = 0;
    for (size_t i = 0; i < pixels; i++) sum += s[i * stride];
    float mean = (float)((double)sum / (double)pixels), offset = mean - factor * mean;
    for (size_t i = 0; i < pixels; i++) {
        float x = factor * s[i * stride] + offset;
        d[i * stride] = NEAREST(x);
    }
}

static void PIXEL_FN(contrast)(PIXEL *d, const PIXEL *s, float factor, size_t pixels, size_t channels) {
    if (channels == 1)
        PIXEL_FN(contrast_channel)(d, s, factor, pixels, 1);
    else
        for (size_t c = 0; c < channels; c++) PIXEL_FN(contrast_channel)(d + c, s + c, factor, pixels, channels);
}

#undef PIXEL
#undef PIXEL_FN
#undef BETWEEN
#undef HALF_DIGIT
#undef SAMPLE_FAST
#undef NEAREST
#undef SUM
