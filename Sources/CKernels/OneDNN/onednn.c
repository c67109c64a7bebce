// Plans for oneDNN: how they are built from primitives, and how they run.
#include "onednn_plan.h"
#include "onednn_relu.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int omp_get_max_threads(void);
void omp_set_num_threads(int count);

/// Statuses of ours are oneDNN's plus this.
enum { STATUS_BASE = 100 };

int apus_onednn_version(int *major, int *minor, int *patch) {
    const dnnl_version_t *version = dnnl_version();
    *major = version->major;
    *minor = version->minor;
    *patch = version->patch;
    return 0;
}

// MARK: Engine

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine = NULL;
static dnnl_stream_t stream = NULL;
static dnnl_status_t engine_status = dnnl_success;

static void make_engine(void) {
    engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
    if (engine_status == dnnl_success) engine_status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
}

/// oneDNN plans for, and runs on, as many threads as libgomp offers the calling thread. A plan runs on as many as it was
/// made for: its scratch memory has a part for each, and more threads would write beyond it. Returns the number offered
/// before, which must be restored, for our own default is made from it.
static int offer_threads(int count) {
    int before = omp_get_max_threads();
    if (count != before) omp_set_num_threads(count);
    return before;
}

static void restore_threads(int before) {
    if (omp_get_max_threads() != before) omp_set_num_threads(before);
}

// MARK: Implementations

static const char *implementation_name(const_dnnl_primitive_desc_t pd) {
    const char *name = NULL;
    if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name) != dnnl_success || !name) return "unknown";
    return name;
}

static bool is_reference(const_dnnl_primitive_desc_t pd) { return strstr(implementation_name(pd), "ref") != NULL; }

/// How much of a last resort an implementation is: 0 made for the task, 1 a detour over matrix products, 2 reference
/// loops.
static int grade(const_dnnl_primitive_desc_t pd) {
    if (is_reference(pd)) return 2;
    const char *name = implementation_name(pd), *gemm = strstr(name, "gemm");
    // `brgemm` is the name of good kernels.
    return gemm && (gemm == name || gemm[-1] != 'r') ? 1 : 0;
}

dnnl_primitive_desc_t onednn_choose(onednn_builder *b, implementations all) {
    if (b->status != dnnl_success) return NULL;
    dnnl_primitive_desc_t best = NULL;
    do {
        dnnl_primitive_desc_t candidate = implementations_current(all);
        if (!candidate) break;
        bool is_better = !best || grade(candidate) < grade(best);
        dnnl_primitive_desc_t other = is_better ? best : candidate;
        if (is_better) best = candidate;
        if (other) dnnl_primitive_desc_destroy(other);
    } while (grade(best) > 0 && implementations_next(all));
    implementations_destroy(all);
    if (!best) b->status = dnnl_unimplemented;
    return best;
}

// MARK: Building

static dnnl_status_t make_attributes(dnnl_primitive_attr_t *attributes) {
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    if (status != dnnl_success) return status;
    // The library's own scratch memory belongs to the thread that made the primitive; another thread would crash.
    return dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
}

/// Operations below which one thread does all: some 10 µs of work, of which a second thread saves less than waking it costs
/// while the machine is busy.
static const double SHARED_OPERATIONS = 1 << 20;

onednn_builder onednn_begin(int scratch_buffer, double operations) {
    pthread_once(&once, make_engine);
    int count = operations < SHARED_OPERATIONS ? 1 : apus_thread_count();
    onednn_builder b = {.engine = engine, .status = engine_status, .thread_count_before = offer_threads(count)};
    b.plan = calloc(1, sizeof *b.plan);
    if (!b.plan) b.status = dnnl_out_of_memory;
    if (b.plan) b.plan->scratch_buffer = scratch_buffer;
    if (b.plan) b.plan->thread_count = count;
    if (b.status == dnnl_success) b.status = make_attributes(&b.attributes);
    if (b.status == dnnl_success) b.status = make_attributes(&b.plain_attributes);
    return b;
}

void onednn_reject(onednn_builder *b, const char *reason) {
    if (b->status != dnnl_success) return;
    b->status = dnnl_invalid_arguments;
    b->reason = reason;
}

static dnnl_memory_t memory_at(onednn_builder *b, descriptor_reference d, int buffer, int64_t offset) {
    dnnl_memory_t memory = NULL;
    if (b->status == dnnl_success) b->status = dnnl_memory_create(&memory, d, b->engine, DNNL_MEMORY_NONE);
    if (b->status == dnnl_success) b->plan->places[b->plan->place_count++] = (onednn_place){memory, buffer, offset};
    return memory;
}

dnnl_memory_t onednn_memory(onednn_builder *b, descriptor_reference d, int buffer) {
    return memory_at(b, d, buffer, 0);
}

dnnl_memory_t onednn_scratch_memory(onednn_builder *b, descriptor_reference d) {
    if (b->status != dnnl_success) return NULL;
    dnnl_memory_t memory = memory_at(b, d, b->plan->scratch_buffer, b->plan->scratch_bytes);
    b->plan->scratch_bytes += ((int64_t)dnnl_memory_desc_get_size(d) + 63) / 64 * 64;
    return memory;
}

