// How many threads a parallel loop uses while other processes need the cores.
#ifndef APUS_CROWD_H
#define APUS_CROWD_H

#include <stdbool.h>
#include <stdint.h>

/// What a thread knows of the cores that its loops share with others. All zeros at first.
///
/// A loop ends when its last thread does. If another process holds a core, that thread waits for its turn, some
/// milliseconds, and all others wait for it. Where more than 1 / n of the time of loops of n threads is lost so, n - 1
/// threads are faster. They are used for a while, then one more is tried; each trial that fails doubles the while.
typedef struct {
    /// How many threads fewer than wanted.
    int fewer;
    /// Whether one more thread is being tried.
    bool is_trial;
    /// Loops until the next one that is measured.
    int unmeasured;
    /// Nanoseconds of measured loops, and what was lost in them.
    int64_t measured, lost;
    /// When one more thread is tried, and the nanoseconds from the decision until then.
    int64_t until, pause;
} apus_crowd;

/// Whether the next loop is measured: all in a trial, else one of eight.
bool apus_crowd_measures(apus_crowd *crowd);

/// At a time in nanoseconds, before a loop that is measured: tries one more thread when the while is over.
void apus_crowd_begin(apus_crowd *crowd, int64_t now);

/// The threads for a loop that wants some.
static inline int apus_crowd_threads(const apus_crowd *crowd, int threads) {
    return threads > crowd->fewer ? threads - crowd->fewer : 1;
}

/// Takes a measured loop into account.
///
/// - Parameters:
///   - threads: How many took part, at least 2.
///   - now: When it ended.
///   - duration: How long it took.
///   - least: How long the thread was at work that took the shortest.
void apus_crowd_note(apus_crowd *crowd, int threads, int64_t now, int64_t duration, int64_t least);

#endif
