// A block of rows at a time is unfolded, as many as stay in the third-level cache, and multiplied. Blocks depend on the shape alone, and
// the product sums in an order that does, so results do not depend on the number of threads.
#include "apus_convolution_unfolded.h"

#include <string.h>

#include "apus_gemm.h"

/// The bytes of a block of unfolded rows.
#define BLOCK_BYTES (4 << 20)

typedef struct {
    const apus_direct_convolution_parameters *p;
    int64_t height_out, width_out;
    /// Results, and the numbers that each sees.
    int64_t rows, depth;
    /// Blocks of rows; those of the gradient to x are of whole samples.
    int64_t blocks;
} unfolded_plan;

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static unfolded_plan plan_of(const apus_unfolded_parameters *parameters, bool whole_samples) {
    const apus_direct_convolution_parameters *p = &parameters->convolution;
    unfolded_plan plan = {.p = p};
    plan.height_out = apus_direct_convolution_height(p);
    plan.width_out = apus_direct_convolution_width(p);
    plan.rows = p->samples * plan.height_out * plan.width_out;
    plan.depth = p->kernel_height * p->kernel_width * p->channels_in;
    int64_t row_bytes = plan.depth * (int64_t)sizeof(float), units = plan.rows;
    if (whole_samples) {
        row_bytes *= plan.height_out * plan.width_out;
        units = p->samples;
    }
    plan.blocks = row_bytes > 0 ? divide_up(units * row_bytes, BLOCK_BYTES) : 1;
    if (plan.blocks > units) plan.blocks = units;
    if (plan.blocks < 1) plan.blocks = 1;
    return plan;
}

/// The first of `units`, rows or samples, of a block.
static int64_t block_begin(const unfolded_plan *plan, int64_t units, int64_t block) {
    return units * block / plan->blocks;
}

/// The rows of the largest block.
static int64_t most_rows(const unfolded_plan *plan, bool whole_samples) {
    if (!whole_samples) return divide_up(plan->rows, plan->blocks);
    return divide_up(plan->p->samples, plan->blocks) * plan->height_out * plan->width_out;
}

static int64_t round_up(int64_t bytes) { return divide_up(bytes, 64) * 64; }

// MARK: Unfolding

typedef struct {
    const unfolded_plan *plan;
    const float *x;
    float *unfolded;
    int64_t first_row;
} unfold_job;

static void unfold_rows(void *context, int64_t first, int64_t last) {
    const unfold_job *job = context;
    const unfolded_plan *plan = job->plan;
    const apus_direct_convolution_parameters *p = plan->p;
    const int64_t channels = p->channels_in, plane = plan->height_out * plan->width_out;
    // Neighbouring taps are neighbours in x, too.
    const bool is_dense = p->dilation_width == 1;
    for (int64_t i = first; i < last; i++) {
        int64_t row = job->first_row + i, sample = row / plane;
        int64_t top = row % plane / plan->width_out * p->stride_height - p->pad_top;
        int64_t left = row % plan->width_out * p->stride_width - p->pad_left;
        float *to = job->unfolded + i * plan->depth;
        for (int64_t ky = 0; ky < p->kernel_height; ky++, to += p->kernel_width * channels) {
            int64_t y = top + ky * p->dilation_height;
            if (y < 0 || y >= p->height) {
                memset(to, 0, (size_t)(p->kernel_width * channels) * sizeof(float));
                continue;
            }
            const float *line = job->x + (sample * p->height + y) * p->width * channels;
            if (is_dense) {
                int64_t begin = left < 0 ? -left : 0, end = p->width - left;
                if (end > p->kernel_width) end = p->kernel_width;
                if (begin > p->kernel_width) begin = p->kernel_width;
                if (end < begin) end = begin;
                memset(to, 0, (size_t)(begin * channels) * sizeof(float));
                memcpy(to + begin * channels, line + (left + begin) * channels,
                       (size_t)((end - begin) * channels) * sizeof(float));
                memset(to + end * channels, 0, (size_t)((p->kernel_width - end) * channels) * sizeof(float));
                continue;
            }
            for (int64_t kx = 0; kx < p->kernel_width; kx++) {
                int64_t x = left + kx * p->dilation_width;
                if (x < 0 || x >= p->width)
                    memset(to + kx * channels, 0, (size_t)channels * sizeof(float));
                else
                    memcpy(to + kx * channels, line + x * channels, (size_t)channels * sizeof(float));
            }
        }
    }
}