void onednn_append(onednn_builder *b, const_dnnl_primitive_desc_t pd, int argument_count,
                   const dnnl_exec_arg_t *arguments) {
    if (b->status != dnnl_success) return;
    onednn_step *step = &b->plan->steps[b->plan->step_count++];
    memcpy(step->arguments, arguments, (size_t)argument_count * sizeof *arguments);
    step->argument_count = argument_count;
    descriptor_reference scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    if (scratch && dnnl_memory_desc_get_size(scratch) > 0)
        step->arguments[step->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD,
                                                                    onednn_scratch_memory(b, scratch)};
    if (b->status == dnnl_success) b->status = dnnl_primitive_create(&step->primitive, pd);
}

void onednn_append_reorder(onednn_builder *b, descriptor_reference from, dnnl_memory_t from_memory,
                           descriptor_reference to, dnnl_memory_t to_memory) {
    if (b->status != dnnl_success) return;
    dnnl_primitive_desc_t pd = NULL;
    b->status = dnnl_reorder_primitive_desc_create(&pd, from, b->engine, to, b->engine, b->plain_attributes);
    onednn_append(b, pd, 2, (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from_memory}, {DNNL_ARG_TO, to_memory}});
    if (pd) dnnl_primitive_desc_destroy(pd);
}

void onednn_name(onednn_builder *b, const_dnnl_primitive_desc_t pd) {
    if (b->status != dnnl_success) return;
    snprintf(b->plan->name, sizeof b->plan->name, "%s", implementation_name(pd));
    if (!is_reference(pd)) return;
    b->status = dnnl_unimplemented;
    b->reason = "only its slow reference loops do that on this CPU";
}

static const char *status_text(dnnl_status_t status) {
    switch (status) {
    case dnnl_out_of_memory: return "out of memory";
    case dnnl_invalid_arguments: return "invalid arguments";
    case dnnl_unimplemented: return "no implementation for this CPU";
    default: return "the library failed";
    }
}

apus_onednn_plan *onednn_finish(onednn_builder *b, const char *what, int *status, char *message, size_t message_size) {
    if (b->attributes) dnnl_primitive_attr_destroy(b->attributes);
    if (b->plain_attributes) dnnl_primitive_attr_destroy(b->plain_attributes);
    restore_threads(b->thread_count_before);
    bool is_good = b->status == dnnl_success;
    if (status) *status = is_good ? 0 : STATUS_BASE + (int)b->status;
    if (message && message_size > 0) message[0] = 0;
    if (is_good) return b->plan;
    if (message) {
        const dnnl_version_t *v = dnnl_version();
        snprintf(message, message_size, "oneDNN %d.%d.%d cannot plan %s: %s (status %d)", v->major, v->minor, v->patch,
                 what, b->reason ? b->reason : status_text(b->status), (int)b->status);
    }
    apus_onednn_plan_destroy(b->plan);
    return NULL;
}

// MARK: Plans

void apus_onednn_plan_destroy(apus_onednn_plan *plan) {
    if (!plan) return;
    for (int i = 0; i < plan->step_count; i++)
        if (plan->steps[i].primitive) dnnl_primitive_destroy(plan->steps[i].primitive);
    for (int i = 0; i < plan->place_count; i++) dnnl_memory_destroy(plan->places[i].memory);
    free(plan);
}

int64_t apus_onednn_plan_scratch_bytes(const apus_onednn_plan *plan) { return plan->scratch_bytes; }

const char *apus_onednn_plan_name(const apus_onednn_plan *plan) { return plan->name; }

/// Points the memory objects of a plan to their buffers. Programs keep theirs, so there is mostly nothing to do;
/// setting a handle is not free, as the library walks over the memory's padding then.
static dnnl_status_t place(const apus_onednn_plan *plan, void *const *buffers) {
    for (int i = 0; i < plan->place_count; i++) {
        const onednn_place *p = &plan->places[i];
        if (!buffers[p->buffer]) return dnnl_invalid_arguments;
        void *handle = (char *)buffers[p->buffer] + p->offset, *before = NULL;
        dnnl_status_t status = dnnl_memory_get_data_handle(p->memory, &before);
        if (status == dnnl_success && handle != before) status = dnnl_memory_set_data_handle(p->memory, handle);
        if (status != dnnl_success) return status;
    }
    return dnnl_success;
}

int apus_onednn_run(void *const *buffers, const void *parameters) {
    const apus_onednn_plan *plan = parameters;
    dnnl_status_t status = place(plan, buffers);
    int before = offer_threads(plan->thread_count);
    for (int i = 0; i < plan->step_count && status == dnnl_success; i++)
        status = dnnl_primitive_execute(plan->steps[i].primitive, stream, plan->steps[i].argument_count,
                                        plan->steps[i].arguments);
    if (status == dnnl_success) status = dnnl_stream_wait(stream);
    restore_threads(before);
    // The result is the fourth buffer of a forward convolution, which alone has ReLU.
    if (status == dnnl_success && plan->relu_count > 0) onednn_relu(buffers[3], plan->relu_count, plan->relu_type);
    return status == dnnl_success ? 0 : STATUS_BASE + (int)status;
}
