// Counts allocations by standing in for the allocator's entry points: the program's own definitions come before the C library's.

#include "allocations.h"

// Sanitizers have allocators of their own.
#if (defined(__GLIBC__) || __has_include(<gnu/libc-version.h>)) && !__has_feature(address_sanitizer) \
    && !__has_feature(thread_sanitizer)

#include <errno.h>
#include <stddef.h>

static _Thread_local int64_t count __attribute__((tls_model("initial-exec")));

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    count++;
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count++;
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count++;
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    count++;
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

int64_t apus_test_allocation_count(void) { return count; }

#else

int64_t apus_test_allocation_count(void) { return -1; }

#endif
