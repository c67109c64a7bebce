// Runs the oneDNN shim on convolutions, their gradients and matrix products, and compares with plain loops: for any
// version of the library. Prints the worst error of each case; ends with the number of failures.
#include "apus_onednn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);

/// Every allocation of the process, also the library's, passes through here.
static long allocations = 0;
void *malloc(size_t size) {
    __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}

typedef apus_convolution_shape shape;

static int failures = 0;

static void expect(int holds, const char *what, double value) {
    if (holds) return;
    printf("    FAILED: %s (%g)\n", what, value);
    failures++;
}

// MARK: Tensors

/// A tensor in both forms: as the kernels see it, and its exact values.
typedef struct {
    int64_t count;
    int32_t type;
    void *data;
    double *exact;
} tensor;

static float rounded(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
    memcpy(&x, &bits, 4);
    return x;
}

static double element(const tensor *t, int64_t i) {
    if (t->type == APUS_FLOAT32) return ((float *)t->data)[i];
    uint32_t bits = (uint32_t)((uint16_t *)t->data)[i] << 16;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

static tensor make(int64_t count, int32_t type) {
    size_t bytes = (size_t)count * (type == APUS_FLOAT32 ? 4 : 2);
    return (tensor){count, type, aligned_alloc(64, (bytes + 63) / 64 * 64), calloc((size_t)count, sizeof(double))};
}

/// Random numbers that bfloat16 can hold if `halves`, which kernels in float32 also are in a bfloat16 convolution.
static tensor input(int64_t count, int32_t type, int halves) {
    tensor t = make(count, type);
    for (int64_t i = 0; i < count; i++) {
        float x = (float)rand() / (float)RAND_MAX * 2 - 1;
        if (halves) x = rounded(x);
        uint32_t bits;
        memcpy(&bits, &x, 4);
        if (type == APUS_FLOAT32)
            ((float *)t.data)[i] = x;
        else
            ((uint16_t *)t.data)[i] = (uint16_t)(bits >> 16);
        t.exact[i] = x;
    }
    return t;
}

/// A result: not a number until it is written.
static tensor output(int64_t count, int32_t type) {
    tensor t = make(count, type);
    memset(t.data, 0xff, (size_t)count * (type == APUS_FLOAT32 ? 4 : 2));
    return t;
}

static void release(tensor *t) { free(t->data), free(t->exact); }

/// The relative error; elements that should not be written must not be numbers.
static double error(const tensor *t) {
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < t->count; i++) {
        if (isnan(t->exact[i]) && !isnan(element(t, i))) return INFINITY;
        if (isnan(t->exact[i])) continue;
        double d = element(t, i) - t->exact[i];
        difference += d * d;
        norm += t->exact[i] * t->exact[i];
    }
    return norm > 0 ? sqrt(difference / norm) : sqrt(difference);
}

// MARK: Running

/// Whether the library multiplies bfloat16 on this CPU.
static int has_bfloat16 = 0;

/// Runs a plan twice, with scratch memory that is not a number before, and destroys it. Returns false without a plan.
static int run(apus_onednn_plan *plan, int32_t type, int status, const char *message, void **buffers, int count) {
    if (!plan) {
        printf("    %s\n", message);
        expect(status > 100 && message[0], "a reason is given", status);
        expect(type == APUS_BFLOAT16 && !has_bfloat16, "there is a plan", status);
        return 0;
    }
    size_t bytes = (size_t)apus_onednn_plan_scratch_bytes(plan);
    void *scratch = aligned_alloc(64, bytes + 64);
    buffers[count] = scratch;
    long before = 0;
    for (int i = 0; i < 2; i++) {
        memset(scratch, 0xff, bytes);
        before = allocations;
        int result = apus_onednn_run(buffers, plan);
        expect(result == 0, "a run", result);
    }
    printf(
        "    %-40s %6ld KiB scratch, %ld allocations a run", apus_onednn_plan_name(plan), (long)bytes >> 10,
        allocations - before);
    apus_onednn_plan_destroy(plan);
    free(scratch);
    return 1;
}

// MARK: Convolutions

static int64_t windows(int64_t size, int64_t padding, int64_t kernel, int64_t stride, int64_t dilation) {
    return (size + padding - dilation * (kernel - 1) - 1) / stride + 1;
}

