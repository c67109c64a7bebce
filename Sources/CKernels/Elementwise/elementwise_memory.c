// The elementwise engine's loads of broadcast, repeated and strided operands.
#include "elementwise_internal.h"

#include <string.h>

#define APUS_TEMPLATE "elementwise_memory_template.h"
#include "multiversion.h"

const ew_memory *ew_memory_kernels(void) { return APUS_DISPATCH(ew_memory_table); }
