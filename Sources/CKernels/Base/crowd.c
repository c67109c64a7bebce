#include "apus_crowd.h"

/// Of as many loops one is measured: a small loop takes some microseconds, and reading the clock three times 0.15.
enum { MEASURED_OF = 8 };

static const int64_t milliseconds = 1000000;
/// What a decision rests on.
static const int64_t window = 8 * milliseconds;
/// A thread that is so much later than another one was not merely slower: the system's slices are longer.
static const int64_t stall = 300000;
static const int64_t first_pause = 100 * milliseconds, longest_pause = 3200 * milliseconds;

bool apus_crowd_measures(apus_crowd *crowd) {
    if (crowd->is_trial) return true;
    if (crowd->unmeasured-- > 0) return false;
    crowd->unmeasured = MEASURED_OF - 1;
    return true;
}

void apus_crowd_begin(apus_crowd *crowd, int64_t now) {
    if (crowd->fewer == 0 || now < crowd->until) return;
    crowd->fewer--;
    crowd->is_trial = true;
    crowd->measured = crowd->lost = 0;
}

void apus_crowd_note(apus_crowd *crowd, int threads, int64_t now, int64_t duration, int64_t least) {
    crowd->measured += duration;
    // Shares of one size may differ by a factor of 2: cores of two kinds, three tasks for two threads.
    if (duration > 2 * least + stall) crowd->lost += duration - least;
    bool is_crowded = crowd->lost * threads > (crowd->measured > window ? crowd->measured : window);
    if (!is_crowded && crowd->measured < window) return;
    if (is_crowded) {
        int64_t longer = 2 * crowd->pause;
        crowd->pause = !crowd->is_trial ? first_pause : longer < longest_pause ? longer : longest_pause;
        crowd->fewer++;
        crowd->until = now + crowd->pause;
    } else if (crowd->is_trial) {
        crowd->until = now;
    }
    crowd->is_trial = false;
    crowd->measured = crowd->lost = 0;
}
