// A loop inside a program: the same steps for each entry of sequences.
#ifndef APUS_SCAN_H
#define APUS_SCAN_H

#include "apus_base.h"

/// An address of the body that changes from entry to entry.
typedef struct {
    /// Where the body's steps read it.
    void **place;
    /// The operand of the loop that it lies in.
    int64_t operand;
    /// In bytes, from the operand's begin to the entry 0, and from one entry to the next.
    int64_t offset, stride;
} apus_scan_move;

/// What is copied before the first entry.
typedef struct {
    int64_t operand;
    /// In bytes, in the result, which is the last operand.
    int64_t offset;
    int64_t byte_count;
} apus_scan_start;

typedef struct {
    const apus_step *steps;
    int64_t step_count;
    const apus_scan_move *moves;
    int64_t move_count;
    const apus_scan_start *starts;
    int64_t start_count;
    /// The number of entries; whether the last one comes first.
    int64_t length;
    int64_t reverse;
    /// The operand that is the result.
    int64_t result;
} apus_scan_parameters;

/// buffers: initial values of what is carried, sequences, constants; the result: what is carried by entry, and what entries yield.
/// The body's status if one of its steps fails.
int apus_scan(void *const *buffers, const void *parameters);

#endif
