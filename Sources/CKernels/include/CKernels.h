// Everything that Swift sees of the kernels.
#include "apus_base.h"
