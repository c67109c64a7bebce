// The two halves of the gradient of a lanes convolution. Private.
#ifndef LANES_GRADIENT_H
#define LANES_GRADIENT_H

#include "lanes_common.h"

int64_t lanes_weight_gradient_scratch_bytes(const apus_lanes_convolution_parameters *p);
/// dw, db: NULL if not wanted.
void lanes_weight_gradient(const apus_lanes_convolution_parameters *p, const float *x, const float *g,
                           const uint16_t *masks, float *dw, float *db, char *scratch);

int64_t lanes_input_gradient_scratch_bytes(const apus_lanes_convolution_parameters *p);
void lanes_input_gradient(const apus_lanes_convolution_parameters *p, const float *w, const float *g,
                          const uint16_t *masks, float *dx, char *scratch);

#endif
