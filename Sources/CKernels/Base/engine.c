#define _GNU_SOURCE
#include "apus_engine.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
static bool is_main_thread(void) { return syscall(SYS_gettid) == getpid(); }
#else
static bool is_main_thread(void) { return pthread_main_np() != 0; }
#endif

typedef struct {
    void (*body)(void *);
    void *context;
    enum apus_isa isa;
    int threads;
    bool done;
} job;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t running;                            // held (recursively) while a body runs
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;  // guards `next` and every job's `done`
static pthread_cond_t offered = PTHREAD_COND_INITIALIZER;  // `next` was set
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;  // `next` was taken, or a job is done
static job *next = NULL;
static _Thread_local int runs_bodies = -1;  // 1 on the main and the engine thread

static void *engine_main(void *unused) {
    (void)unused;
    runs_bodies = 1;
    pthread_mutex_lock(&queue);
    for (;;) {
        while (!next) pthread_cond_wait(&offered, &queue);
        job *current = next;
        next = NULL;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&queue);

        pthread_mutex_lock(&running);
        apus_set_isa(current->isa);
        apus_set_own_thread_count(current->threads);
        current->body(current->context);
        pthread_mutex_unlock(&running);

        pthread_mutex_lock(&queue);
        current->done = true;
        pthread_cond_broadcast(&changed);
    }
    return NULL;
}

static bool has_engine = false;

static void start(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&running, &attributes);
    pthread_mutexattr_destroy(&attributes);
    pthread_t thread;
    has_engine = pthread_create(&thread, NULL, engine_main, NULL) == 0;
    if (has_engine) pthread_detach(thread);
}

void apus_engine_run(void (*body)(void *), void *context) {
    pthread_once(&once, start);
    if (runs_bodies < 0) runs_bodies = is_main_thread();
    // Without an engine thread (the system refuses one) a caller does the work itself: slower, still right.
    if (runs_bodies || !has_engine) {
        pthread_mutex_lock(&running);
        body(context);
        pthread_mutex_unlock(&running);
        return;
    }
    job mine = {body, context, apus_isa(), apus_own_thread_count(), false};
    pthread_mutex_lock(&queue);
    while (next) pthread_cond_wait(&changed, &queue);
    next = &mine;
    pthread_cond_signal(&offered);
    while (!mine.done) pthread_cond_wait(&changed, &queue);
    pthread_mutex_unlock(&queue);
}

typedef struct {
    const apus_step *steps;
    int64_t count;
    int64_t *nanoseconds;
    int status;
    int64_t failed;
} program_run;

static void run_steps(void *context) {
    program_run *run = context;
    uint64_t mode = apus_flush_denormals();
    run->failed = run->nanoseconds ? apus_run_timed(run->steps, run->count, &run->status, run->nanoseconds)
                                   : apus_run(run->steps, run->count, &run->status);
    apus_restore_denormals(mode);
}

int64_t apus_engine_run_steps(const apus_step *steps, int64_t count, int *status, int64_t *nanoseconds) {
    program_run run = {steps, count, nanoseconds, 0, -1};
    apus_engine_run(run_steps, &run);
    *status = run.status;
    return run.failed;
}
