#ifndef APUS_ONEDNN_RELU_H
#define APUS_ONEDNN_RELU_H

#include "apus_base.h"

/// Replaces numbers below 0, and the negative zero, by 0; NaN stays.
void onednn_relu(void *result, int64_t count, int32_t type);

#endif
