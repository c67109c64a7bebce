// Rows of elements given by their size only: copies and fills that are quick for short rows too. Private.
#ifndef MOVEMENT_COMMON_H
#define MOVEMENT_COMMON_H

#include "apus_movement.h"

#include <string.h>

/// Bytes below which copying or filling on one thread is quicker than waking another.
#define MOVEMENT_PARALLEL_BYTES (128 * 1024)

/// The element repeated to 8 bytes.
static inline uint64_t movement_pattern(uint64_t value, int64_t element_bytes) {
    switch (element_bytes) {
    case 1: return (value & 0xff) * 0x0101010101010101u;
    case 2: return (value & 0xffff) * 0x0001000100010001u;
    case 4: return (value & 0xffffffffu) * 0x0000000100000001u;
    default: return value;
    }
}

/// Writes `bytes` bytes, a whole number of elements, of the repeated pattern.
static inline void movement_fill(void *to, int64_t bytes, uint64_t pattern) {
    typedef uint64_t eight __attribute__((vector_size(64)));
    typedef uint64_t two __attribute__((vector_size(16)));
    char *p = to;
    if (bytes >= 64) {
        eight wide = pattern - (eight){0};
        for (; bytes >= 64; bytes -= 64, p += 64) memcpy(p, &wide, 64);
    }
    two narrow = pattern - (two){0};
    for (; bytes >= 16; bytes -= 16, p += 16) memcpy(p, &narrow, 16);
    if (bytes & 8) {
        memcpy(p, &pattern, 8);
        p += 8;
    }
    if (bytes & 4) {
        memcpy(p, &pattern, 4);
        p += 4;
    }
    if (bytes & 2) {
        memcpy(p, &pattern, 2);
        p += 2;
    }
    if (bytes & 1) *p = (char)pattern;
}

/// memcpy that does not call for short rows: overlapping pieces cover every length.
static inline void movement_copy_row(void *to, const void *from, int64_t bytes) {
    typedef uint64_t two __attribute__((vector_size(16)));
    char *d = to;
    const char *s = from;
    if (bytes > 128) {
        memcpy(d, s, (size_t)bytes);
    } else if (bytes >= 16) {
        two last;
        memcpy(&last, s + bytes - 16, 16);
        for (int64_t i = 0; i + 16 < bytes; i += 16) {
            two piece;
            memcpy(&piece, s + i, 16);
            memcpy(d + i, &piece, 16);
        }
        memcpy(d + bytes - 16, &last, 16);
    } else if (bytes >= 8) {
        uint64_t first, last;
        memcpy(&first, s, 8);
        memcpy(&last, s + bytes - 8, 8);
        memcpy(d, &first, 8);
        memcpy(d + bytes - 8, &last, 8);
    } else if (bytes >= 4) {
        uint32_t first, last;
        memcpy(&first, s, 4);
        memcpy(&last, s + bytes - 4, 4);
        memcpy(d, &first, 4);
        memcpy(d + bytes - 4, &last, 4);
    } else {
        for (int64_t i = 0; i < bytes; i++) d[i] = s[i];
    }
}

#endif
