// Pixels of an image, and patches of it to the 36 points. Part of the Winograd templates, after vector_math.h and
// movement_vectors.h.

/// The first `lanes` floats; none if that is not positive.
MATH_INLINE vfloat APUS_FN(winograd_load)(const float *p, int64_t lanes) {
    return lanes >= APUS_LANES ? vload(p) : lanes > 0 ? vload_first(p, lanes) : vsplat(0);
}

/// `lanes` channels of a pixel. `bfloat16` is a constant where this is inlined.
MATH_INLINE vfloat APUS_FN(winograd_load_pixel)(const char *pixel, int64_t channel, int64_t lanes,
                                                const bool bfloat16) {
    if (!bfloat16) return APUS_FN(winograd_load)((const float *)pixel + channel, lanes);
    const uint16_t *p = (const uint16_t *)pixel + channel;
    return lanes >= APUS_LANES ? vload_bfloat16(p) : lanes > 0 ? vload_first_bfloat16(p, lanes) : vsplat(0);
}

/// The counterpart; at least one lane.
MATH_INLINE void APUS_FN(winograd_store_pixel)(char *pixel, int64_t channel, vfloat value, int64_t lanes,
                                               const bool bfloat16) {
    float *wide = (float *)pixel + channel;
    uint16_t *narrow = (uint16_t *)pixel + channel;
    if (lanes >= APUS_LANES && bfloat16)
        vstore_bfloat16(narrow, value);
    else if (lanes >= APUS_LANES)
        vstore(wide, value);
    else if (bfloat16)
        vstore_first_bfloat16(narrow, value, lanes);
    else
        vstore_first(wide, value, lanes);
}

/// Fetches the cache lines of pixels that are needed soon, whenever `channel` comes to a new line.
MATH_INLINE void APUS_FN(winograd_prefetch)(const char *const *pixels, int64_t count, int64_t channel,
                                            const bool bfloat16) {
    int64_t element = bfloat16 ? 2 : 4;
    if (channel * element % 64 != 0) return;
    for (int64_t i = 0; i < count; i++) __builtin_prefetch(pixels[i] + channel * element);
}

/// B^T d B of a vector of `lanes` channels of a patch, at[36], to one vector at each point, `stride` apart.
MATH_INLINE void APUS_FN(winograd_patch_vector)(const char *const *at, int64_t channel, int64_t lanes, float *to,
                                                int64_t stride, const bool bfloat16) {
#define FROM(i, j) APUS_FN(winograd_load_pixel)(at[(i) * 6 + (j)], channel, lanes, bfloat16)
#define TO(i, j, value) vstore(to + ((i) * 6 + (j)) * stride, value)
    WINOGRAD_MAP_BOTH(APUS_FN(winograd_map_patch), FROM, 6, TO, 6);
#undef FROM
#undef TO
}

MATH_INLINE void APUS_FN(winograd_patches_of)(const winograd_geometry *g, const void *x, int64_t tile, int64_t tiles,
                                              winograd_range channels, const void *zeros, float *to, int64_t row_stride,
                                              int64_t stride, const bool bfloat16) {
    const char *pixels[2][WINOGRAD_POINTS];
    winograd_patch_pixels(g, x, tile, zeros, pixels[0]);
    for (int64_t i = 0; i < tiles; i++, to += row_stride) {
        const char **at = pixels[i % 2], **next = pixels[(i + 1) % 2];
        winograd_patch_pixels(g, x, gemm_least(tile + i + 1, g->tiles - 1), zeros, next);
        for (int64_t channel = channels.first; channel < channels.last; channel += APUS_LANES) {
            // The first two columns of the next patch are the last of this one.
            for (int row = 0; row < WINOGRAD_PATCH; row++)
                APUS_FN(winograd_prefetch)(next + row * WINOGRAD_PATCH + 2, WINOGRAD_PATCH - 2, channel, bfloat16);
            float *vector = to + channel - channels.first;
            if (channel + APUS_LANES <= g->in)
                APUS_FN(winograd_patch_vector)(at, channel, APUS_LANES, vector, stride, bfloat16);
            else
                APUS_FN(winograd_patch_vector)(at, channel, g->in - channel, vector, stride, bfloat16);
        }
    }
}

/// The patches of x that some tiles need, to v[36][tiles][channels]: the channels of a panel of `in`.
static void APUS_FN(winograd_patches)(const winograd_geometry *g, const void *x, int64_t tile, int64_t tiles,
                                      winograd_range channels, const void *zeros, float *to, int64_t row_stride,
                                      int64_t stride) {
    if (g->bfloat16)
        APUS_FN(winograd_patches_of)(g, x, tile, tiles, channels, zeros, to, row_stride, stride, true);
    else
        APUS_FN(winograd_patches_of)(g, x, tile, tiles, channels, zeros, to, row_stride, stride, false);
}
