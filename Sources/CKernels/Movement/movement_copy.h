// The box of elements that one call of the strided copy moves. Private.
#ifndef MOVEMENT_COPY_H
#define MOVEMENT_COPY_H

#include "movement_common.h"

typedef struct {
    int rank;
    int64_t shape[APUS_MOVEMENT_MAX_RANK];
    /// In elements.
    int64_t source_strides[APUS_MOVEMENT_MAX_RANK], destination_strides[APUS_MOVEMENT_MAX_RANK];
    int64_t element_bytes;
    const char *source;
    char *destination;
} copy_box;

#endif
