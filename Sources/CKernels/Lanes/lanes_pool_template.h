// Pooling of one plane, for one instruction set. All have the same signature: the image, the gradient, what is
// written.

#include "lanes_vector_template.h"

/// a where `chosen`, else b.
LANES_INLINE VE APUS_FN(choose)(VEI chosen, VE a, VE b) { return (VE)((chosen & (VEI)a) | (~chosen & (VEI)b)); }

/// Lanes where x replaces the maximum so far: larger, or the first NaN.
LANES_INLINE VEI APUS_FN(beats)(VE x, VE maximum) { return (x > maximum) | ((x != x) & (maximum == maximum)); }

static void APUS_FN(max_pool)(const apus_lanes_pool_parameters *p, pool_size size, const float *x, const float *g,
                              float *y) {
    (void)g;
    for (int64_t row = 0; row < size.rows; row++)
        for (int64_t column = 0; column < size.columns; column++, y += ELEMENT) {
            pool_window window = window_at(p, row, column);
            VE maximum = (VE){0} - __builtin_inff();
            for (int64_t r = window.top; r < window.bottom; r++)
                for (int64_t c = window.left; c < window.right; c++) {
                    VE value = *(const VE *)(x + (r * p->width + c) * ELEMENT);
                    maximum = APUS_FN(choose)(APUS_FN(beats)(value, maximum), value, maximum);
                }
            *(VE *)y = maximum;
        }
}

static void APUS_FN(max_pool_gradient)(const apus_lanes_pool_parameters *p, pool_size size, const float *x,
                                       const float *g, float *dx) {
    memset(dx, 0, (size_t)(p->height * p->width * ELEMENT) * sizeof(float));
    for (int64_t row = 0; row < size.rows; row++)
        for (int64_t column = 0; column < size.columns; column++, g += ELEMENT) {
            pool_window window = window_at(p, row, column);
            // The position of the first maximum of each lane; at first that of the first element, which may be −∞
            // itself.
            VE maximum = (VE){0} - __builtin_inff();
            VEI place = (VEI){0} + (int32_t)(window.top * p->width + window.left);
            for (int64_t r = window.top; r < window.bottom; r++)
                for (int64_t c = window.left; c < window.right; c++) {
                    VE value = *(const VE *)(x + (r * p->width + c) * ELEMENT);
                    VEI better = APUS_FN(beats)(value, maximum);
                    maximum = APUS_FN(choose)(better, value, maximum);
                    place = (better & (int32_t)(r * p->width + c)) | (~better & place);
                }
            VE gradient = *(const VE *)g;
            for (int64_t r = window.top; r < window.bottom; r++)
                for (int64_t c = window.left; c < window.right; c++) {
                    VEI here = place == (int32_t)(r * p->width + c);
                    *(VE *)(dx + (r * p->width + c) * ELEMENT) += (VE)(here & (VEI)gradient);
                }
        }
}

static inline float APUS_FN(share)(const apus_lanes_pool_parameters *p, pool_window window) {
    int64_t inside = lanes_maximum(window.bottom - window.top, 0) * lanes_maximum(window.right - window.left, 0);
    int64_t count = p->count_padding ? p->window_height * p->window_width : inside;
    return count > 0 ? 1.0f / (float)count : 0.0f;
}

static void APUS_FN(average_pool)(const apus_lanes_pool_parameters *p, pool_size size, const float *x, const float *g,
                                  float *y) {
    (void)g;
    for (int64_t row = 0; row < size.rows; row++)
        for (int64_t column = 0; column < size.columns; column++, y += ELEMENT) {
            pool_window window = window_at(p, row, column);
            VE sum = (VE){0};
            for (int64_t r = window.top; r < window.bottom; r++)
                for (int64_t c = window.left; c < window.right; c++)
                    sum += *(const VE *)(x + (r * p->width + c) * ELEMENT);
            *(VE *)y = sum * APUS_FN(share)(p, window);
        }
}

static void APUS_FN(average_pool_gradient)(const apus_lanes_pool_parameters *p, pool_size size, const float *x,
                                           const float *g, float *dx) {
    (void)x;
    memset(dx, 0, (size_t)(p->height * p->width * ELEMENT) * sizeof(float));
    for (int64_t row = 0; row < size.rows; row++)
        for (int64_t column = 0; column < size.columns; column++, g += ELEMENT) {
            pool_window window = window_at(p, row, column);
            VE gradient = *(const VE *)g * APUS_FN(share)(p, window);
            for (int64_t r = window.top; r < window.bottom; r++)
                for (int64_t c = window.left; c < window.right; c++)
                    *(VE *)(dx + (r * p->width + c) * ELEMENT) += gradient;
        }
}
