// Attention for one instruction set.

#include "vector_math.h"
#include "movement_vectors.h"
#include "gemm_tile.h"
#include "gemm_pack.h"

#include "attention_blocks.h"
#include "attention_forward.h"
#include "attention_backward.h"

#undef GEMM_VECTORS
#undef GEMM_ROWS