/// All values of a convolution and its gradients, from the definition.
static void compute(
    const shape *s, int64_t out_h, int64_t out_w, const tensor *x, const tensor *kernel, const tensor *bias,
    const tensor *g, tensor *y, tensor *dx, tensor *dk, tensor *db) {
    int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    for (int64_t i = 0; i < g->count; i++) {
        y->exact[i] = s->has_bias ? bias->exact[i % s->out_channels] : 0;
        db->exact[i % s->out_channels] += g->exact[i];
    }
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t i = 0; i < out_h; i++)
            for (int64_t j = 0; j < out_w; j++)
                for (int64_t u = 0; u < s->kernel_h; u++)
                    for (int64_t v = 0; v < s->kernel_w; v++) {
                        int64_t row = i * s->stride_h + u * s->dilation_h - s->pad_top;
                        int64_t column = j * s->stride_w + v * s->dilation_w - s->pad_left;
                        if (row < 0 || column < 0 || row >= s->h || column >= s->w) continue;
                        for (int64_t o = 0; o < s->out_channels; o++)
                            for (int64_t c = 0; c < in; c++) {
                                int64_t to = ((n * out_h + i) * out_w + j) * s->out_channels + o;
                                int64_t at = ((n * s->h + row) * s->w + column) * s->in_channels + o / out * in + c;
                                int64_t k = ((u * s->kernel_w + v) * in + c) * s->out_channels + o;
                                y->exact[to] += x->exact[at] * kernel->exact[k];
                                dx->exact[at] += g->exact[to] * kernel->exact[k];
                                dk->exact[k] += g->exact[to] * x->exact[at];
                            }
                    }
    for (int64_t i = 0; s->relu && i < y->count; i++) y->exact[i] = y->exact[i] > 0 ? y->exact[i] : 0;
}

static void report(const tensor *t, const char *what, double tolerance) {
    double e = error(t);
    printf(", %.1e", e);
    if (e <= tolerance) return;
    printf("\n");
    expect(0, what, e);
}

static void check_convolution(const shape *s) {
    int64_t out_h = windows(s->h, s->pad_top + s->pad_bottom, s->kernel_h, s->stride_h, s->dilation_h);
    int64_t out_w = windows(s->w, s->pad_left + s->pad_right, s->kernel_w, s->stride_w, s->dilation_w);
    int halves = s->type == APUS_BFLOAT16;
    int64_t images = s->n * s->h * s->w * s->in_channels, results = s->n * out_h * out_w * s->out_channels;
    int64_t kernels = s->kernel_h * s->kernel_w * s->in_channels / s->groups * s->out_channels;
    tensor x = input(images, s->type, halves), kernel = input(kernels, APUS_FLOAT32, halves);
    tensor bias = input(s->out_channels, APUS_FLOAT32, 0), g = input(results, s->type, halves);
    tensor y = output(results, s->type), dx = output(images, s->type);
    tensor dk = output(kernels, APUS_FLOAT32), db = output(s->out_channels, APUS_FLOAT32);
    compute(s, out_h, out_w, &x, &kernel, &bias, &g, &y, &dx, &dk, &db);
    // A result in bfloat16 is rounded; the kernel's gradient never is.
    double tolerance = halves ? 3e-3 : 1e-6;

    printf("%ldx%ldx%ldx%ld -> %ldx%ldx%ld, kernel %ldx%ld, groups %ld, %s%s%s\n", (long)s->n, (long)s->h, (long)s->w,
           (long)s->in_channels, (long)out_h, (long)out_w, (long)s->out_channels, (long)s->kernel_h, (long)s->kernel_w,
           (long)s->groups, halves ? "bfloat16" : "float32", s->has_bias ? ", bias" : "", s->relu ? ", relu" : "");
    char message[256];
    int status;
    apus_onednn_plan *plan = apus_onednn_convolution_forward(s, &status, message, sizeof message);
    void *forward[5] = {x.data, kernel.data, s->has_bias ? bias.data : NULL, y.data};
    if (run(plan, s->type, status, message, forward, 4))
        report(&y, "result", tolerance), printf("\n");
    plan = apus_onednn_convolution_input_gradient(s, &status, message, sizeof message);
    if (run(plan, s->type, status, message, (void *[5]){g.data, kernel.data, dx.data}, 3))
        report(&dx, "input gradient", tolerance), printf("\n");
    plan = apus_onednn_convolution_kernel_gradient(s, &status, message, sizeof message);
    if (run(plan, s->type, status, message, (void *[5]){x.data, g.data, dk.data, s->has_bias ? db.data : NULL}, 4)) {
        report(&dk, "kernel gradient", 1e-6);
        if (s->has_bias) report(&db, "bias gradient", 1e-6);
        printf("\n");
    }
    tensor *all[] = {&x, &kernel, &bias, &g, &y, &dx, &dk, &db};
    for (int i = 0; i < 8; i++) release(all[i]);
}

