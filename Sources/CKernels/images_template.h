/// Up to sixteen pixels; the neighbours of a pixel come in one load a row.
static inline __attribute__((always_inline)) void APUS_FN(sample_block)(
    uint8_t *restrict d, const uint8_t *restrict image, int32_t stride, ptrdiff_t x, ptrdiff_t y,
    const ptrdiff_t *restrict dx, const ptrdiff_t *restrict dy, int count) {
    int32_t right[BLOCK], down[BLOCK], upper[BLOCK], lower[BLOCK], offset[BLOCK];
    for (int i = 0; i < count; i++) {
        int32_t px = (int32_t)((x + dx[i]) >> 21), py = (int32_t)((y + dy[i]) >> 21);
        right[i] = px & 2047;
        down[i] = py & 2047;
        offset[i] = (py >> 11) * stride + (px >> 11);
    }
    for (int i = 0; i < count; i++) memcpy(upper + i, image + offset[i], 4);
    for (int i = 0; i < count; i++) memcpy(lower + i, image + stride + offset[i], 4);
    for (int i = 0; i < count; i++) {
        int32_t a = upper[i] & 255, b = upper[i] >> 8 & 255, c = lower[i] & 255, e = lower[i] >> 8 & 255;
        int32_t above = a * 2048 + right[i] * (b - a), below = c * 2048 + right[i] * (e - c);
        d[i] = (uint8_t)((above * 2048 + down[i] * (below - above) + (1 << 21)) >> 22);
    }
}

static void APUS_FN(sample_row)(
    uint8_t *d, const uint8_t *image, int32_t stride, ptrdiff_t x, ptrdiff_t y, const ptrdiff_t *dx, const ptrdiff_t *dy,
    size_t count) {
    if (count < BLOCK) {
        APUS_FN(sample_block)(d, image, stride, x, y, dx, dy, (int)count);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK) {
        // The last block ends with the row, so that it is a whole one.
        size_t at = i + BLOCK <= count ? i : count - BLOCK;
        APUS_FN(sample_block)(d + at, image, stride, x, y, dx + at, dy + at, BLOCK);
    }
}
