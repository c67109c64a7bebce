// Pooling of POOL_TYPE elements, float32 (or float64) inside.

/// Runs BODY for channels c..<c + n with n = POOL_LANES, LOAD and STORE for whole vectors; then for the rest.
#undef POOL_CHANNELS
#define POOL_CHANNELS(FIRST, LAST, BODY)                                     \
    {                                                                        \
        int64_t c = FIRST;                                                   \
        for (; c + POOL_LANES <= LAST; c += POOL_LANES) BODY(WHOLE_LOAD, WHOLE_STORE) \
        if (c < LAST) BODY(PART_LOAD, PART_STORE)                            \
    }
#undef WHOLE_LOAD
#undef WHOLE_STORE
#undef PART_LOAD
#undef PART_STORE
#define WHOLE_LOAD(p) POOL_LOAD(p)
#define WHOLE_STORE(p, x) POOL_STORE(p, x)
#define PART_LOAD(p) POOL_LOAD_FIRST(p, last - c)
#define PART_STORE(p, x) POOL_STORE_FIRST(p, x, last - c)

/// One row of results of max pooling.
static void POOL_FN(max_pool_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels, row_stride = p->width * p->channels;
    const POOL_TYPE *image = (const POOL_TYPE *)job->x + sample * p->height * row_stride;
    POOL_TYPE *y = (POOL_TYPE *)job->y + (sample * job->out_height + row) * job->out_width * p->channels;
    // What follows this sample in memory.
    int64_t end = (p->samples - sample) * p->height * row_stride;
    for (int64_t column = 0; column < job->out_width; column++, y += p->channels) {
        pool_window w = pool_window_at(p, row, column);
        // Few channels: a whole vector is faster than a part of one. What it writes too much, the next results overwrite.
        bool is_whole = last < POOL_LANES && (w.bottom - 1) * row_stride + (w.right - 1) * last + POOL_LANES <= end
            && (job->out_width - column) * last >= POOL_LANES;
#define MAX_BODY(LOAD, STORE)                                                        \
    {                                                                                \
        POOL_VECTOR best = (POOL_VECTOR){0} - INFINITY;                              \
        for (int64_t i = w.top; i < w.bottom; i++)                                   \
            for (int64_t j = w.left; j < w.right; j++) {                             \
                POOL_VECTOR v = LOAD(image + i * row_stride + j * p->channels + c);  \
                best = POOL_SELECT((v > best) | (v != v), v, best);                  \
            }                                                                        \
        STORE(y + c, best);                                                          \
    }
        if (is_whole) {
            int64_t c = 0;
            MAX_BODY(WHOLE_LOAD, WHOLE_STORE)
        } else {
            POOL_CHANNELS(0, last, MAX_BODY)
        }
#undef MAX_BODY
    }
}

/// One row of results of max_pool_select.
static void POOL_FN(max_pool_select_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels, row_stride = p->width * p->channels;
    const POOL_TYPE *image = (const POOL_TYPE *)job->x + sample * p->height * row_stride;
    const POOL_TYPE *values = (const POOL_TYPE *)job->v + sample * p->height * row_stride;
    POOL_TYPE *y = (POOL_TYPE *)job->y + (sample * job->out_height + row) * job->out_width * p->channels;
    for (int64_t column = 0; column < job->out_width; column++, y += p->channels) {
        pool_window w = pool_window_at(p, row, column);
#define SELECT_BODY(LOAD, STORE)                                                             \
    {                                                                                        \
        int64_t at = w.top * row_stride + w.left * p->channels + c;                          \
        POOL_VECTOR best = LOAD(image + at), chosen = LOAD(values + at);                     \
        for (int64_t i = w.top; i < w.bottom; i++)                                           \
            for (int64_t j = w.left; j < w.right; j++) {                                     \
                at = i * row_stride + j * p->channels + c;                                   \
                POOL_VECTOR v = LOAD(image + at);                                            \
                POOL_MASK better = (v > best) | ((v != v) & (best == best));                 \
                best = POOL_SELECT(better, v, best);                                         \
                chosen = POOL_SELECT(better, LOAD(values + at), chosen);                     \
            }                                                                                \
        STORE(y + c, chosen);                                                                \
    }
        POOL_CHANNELS(0, last, SELECT_BODY)
#undef SELECT_BODY
    }
}

/// Finds the tap of each lane's first maximum.
#undef POOL_FIND_TAP
#define POOL_FIND_TAP(LOAD)                                                                  \
    POOL_VECTOR best = LOAD(image + w.top * row_stride + w.left * p->channels + c);          \
    POOL_MASK tap = (POOL_MASK){0};                                                          \
    int32_t number = 0;                                                                      \
    for (int64_t i = w.top; i < w.bottom; i++)                                               \
        for (int64_t j = w.left; j < w.right; j++, number++) {                               \
            POOL_VECTOR v = LOAD(image + i * row_stride + j * p->channels + c);              \
            POOL_MASK better = (v > best) | ((v != v) & (best == best));                     \
            best = POOL_SELECT(better, v, best);                                             \
            tap = POOL_TAP_SELECT(better, (POOL_MASK){0} + number, tap);                     \
        }

