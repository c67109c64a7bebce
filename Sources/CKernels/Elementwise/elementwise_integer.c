// The elementwise engine's block kernels for integers and bool.
#include "elementwise_internal.h"

#define APUS_TEMPLATE "elementwise_integer_template.h"
#include "multiversion.h"

const ew_kernel_forms *ew_int32_kernels(void) { return APUS_DISPATCH(ew_i32_table); }
const ew_kernel_forms *ew_int64_kernels(void) { return APUS_DISPATCH(ew_i64_table); }
const ew_kernel_forms *ew_uint8_kernels(void) { return APUS_DISPATCH(ew_u8_table); }
