// Direct convolution for one instruction set and the types float32 and float64.

/// The position in the image of kernel tap `k` at output `o`.
#undef TAP_AT
#define TAP_AT(o, k, stride, dilation, pad) ((o) * (stride) + (k) * (dilation) - (pad))

#undef DIRECT_TYPE
#define DIRECT_TYPE(SUFFIX, T)                                                                                        \
    /* sum[j] += from[i] * weights[i][j]; with a constant n the sums stay in registers. */                            \
    static inline __attribute__((always_inline)) void APUS_FN(add_tap_##SUFFIX)(                                      \
        T *restrict total, const T *restrict from, const T *restrict weights, int64_t in, int64_t stride,             \
        int64_t n) {                                                                                                  \
        T sum[CHANNEL_BLOCK];                                                                                         \
        for (int64_t j = 0; j < n; j++) sum[j] = total[j];                                                            \
        for (int64_t i = 0; i < in; i++, weights += stride) {                                                         \
            T factor = from[i];                                                                                       \
            for (int64_t j = 0; j < n; j++) sum[j] += factor * weights[j];                                            \
        }                                                                                                             \
        for (int64_t j = 0; j < n; j++) total[j] = sum[j];                                                            \
    }                                                                                                                 \
    /* Task = sample * out_height + row. */                                                                           \
    static void APUS_FN(forward_tasks_##SUFFIX)(void *context, int64_t first, int64_t last) {                         \
        const convolution_job *job = context;                                                                         \
        const apus_direct_convolution_parameters *p = job->p;                                                         \
        const T *w = job->w, *bias = job->bias;                                                                       \
        for (int64_t task = first; task < last; task++) {                                                             \
            int64_t sample = task / job->out_height, row = task % job->out_height;                                    \
            const T *image = (const T *)job->x + sample * p->height * p->width * p->channels_in;                      \
            for (int64_t column = 0; column < job->out_width; column++)                                               \
                for (int64_t group = 0; group < p->groups; group++)                                                   \
                    for (int64_t begin = 0; begin < job->out; begin += CHANNEL_BLOCK) {                               \
                        int64_t n = smaller(CHANNEL_BLOCK, job->out - begin), o = group * job->out + begin;           \
                        T sum[CHANNEL_BLOCK];                                                                         \
                        for (int64_t j = 0; j < n; j++) sum[j] = bias ? bias[o + j] : 0;                              \
                        for (int64_t kh = 0; kh < p->kernel_height; kh++) {                                           \
                            int64_t h = TAP_AT(row, kh, p->stride_height, p->dilation_height, p->pad_top);            \
                            if (h < 0 || h >= p->height) continue;                                                    \
                            for (int64_t kw = 0; kw < p->kernel_width; kw++) {                                        \
                                int64_t v = TAP_AT(column, kw, p->stride_width, p->dilation_width, p->pad_left);      \
                                if (v < 0 || v >= p->width) continue;                                                 \
                                const T *from = image + (h * p->width + v) * p->channels_in + group * job->in;        \
                                const T *weights = w + (kh * p->kernel_width + kw) * job->in * p->channels_out + o;   \
                                if (n == CHANNEL_BLOCK)                                                               \
                                    APUS_FN(add_tap_##SUFFIX)(sum, from, weights, job->in, p->channels_out,           \
                                                              CHANNEL_BLOCK);                                         \
                                else                                                                                  \
                                    APUS_FN(add_tap_##SUFFIX)(sum, from, weights, job->in, p->channels_out, n);       \
                            }                                                                                         \
                        }                                                                                             \
                        T *to = (T *)job->y + (task * job->out_width + column) * p->channels_out + o;                 \
                        for (int64_t j = 0; j < n; j++) to[j] = sum[j];                                               \
                    }                                                                                                 \
        }                                                                                                             \
    }                                                                                                                 \
    /* Task = sample * height + row of x. Each dx element is a dot product over output channels for every tap. */     \
    static void APUS_FN(gradient_x_tasks_##SUFFIX)(void *context, int64_t first, int64_t last) {                      \
        const convolution_job *job = context;                                                                         \
        const apus_direct_convolution_parameters *p = job->p;                                                         \
        const T *w = job->w;                                                                                          \
        for (int64_t task = first; task < last; task++) {                                                             \
            int64_t sample = task / p->height, row = task % p->height;                                                \
            const T *g = (const T *)job->g + sample * job->out_height * job->out_width * p->channels_out;             \
            T *dx = (T *)job->y + task * p->width * p->channels_in;                                                   \
            memset(dx, 0, (size_t)(p->width * p->channels_in) * sizeof(T));                                           \
            for (int64_t column = 0; column < p->width; column++, dx += p->channels_in)                               \
                for (int64_t kh = 0; kh < p->kernel_height; kh++) {                                                   \
                    int64_t h = row + p->pad_top - kh * p->dilation_height;                                           \
                    if (h < 0 || h % p->stride_height || h / p->stride_height >= job->out_height) continue;           \
                    for (int64_t kw = 0; kw < p->kernel_width; kw++) {                                                \
                        int64_t v = column + p->pad_left - kw * p->dilation_width;                                    \
                        if (v < 0 || v % p->stride_width || v / p->stride_width >= job->out_width) continue;          \
                        const T *from = g + (h / p->stride_height * job->out_width + v / p->stride_width)             \
                                                * p->channels_out;                                                    \
                        const T *weights = w + (kh * p->kernel_width + kw) * job->in * p->channels_out;               \
                        for (int64_t group = 0; group < p->groups; group++)                                           \
                            for (int64_t i = 0; i < job->in; i++) {                                                   \
                                const T *a = from + group * job->out;                                                 \
                                const T *b = weights + i * p->channels_out + group * job->out;                        \
                                /* Eight sums, since the compiler must not reorder one. */                            \
                                T sum[8 * APUS_LANES / 4] = {0};                                                      \
                                const int64_t lanes = 8 * APUS_LANES / 4;                                             \
                                int64_t j = 0;                                                                        \
                                for (; j + lanes <= job->out; j += lanes)                                             \
                                    for (int64_t l = 0; l < lanes; l++) sum[l] += a[j + l] * b[j + l];                \
                                T total = 0;                                                                          \
                                for (; j < job->out; j++) total += a[j] * b[j];                                       \
                                if (job->out >= lanes)                                                                \
                                    for (int64_t l = 0; l < lanes; l++) total += sum[l];                              \
                                dx[group * job->in + i] += total;                                                     \
                            }                                                                                         \
                    }                                                                                                 \
                }                                                                                                     \
        }                                                                                                             \
    }                                                                                                                 \
    /* sum[j] += x[column's tap] * g[column][j] over a row. */                                                        \
    static inline __attribute__((always_inline)) void APUS_FN(add_row_##SUFFIX)(                                      \
        const convolution_job *job, T *restrict total, const T *restrict x, const T *restrict g, int64_t kw,          \
        int64_t n) {                                                                                                  \
        const apus_direct_convolution_parameters *p = job->p;                                                         \
        T sum[CHANNEL_BLOCK] = {0};                                                                                   \
        for (int64_t column = 0; column < job->out_width; column++, g += p->channels_out) {                           \
            int64_t v = TAP_AT(column, kw, p->stride_width, p->dilation_width, p->pad_left);                          \
            if (v < 0 || v >= p->width) continue;                                                                     \
            T factor = x[v * p->channels_in];                                                                         \
            for (int64_t j = 0; j < n; j++) sum[j] += factor * g[j];                                                  \
        }                                                                                                             \
        for (int64_t j = 0; j < n; j++) total[j] = sum[j];                                                            \
    }                                                                                                                 \
    /* Task = (kernel row, kernel column, input channel of a group): a row of dw over all output channels. */         \
    static void APUS_FN(gradient_w_tasks_##SUFFIX)(void *context, int64_t first, int64_t last) {                      \
        const convolution_job *job = context;                                                                         \
        const apus_direct_convolution_parameters *p = job->p;                                                         \
        for (int64_t task = first; task < last; task++) {                                                             \
            int64_t i = task % job->in, kw = task / job->in % p->kernel_width, kh = task / job->in / p->kernel_width; \
            for (int64_t o = 0; o < p->channels_out;) {                                                               \
                int64_t group = o / job->out;                                                                         \
                int64_t n = smaller(CHANNEL_BLOCK, (group + 1) * job->out - o);                                       \
                double total[CHANNEL_BLOCK] = {0};                                                                    \
                for (int64_t sample = 0; sample < p->samples; sample++)                                               \
                    for (int64_t row = 0; row < job->out_height; row++) {                                             \
                        int64_t h = TAP_AT(row, kh, p->stride_height, p->dilation_height, p->pad_top);                \
                        if (h < 0 || h >= p->height) continue;                                                        \
                        const T *x = (const T *)job->x + (sample * p->height + h) * p->width * p->channels_in         \
                                     + group * job->in + i;                                                           \
                        const T *g = (const T *)job->g                                                                \
                                     + (sample * job->out_height + row) * job->out_width * p->channels_out + o;       \
                        T sum[CHANNEL_BLOCK];                                                                         \
                        if (n == CHANNEL_BLOCK)                                                                       \
                            APUS_FN(add_row_##SUFFIX)(job, sum, x, g, kw, CHANNEL_BLOCK);                             \
                        else                                                                                          \
                            APUS_FN(add_row_##SUFFIX)(job, sum, x, g, kw, n);                                         \
                        for (int64_t j = 0; j < n; j++) total[j] += (double)sum[j];                                   \
                    }                                                                                                 \
                for (int64_t j = 0; j < n; j++)                                                                       \
                    ((T *)job->y)[task * p->channels_out + o + j] = (T)total[j];                                      \
                o += n;                                                                                               \
            }                                                                                                         \
        }                                                                                                             \
    }

DIRECT_TYPE(float32, float)
DIRECT_TYPE(float64, double)