#undef POOL_TAP_SELECT
#define POOL_TAP_SELECT(c, a, b) ((c) ? (a) : (b))
#if POOL_LANES > 1
#undef POOL_TAP_SELECT
#define POOL_TAP_SELECT(c, a, b) (((c) & (a)) | (~(c) & (b)))
#endif

/// Zeros what of a sample's dx lies between windows or behind the last one, from window row `row` to the next one.
static void POOL_FN(clear_gaps)(const pool_job *job, POOL_TYPE *dx, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t row_stride = p->width * p->channels;
    int64_t first_row = row == 0 ? 0 : row * p->stride_height - p->pad_top;
    int64_t end_row = row + 1 == job->out_height ? p->height : (row + 1) * p->stride_height - p->pad_top;
    int64_t covered = ((job->out_width - 1) * p->stride_width - p->pad_left) + p->window_width;
    int64_t bottom = row * p->stride_height - p->pad_top + p->window_height;
    bool gaps = bottom < end_row || p->window_width < p->stride_width || covered < p->width;
    if (gaps && first_row < p->height)
        memset(dx + first_row * row_stride, 0,
               (size_t)((pool_minimum(end_row, p->height) - first_row) * row_stride) * sizeof(POOL_TYPE));
}

/// Windows that do not overlap: writes all of dx's rows that window row `row` covers, and the zeros up to the next one.
static void POOL_FN(max_pool_spread_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels, row_stride = p->width * p->channels;
    const POOL_TYPE *image = (const POOL_TYPE *)job->x + sample * p->height * row_stride;
    POOL_TYPE *dx = (POOL_TYPE *)job->dx + sample * p->height * row_stride;
    const POOL_TYPE *g = (const POOL_TYPE *)job->g + (sample * job->out_height + row) * job->out_width * p->channels;
    POOL_FN(clear_gaps)(job, dx, row);
    for (int64_t column = 0; column < job->out_width; column++, g += p->channels) {
        pool_window w = pool_window_at(p, row, column);
#define SPREAD_BODY(LOAD, STORE)                                                                              \
    {                                                                                                         \
        POOL_FIND_TAP(LOAD)                                                                                   \
        POOL_VECTOR share = LOAD(g + c);                                                                      \
        number = 0;                                                                                           \
        for (int64_t i = w.top; i < w.bottom; i++)                                                            \
            for (int64_t j = w.left; j < w.right; j++, number++)                                              \
                STORE(dx + i * row_stride + j * p->channels + c,                                              \
                      POOL_SELECT(tap == number, share, (POOL_VECTOR){0}));                                   \
    }
        POOL_CHANNELS(0, last, SPREAD_BODY)
#undef SPREAD_BODY
    }
}

#undef SUM_LOAD
#undef SUM_STORE
#if POOL_LANES > 1
#define SUM_LOAD(p) (c + POOL_LANES <= last ? vload(p) : vload_first(p, last - c))
#define SUM_STORE(p, x) (c + POOL_LANES <= last ? vstore(p, x) : vstore_first(p, x, last - c))
#else
#define SUM_LOAD(p) (*(p))
#define SUM_STORE(p, x) (*(p) = (x))
#endif

/// Where gradients add up: dx itself, or for bfloat16 the float32 scratch.
static inline __attribute__((always_inline)) POOL_SUM *POOL_FN(pool_sums)(const pool_job *job) {
    return sizeof(POOL_TYPE) == 2 ? (POOL_SUM *)job->sums : (POOL_SUM *)job->dx;
}

/// Zeros the sums of some channels of a sample, and at the end rounds them into dx.
static void POOL_FN(pool_clear)(const pool_job *job, int64_t sample, int64_t first, int64_t last) {
    const apus_pool_parameters *p = job->p;
    POOL_SUM *sums = POOL_FN(pool_sums)(job) + sample * p->height * p->width * p->channels;
    if (first == 0 && last == p->channels) {
        memset(sums, 0, (size_t)(p->height * p->width * p->channels) * sizeof(POOL_SUM));
        return;
    }
    for (int64_t i = 0; i < p->height * p->width; i++)
        memset(sums + i * p->channels + first, 0, (size_t)(last - first) * sizeof(POOL_SUM));
}

static void POOL_FN(pool_round)(const pool_job *job, int64_t sample, int64_t first, int64_t last) {
    if (sizeof(POOL_TYPE) != 2) return;
    const apus_pool_parameters *p = job->p;
    for (int64_t i = 0; i < p->height * p->width; i++) {
        int64_t at = (sample * p->height * p->width + i) * p->channels;
        const POOL_SUM *sums = POOL_FN(pool_sums)(job) + at;
        POOL_TYPE *dx = (POOL_TYPE *)job->dx + at;
#define ROUND_BODY(LOAD, STORE) { STORE(dx + c, SUM_LOAD(sums + c)); }
        POOL_CHANNELS(first, last, ROUND_BODY)
#undef ROUND_BODY
    }
}