// MARK: Forward

static apus_gemm_parameters forward_product(const apus_unfolded_parameters *parameters, const unfolded_plan *plan,
                                            int64_t rows) {
    int64_t outputs = plan->p->channels_out;
    return (apus_gemm_parameters){
        .batch = 1,
        .m = rows,
        .n = outputs,
        .k = plan->depth,
        .a_row_stride = plan->depth,
        .a_column_stride = 1,
        .b_row_stride = outputs,
        .b_column_stride = 1,
        .c_batch_stride = rows * outputs,
        .c_row_stride = outputs,
        .activation = parameters->relu ? APUS_ACTIVATION_RELU : APUS_ACTIVATION_NONE,
        .adds = parameters->adds,
        .alpha = 1,
    };
}

/// The scratch of the product of the largest block, or of one that has a row less.
static int64_t product_bytes(apus_gemm_parameters largest, apus_gemm_parameters smaller) {
    int64_t a = apus_gemm_scratch_bytes(&largest), b = apus_gemm_scratch_bytes(&smaller);
    return a > b ? a : b;
}

int64_t apus_unfolded_convolution_scratch_bytes(const apus_unfolded_parameters *parameters) {
    unfolded_plan plan = plan_of(parameters, false);
    int64_t rows = most_rows(&plan, false);
    return round_up(rows * plan.depth * (int64_t)sizeof(float))
        + product_bytes(forward_product(parameters, &plan, rows), forward_product(parameters, &plan, rows - 1));
}

int apus_unfolded_convolution(void *const *buffers, const void *parameters) {
    unfolded_plan plan = plan_of(parameters, false);
    float *unfolded = buffers[5];
    char *scratch = (char *)unfolded + round_up(most_rows(&plan, false) * plan.depth * (int64_t)sizeof(float));
    for (int64_t block = 0; block < plan.blocks; block++) {
        int64_t begin = block_begin(&plan, plan.rows, block), rows = block_begin(&plan, plan.rows, block + 1) - begin;
        unfold_job job = {&plan, buffers[0], unfolded, begin};
        apus_parallel_for(rows, unfold_rows, &job);
        apus_gemm_parameters product = forward_product(parameters, &plan, rows);
        product.has_bias = buffers[2] != NULL;
        float *y = (float *)buffers[3] + begin * product.n;
        float *added = product.adds ? (float *)buffers[4] + begin * product.n : NULL;
        void *operands[] = {unfolded, buffers[1], y, buffers[2], NULL, NULL, added, scratch};
        int status = apus_gemm_float32(operands, &product);
        if (status) return status;
    }
    return 0;
}

// MARK: Gradient to x

typedef struct {
    const unfolded_plan *plan;
    const float *unfolded;
    float *dx;
    int64_t first_sample;
} fold_job;

/// Adds what all results give back to some lines of x, each in the order of the taps.
static void fold_lines(void *context, int64_t first, int64_t last) {
    const fold_job *job = context;
    const unfolded_plan *plan = job->plan;
    const apus_direct_convolution_parameters *p = plan->p;
    const int64_t channels = p->channels_in, plane = plan->height_out * plan->width_out;
    for (int64_t i = first; i < last; i++) {
        int64_t sample = i / p->height, y = i % p->height;
        float *line = job->dx + ((job->first_sample + sample) * p->height + y) * p->width * channels;
        memset(line, 0, (size_t)(p->width * channels) * sizeof(float));
        for (int64_t ky = 0; ky < p->kernel_height; ky++) {
            int64_t from = y + p->pad_top - ky * p->dilation_height;
            if (from < 0 || from % p->stride_height || from / p->stride_height >= plan->height_out) continue;
            const float *rows = job->unfolded
                + (sample * plane + from / p->stride_height * plan->width_out) * plan->depth
                + ky * p->kernel_width * channels;
            for (int64_t column = 0; column < plan->width_out; column++, rows += plan->depth) {
                for (int64_t kx = 0; kx < p->kernel_width; kx++) {
                    int64_t x = column * p->stride_width - p->pad_left + kx * p->dilation_width;
                    if (x < 0 || x >= p->width) continue;
                    float *to = line + x * channels;
                    const float *more = rows + kx * channels;
#pragma clang loop vectorize(assume_safety)
                    for (int64_t c = 0; c < channels; c++) to[c] += more[c];
                }
            }
        }
    }
}