#define CONVOLUTION(N, H, W, IN, OUT, KH, KW, SH, SW, T, L, B, R, D, G, ...) \
    {.n = N, .h = H, .w = W, .in_channels = IN, .out_channels = OUT, .kernel_h = KH, .kernel_w = KW, .stride_h = SH, \
     .stride_w = SW, .pad_top = T, .pad_left = L, .pad_bottom = B, .pad_right = R, .dilation_h = D, .dilation_w = D, \
     .groups = G, __VA_ARGS__}

static const shape shapes[] = {
    CONVOLUTION(2, 7, 5, 3, 4, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1, .has_bias = 1),
    CONVOLUTION(2, 9, 9, 16, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, .has_bias = 1, .relu = 1),
    CONVOLUTION(1, 8, 8, 64, 32, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, .relu = 1),
    CONVOLUTION(3, 10, 7, 17, 33, 3, 2, 3, 2, 2, 0, 1, 3, 1, 1, .has_bias = 1),
    CONVOLUTION(2, 11, 11, 4, 6, 3, 3, 1, 1, 0, 0, 0, 0, 2, 2, .has_bias = 1),
    CONVOLUTION(2, 9, 8, 32, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 2, .has_bias = 1),
    CONVOLUTION(2, 7, 7, 17, 17, 3, 3, 2, 2, 0, 0, 1, 1, 1, 17, .has_bias = 1),
    CONVOLUTION(2, 7, 7, 5, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1, 5, .has_bias = 1),
    CONVOLUTION(2, 13, 13, 8, 8, 3, 3, 2, 2, 2, 2, 2, 2, 2, 8, .has_bias = 1),
    CONVOLUTION(2, 6, 6, 24, 40, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, .has_bias = 1),
    CONVOLUTION(2, 7, 6, 24, 40, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1, .has_bias = 1),
    CONVOLUTION(4, 1, 1, 32, 16, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, .has_bias = 1),
    CONVOLUTION(1, 1, 1, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, .has_bias = 1),
    CONVOLUTION(3, 1, 19, 5, 7, 1, 4, 1, 2, 0, 3, 0, 0, 1, 1, .has_bias = 1),
    CONVOLUTION(2, 13, 12, 7, 9, 3, 3, 3, 3, 1, 1, 0, 2, 2, 1, .has_bias = 1),
};

// MARK: Matrix products

/// The rows of all matrices are `gap` elements apart.
static void check_product(
    int64_t batch, int64_t m, int64_t n, int64_t k, int transposed_a, int transposed_b, int shared_b, int64_t gap,
    int32_t type, int32_t result_type) {
    int64_t a_row = (transposed_a ? m : k) + gap, b_row = (transposed_b ? k : n) + gap;
    int64_t a_size = (transposed_a ? k : m) * a_row, b_size = (transposed_b ? n : k) * b_row;
    apus_onednn_matrix_shape s = {
        .batch = batch, .m = m, .n = n, .k = k, .type = type, .result_type = result_type,
        .a_batch_stride = a_size, .a_row_stride = transposed_a ? 1 : a_row, .a_column_stride = transposed_a ? a_row : 1,
        .b_batch_stride = shared_b ? 0 : b_size, .b_row_stride = transposed_b ? 1 : b_row,
        .b_column_stride = transposed_b ? b_row : 1, .c_batch_stride = m * (n + gap), .c_row_stride = n + gap,
    };
    int halves = type == APUS_BFLOAT16;
    tensor a = input(batch * a_size, type, halves), b = input((shared_b ? 1 : batch) * b_size, type, halves);
    tensor c = output(batch * m * (n + gap), result_type);
    for (int64_t i = 0; i < c.count; i++) c.exact[i] = i % (n + gap) < n ? 0 : NAN;
    for (int64_t t = 0; t < batch; t++)
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++)
                for (int64_t l = 0; l < k; l++)
                    c.exact[t * s.c_batch_stride + i * s.c_row_stride + j] +=
                        a.exact[t * s.a_batch_stride + i * s.a_row_stride + l * s.a_column_stride]
                        * b.exact[t * s.b_batch_stride + l * s.b_row_stride + j * s.b_column_stride];
    printf("%ld products of %ldx%ld%s and %ldx%ld%s%s, gap %ld, %s to %s\n", (long)batch, (long)m, (long)k,
           transposed_a ? "^T" : "", (long)k, (long)n, transposed_b ? "^T" : "", shared_b ? " (shared)" : "", (long)gap,
           halves ? "bfloat16" : "float32", result_type == APUS_BFLOAT16 ? "bfloat16" : "float32");
    char message[256];
    int status;
    apus_onednn_plan *plan = apus_onednn_matrix_product(&s, &status, message, sizeof message);
    if (run(plan, type, status, message, (void *[4]){a.data, b.data, c.data}, 3))
        report(&c, "product", result_type == APUS_BFLOAT16 ? 3e-3 : 1e-6), printf("\n");
    release(&a), release(&b), release(&c);
}