/// Overlapping windows: the channels first..<last of a sample, windows in order.
static void POOL_FN(max_pool_add)(const pool_job *job, int64_t sample, int64_t first, int64_t last) {
    const apus_pool_parameters *p = job->p;
    int64_t row_stride = p->width * p->channels;
    const POOL_TYPE *image = (const POOL_TYPE *)job->x + sample * p->height * row_stride;
    const POOL_TYPE *g = (const POOL_TYPE *)job->g + sample * job->out_height * job->out_width * p->channels;
    POOL_SUM *dx = POOL_FN(pool_sums)(job) + sample * p->height * row_stride;
    POOL_FN(pool_clear)(job, sample, first, last);
    for (int64_t row = 0; row < job->out_height; row++)
        for (int64_t column = 0; column < job->out_width; column++, g += p->channels) {
            pool_window w = pool_window_at(p, row, column);
#define ADD_BODY(LOAD, STORE)                                                                                 \
    {                                                                                                         \
        POOL_FIND_TAP(LOAD)                                                                                   \
        POOL_VECTOR share = LOAD(g + c);                                                                      \
        number = 0;                                                                                           \
        for (int64_t i = w.top; i < w.bottom; i++)                                                            \
            for (int64_t j = w.left; j < w.right; j++, number++) {                                            \
                POOL_SUM *to = dx + i * row_stride + j * p->channels + c;                                     \
                SUM_STORE(to, SUM_LOAD(to) + POOL_SELECT(tap == number, share, (POOL_VECTOR){0}));            \
            }                                                                                                 \
    }
            POOL_CHANNELS(first, last, ADD_BODY)
#undef ADD_BODY
        }
    POOL_FN(pool_round)(job, sample, first, last);
}

/// One row of averages.
static void POOL_FN(average_pool_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels, row_stride = p->width * p->channels;
    const POOL_TYPE *image = (const POOL_TYPE *)job->x + sample * p->height * row_stride;
    POOL_TYPE *y = (POOL_TYPE *)job->y + (sample * job->out_height + row) * job->out_width * p->channels;
    for (int64_t column = 0; column < job->out_width; column++, y += p->channels) {
        pool_window w = pool_window_at(p, row, column);
        POOL_SUM factor = (POOL_SUM)1 / (POOL_SUM)pool_divisor(p, w);
#define AVERAGE_BODY(LOAD, STORE)                                                                  \
    {                                                                                              \
        POOL_VECTOR sum = (POOL_VECTOR){0};                                                        \
        for (int64_t i = w.top; i < w.bottom; i++) {                                               \
            POOL_VECTOR part = (POOL_VECTOR){0};                                                   \
            for (int64_t j = w.left; j < w.right; j++)                                             \
                part += LOAD(image + i * row_stride + j * p->channels + c);                        \
            sum += part;                                                                           \
        }                                                                                          \
        STORE(y + c, sum * factor);                                                                \
    }
        POOL_CHANNELS(0, last, AVERAGE_BODY)
#undef AVERAGE_BODY
    }
}

/// The gradient of averages: each row of dx gathers from the windows that hold it, so nothing overlaps.
static void POOL_FN(average_pool_gradient_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels;
    POOL_TYPE *dx = (POOL_TYPE *)job->dx + (sample * p->height + row) * p->width * p->channels;
    const POOL_TYPE *g = (const POOL_TYPE *)job->g + sample * job->out_height * job->out_width * p->channels;
    // One factor for all windows, if padding does not matter.
    bool uniform = p->count_padding || !(p->pad_top | p->pad_left | p->pad_bottom | p->pad_right);
    POOL_SUM factor = (POOL_SUM)1 / (POOL_SUM)(p->window_height * p->window_width);
    // Windows r with r*stride - pad <= row < r*stride - pad + window.
    int64_t r0 = row + p->pad_top - p->window_height;
    r0 = r0 < 0 ? 0 : r0 / p->stride_height + 1;
    int64_t r1 = pool_minimum((row + p->pad_top) / p->stride_height + 1, job->out_height);
    for (int64_t column = 0; column < p->width; column++, dx += p->channels) {
        int64_t c0 = column + p->pad_left - p->window_width;
        c0 = c0 < 0 ? 0 : c0 / p->stride_width + 1;
        int64_t c1 = pool_minimum((column + p->pad_left) / p->stride_width + 1, job->out_width);
#define SHARE_BODY(LOAD, STORE)                                                                              \
    {                                                                                                        \
        POOL_VECTOR sum = (POOL_VECTOR){0};                                                                  \
        for (int64_t i = r0; i < r1; i++)                                                                    \
            for (int64_t j = c0; j < c1; j++) {                                                              \
                if (!uniform) factor = (POOL_SUM)1 / (POOL_SUM)pool_divisor(p, pool_window_at(p, i, j));     \
                sum += LOAD(g + (i * job->out_width + j) * p->channels + c) * factor;                        \
            }                                                                                                \
        STORE(dx + c, sum);                                                                                  \
    }
        POOL_CHANNELS(0, last, SHARE_BODY)
#undef SHARE_BODY
    }
}
