// Spreads the gradient of a pooled or rectified result over the convolution's elements. Included by templates: no
// guard.

/// The gradient of `rows` result rows of `channels` channels becomes that of `rows * pool` convolution rows:
/// `dense[channel][rows * pool][columns * pool][16]`. Adds each channel's sum to `sums[channel]`, unless NULL.
static void APUS_FN(expand)(const lanes_geometry *geometry, const float *g, const uint16_t *masks, int64_t channels,
                            int64_t rows, float *dense, float *sums) {
    const int64_t columns = geometry->columns_out, plane = geometry->rows_out * columns;
    for (int64_t channel = 0; channel < channels; channel++) {
        VE sum = (VE){0};
        if (geometry->pool == 1) {
            for (int64_t i = 0; i < rows * columns; i++, dense += ELEMENT) {
                VE value = APUS_FN(keep)(masks[i], *(const VE *)(g + i * ELEMENT));
                *(VE *)dense = value;
                sum += value;
            }
        } else {
            const int64_t below = columns * 2 * ELEMENT;
            for (int64_t row = 0; row < rows; row++, dense += below) {
                for (int64_t column = 0; column < columns; column++, dense += 2 * ELEMENT) {
                    const uint16_t *mask = masks + (row * columns + column) * 4;
                    VE value = *(const VE *)(g + (row * columns + column) * ELEMENT);
                    *(VE *)dense = APUS_FN(keep)(mask[0], value);
                    *(VE *)(dense + ELEMENT) = APUS_FN(keep)(mask[1], value);
                    *(VE *)(dense + below) = APUS_FN(keep)(mask[2], value);
                    *(VE *)(dense + below + ELEMENT) = APUS_FN(keep)(mask[3], value);
                    sum += APUS_FN(keep)(mask[0] | mask[1] | mask[2] | mask[3], value);
                }
            }
        }
        if (sums) sums[channel] += APUS_FN(sum)(sum);
        g += plane * ELEMENT;
        masks += plane * geometry->positions;
    }
}
