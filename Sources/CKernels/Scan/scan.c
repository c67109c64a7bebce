// The steps of a body, once for each entry of sequences.
#include "apus_scan.h"

#include <string.h>

int apus_scan(void *const *buffers, const void *parameters) {
    const apus_scan_parameters *p = parameters;
    char *result = buffers[p->result];
    for (int64_t i = 0; i < p->start_count; i++) {
        const apus_scan_start *start = &p->starts[i];
        memcpy(result + start->offset, buffers[start->operand], (size_t)start->byte_count);
    }
    for (int64_t k = 0; k < p->length; k++) {
        int64_t entry = p->reverse ? p->length - 1 - k : k;
        for (int64_t i = 0; i < p->move_count; i++) {
            const apus_scan_move *move = &p->moves[i];
            *move->place = (char *)buffers[move->operand] + move->offset + entry * move->stride;
        }
        int status = 0;
        if (apus_run(p->steps, p->step_count, &status) >= 0) return status;
    }
    return 0;
}
