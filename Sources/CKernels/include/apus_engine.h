// The thread that runs programs.
#ifndef APUS_ENGINE_H
#define APUS_ENGINE_H

#include "apus_base.h"

/// Runs `body(context)` while no other body runs, and returns when it is done.
///
/// libgomp keeps a team of worker threads for every thread that opens parallel loops, so programs must not hop between
/// threads. The main thread runs bodies itself (a hand-over costs more than a small program); every other thread hands them to
/// one long-lived engine thread and sleeps. A body may call this function again.
void apus_engine_run(void (*body)(void *), void *context);

/// `apus_run` on the engine, or `apus_run_timed` unless `nanoseconds` is NULL. Denormal numbers count as 0 meanwhile, on every
/// thread that takes part: they would slow down some processors a hundredfold.
int64_t apus_engine_run_steps(const apus_step *steps, int64_t count, int *status, int64_t *nanoseconds);

#endif