static apus_gemm_parameters input_product(const unfolded_plan *plan, int64_t rows) {
    int64_t outputs = plan->p->channels_out;
    return (apus_gemm_parameters){
        .batch = 1,
        .m = rows,
        .n = plan->depth,
        .k = outputs,
        .a_row_stride = outputs,
        .a_column_stride = 1,
        .b_row_stride = 1,
        .b_column_stride = outputs,
        .c_batch_stride = rows * plan->depth,
        .c_row_stride = plan->depth,
        .alpha = 1,
    };
}

int64_t apus_unfolded_convolution_gradient_x_scratch_bytes(const apus_unfolded_parameters *parameters) {
    unfolded_plan plan = plan_of(parameters, true);
    int64_t rows = most_rows(&plan, true), plane = plan.height_out * plan.width_out;
    return round_up(rows * plan.depth * (int64_t)sizeof(float))
        + product_bytes(input_product(&plan, rows), input_product(&plan, rows - plane));
}

int apus_unfolded_convolution_gradient_x(void *const *buffers, const void *parameters) {
    unfolded_plan plan = plan_of(parameters, true);
    const int64_t plane = plan.height_out * plan.width_out;
    float *unfolded = buffers[3];
    char *scratch = (char *)unfolded + round_up(most_rows(&plan, true) * plan.depth * (int64_t)sizeof(float));
    for (int64_t block = 0; block < plan.blocks; block++) {
        int64_t samples = plan.p->samples;
        int64_t first = block_begin(&plan, samples, block), last = block_begin(&plan, samples, block + 1);
        apus_gemm_parameters product = input_product(&plan, (last - first) * plane);
        float *g = (float *)buffers[0] + first * plane * product.k;
        void *operands[] = {g, buffers[1], unfolded, NULL, NULL, NULL, NULL, scratch};
        int status = apus_gemm_float32(operands, &product);
        if (status) return status;
        fold_job job = {&plan, unfolded, buffers[2], first};
        apus_parallel_for((last - first) * plan.p->height, fold_lines, &job);
    }
    return 0;
}

// MARK: Gradient to w

static apus_gemm_parameters kernel_product(const unfolded_plan *plan, int64_t rows) {
    int64_t outputs = plan->p->channels_out;
    return (apus_gemm_parameters){
        .batch = 1,
        .m = plan->depth,
        .n = outputs,
        .k = rows,
        .a_row_stride = 1,
        .a_column_stride = plan->depth,
        .b_row_stride = outputs,
        .b_column_stride = 1,
        .c_batch_stride = plan->depth * outputs,
        .c_row_stride = outputs,
        .alpha = 1,
    };
}

int64_t apus_unfolded_convolution_gradient_w_scratch_bytes(const apus_unfolded_parameters *parameters) {
    unfolded_plan plan = plan_of(parameters, false);
    int64_t rows = most_rows(&plan, false);
    apus_gemm_parameters largest = kernel_product(&plan, rows), smaller = kernel_product(&plan, rows - 1);
    int64_t bytes = product_bytes(largest, smaller);
    // Blocks after the first add.
    largest.adds = smaller.adds = 1;
    int64_t more = product_bytes(largest, smaller);
    return round_up(rows * plan.depth * (int64_t)sizeof(float)) + (bytes > more ? bytes : more);
}

int apus_unfolded_convolution_gradient_w(void *const *buffers, const void *parameters) {
    unfolded_plan plan = plan_of(parameters, false);
    float *unfolded = buffers[3];
    char *scratch = (char *)unfolded + round_up(most_rows(&plan, false) * plan.depth * (int64_t)sizeof(float));
    for (int64_t block = 0; block < plan.blocks; block++) {
        int64_t begin = block_begin(&plan, plan.rows, block), rows = block_begin(&plan, plan.rows, block + 1) - begin;
        unfold_job job = {&plan, buffers[0], unfolded, begin};
        apus_parallel_for(rows, unfold_rows, &job);
        apus_gemm_parameters product = kernel_product(&plan, rows);
        product.adds = block > 0;
        float *g = (float *)buffers[1] + begin * product.n;
        void *operands[] = {unfolded, g, buffers[2], NULL, NULL, NULL, block > 0 ? buffers[2] : NULL, scratch};
        int status = apus_gemm_float32(operands, &product);
        if (status) return status;
    }
    return 0;
}
