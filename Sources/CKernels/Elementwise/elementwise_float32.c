// The elementwise engine's block kernels for float32.
#include "elementwise_internal.h"

#include <math.h>

#define APUS_TEMPLATE "elementwise_float32_template.h"
#include "multiversion.h"

const ew_kernel_forms *ew_float32_kernels(void) { return APUS_DISPATCH(ew_f32_table); }
const ew_conversions *ew_conversion_kernels(void) { return APUS_DISPATCH(ew_f32_conversions); }
