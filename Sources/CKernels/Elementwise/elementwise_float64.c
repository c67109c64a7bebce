// The elementwise engine's block kernels for float64.
#include "elementwise_internal.h"

#include <math.h>

#define APUS_TEMPLATE "elementwise_float64_template.h"
#include "multiversion.h"

const ew_kernel_forms *ew_float64_kernels(void) { return APUS_DISPATCH(ew_f64_table); }
