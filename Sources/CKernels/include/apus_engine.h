// The thread that runs programs.
#ifndef APUS_ENGINE_H
#define APUS_ENGINE_H

/// Runs `body(context)` while no other body runs, and returns when it is done.
///
/// libgomp keeps a team of worker threads for every thread that opens parallel loops, so programs must not hop between
/// threads. The main thread runs bodies itself (a hand-over costs more than a small program); every other thread hands them to
/// one long-lived engine thread and sleeps. A body may call this function again.
void apus_engine_run(void (*body)(void *), void *context);

#endif
