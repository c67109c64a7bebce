// Patches of an image to the 36 points. Part of the Winograd templates.

MATH_INLINE vfloat APUS_FN(winograd_load)(const float *p, int64_t lanes) {
    return lanes >= APUS_LANES ? vload(p) : lanes > 0 ? vload_first(p, lanes) : vsplat(0);
}

/// B^T d B of a vector of `lanes` channels of a patch, at[36], to one vector at each point, `stride` apart.
MATH_INLINE void APUS_FN(winograd_patch_vector)(
    const float *const *at, int64_t channel, int64_t lanes, float *to, int64_t stride) {
#define FROM(i, j) APUS_FN(winograd_load)(at[(i) * 6 + (j)] + channel, lanes)
#define TO(i, j, value) vstore(to + ((i) * 6 + (j)) * stride, value)
    WINOGRAD_MAP_BOTH(APUS_FN(winograd_map_patch), FROM, 6, TO, 6);
#undef FROM
#undef TO
}

/// The patches of x that some tiles need, to v[36][tiles][channels]: the channels of a panel of `in`.
static void APUS_FN(winograd_patches)(
    const winograd_geometry *g, const float *x, int64_t tile, int64_t tiles, winograd_range channels,
    const float *zeros, float *to, int64_t row_stride, int64_t stride) {
    const float *pixels[2][WINOGRAD_POINTS];
    winograd_patch_pixels(g, x, tile, zeros, pixels[0]);
    for (int64_t i = 0; i < tiles; i++, to += row_stride) {
        const float **at = pixels[i % 2], **next = pixels[(i + 1) % 2];
        winograd_patch_pixels(g, x, gemm_least(tile + i + 1, g->tiles - 1), zeros, next);
        for (int64_t channel = channels.first; channel < channels.last; channel += APUS_LANES) {
            // The first two columns of the next patch are the last of this one.
            if (channel % WINOGRAD_ROUND == 0)
                for (int row = 0; row < WINOGRAD_PATCH; row++)
                    for (int column = 2; column < WINOGRAD_PATCH; column++)
                        __builtin_prefetch(next[row * WINOGRAD_PATCH + column] + channel);
            float *vector = to + channel - channels.first;
            if (channel + APUS_LANES <= g->in)
                APUS_FN(winograd_patch_vector)(at, channel, APUS_LANES, vector, stride);
            else
                APUS_FN(winograd_patch_vector)(at, channel, g->in - channel, vector, stride);
        }
    }
}
