#ifndef APUS_TEST_ALLOCATIONS_H
#define APUS_TEST_ALLOCATIONS_H

#include <stdint.h>

/// The number of blocks that the calling thread has asked the allocator for so far; -1 where they can't be counted.
int64_t apus_test_allocation_count(void);

#endif
