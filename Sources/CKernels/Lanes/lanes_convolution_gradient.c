// The gradient of a lanes convolution: first kernel and bias, then input, one after the other in the same scratch.
#include "lanes_gradient.h"

int64_t apus_lanes_convolution_gradient_scratch_bytes(const apus_lanes_convolution_parameters *p) {
    return lanes_maximum(lanes_weight_gradient_scratch_bytes(p), lanes_input_gradient_scratch_bytes(p));
}

int apus_lanes_convolution_gradient(void *const *buffers, const void *parameters) {
    const apus_lanes_convolution_parameters *p = parameters;
    const float *x = buffers[0], *w = buffers[1], *g = buffers[2];
    const uint16_t *masks = buffers[3];
    float *dx = buffers[4], *dw = buffers[5], *db = buffers[6];
    char *scratch = buffers[7];
    if (!p->relu && !p->pool)
        masks = NULL;
    else if (!masks)
        return 1;
    if (dw || db) lanes_weight_gradient(p, x, g, masks, dw, db, scratch);
    if (dx) lanes_input_gradient(p, w, g, masks, dx, scratch);
    return 0;
}
