// ReLU in place for one instruction set.

static void APUS_FN(onednn_relu_float32)(float *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = y[i] <= 0 ? 0 : y[i];
}

/// The bits from -0 to -infinity are one range.
static void APUS_FN(onednn_relu_bfloat16)(uint16_t *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = (uint16_t)(y[i] - 0x8000) <= 0x7f80 ? 0 : y[i];
}