static void check_products(void) {
    const int64_t extents[][4] = {{1, 1, 1, 1}, {1, 17, 33, 5}, {3, 17, 33, 5}, {1, 1, 7, 13}, {2, 1, 7, 13},
                                  {1, 7, 1, 13}, {2, 7, 1, 13}, {1, 13, 7, 1}, {2, 13, 7, 1}, {1, 128, 64, 96},
                                  {4, 31, 64, 32}};
    const int32_t types[][2] = {
        {APUS_FLOAT32, APUS_FLOAT32}, {APUS_BFLOAT16, APUS_FLOAT32}, {APUS_BFLOAT16, APUS_BFLOAT16}};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
        for (int transposes = 0; transposes < 4; transposes++)
            for (int shared = 0; shared <= (extents[i][0] > 1); shared++)
                for (int gap = 0; gap <= (extents[i][2] > 1 ? 3 : 0); gap += 3)
                    for (int type = 0; type < 3; type++)
                        check_product(
                            extents[i][0], extents[i][1], extents[i][2], extents[i][3], transposes & 1, transposes >> 1,
                            shared, gap, types[type][0], types[type][1]);
}

// MARK: Refusals

static void check_refusals(void) {
    const shape bad[] = {
        CONVOLUTION(1, 4, 4, 3, 4, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1, .relu = 0),
        CONVOLUTION(1, 4, 4, 3, 4, 3, 3, 0, 1, 0, 0, 0, 0, 1, 1, .relu = 0),
        CONVOLUTION(1, 4, 4, 3, 4, 3, 3, 1, 1, -1, 0, 0, 0, 1, 1, .relu = 0),
        CONVOLUTION(1, 4, 4, 3, 4, 3, 3, 1, 1, 0, 0, 0, 0, 1, 2, .relu = 0),
        CONVOLUTION(1, 4, 4, 3, 4, 3, 3, 1, 1, 0, 0, 0, 0, 1, 0, .relu = 0),
        CONVOLUTION(1, 4, 4, 3, 4, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1, .type = APUS_FLOAT64),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char message[256] = "";
        int status = 0;
        apus_onednn_plan *plan = apus_onednn_convolution_forward(&bad[i], &status, message, sizeof message);
        printf("%s\n", message);
        expect(!plan && status == 102 && message[0], "a bad shape is refused", status);
        apus_onednn_plan_destroy(plan);
    }
    // A buffer that is missing is an error, not a crash.
    apus_onednn_plan *plan = apus_onednn_convolution_forward(&shapes[0], NULL, NULL, 0);
    void *buffers[5] = {0};
    expect(plan && apus_onednn_run(buffers, plan) == 102, "missing buffers are refused", 0);
    apus_onednn_plan_destroy(plan);
}

int main(void) {
    int major, minor, patch;
    apus_onednn_version(&major, &minor, &patch);
    printf("oneDNN %d.%d.%d\n", major, minor, patch);
    shape simple = shapes[0];
    simple.type = APUS_BFLOAT16;
    apus_onednn_plan *plan = apus_onednn_convolution_forward(&simple, NULL, NULL, 0);
    has_bfloat16 = plan != NULL;
    apus_onednn_plan_destroy(plan);
    for (int32_t type = APUS_FLOAT32; type <= APUS_BFLOAT16; type++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            shape s = shapes[i];
            s.type = type;
            check_convolution(&s);
        }
    check_products();
    check_refusals();
    printf("%d failures\n", failures);
    return failures > 0;
}
