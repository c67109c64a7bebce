// XXH3 with 64 bits. The header's own names are macros, which Swift does not see.
#ifndef APUS_XXHASH_H
#define APUS_XXHASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

/// The hash of bytes.
static inline uint64_t apus_xxh3(const void *bytes, size_t count) { return XXH3_64bits(bytes, count); }

/// Starts a hash of bytes that come one after another; NULL if memory is out.
static inline void *apus_xxh3_create(void) {
    XXH3_state_t *state = XXH3_createState();
    if (state) XXH3_64bits_reset(state);
    return state;
}

static inline void apus_xxh3_add(void *state, const void *bytes, size_t count) {
    XXH3_64bits_update((XXH3_state_t *)state, bytes, count);
}

/// The hash of all bytes so far.
static inline uint64_t apus_xxh3_value(const void *state) { return XXH3_64bits_digest((const XXH3_state_t *)state); }

static inline void apus_xxh3_free(void *state) { XXH3_freeState((XXH3_state_t *)state); }

#endif
