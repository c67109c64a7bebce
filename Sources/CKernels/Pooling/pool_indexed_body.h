// Maximum pooling that keeps where the maxima were: the position in its window, one byte a result. POOL_TYPE elements.

#undef TAPS_LOAD
#undef TAPS_STORE
#if POOL_LANES > 1
#define TAPS_LOAD(p) (c + POOL_LANES <= last ? vload_taps(p) : vload_first_taps(p, last - c))
#define TAPS_STORE(p, x) (c + POOL_LANES <= last ? vstore_taps(p, x) : vstore_first_taps(p, x, last - c))
#else
#define TAPS_LOAD(p) ((int64_t)*(p))
#define TAPS_STORE(p, x) (*(p) = (uint8_t)(x))
#endif

/// The maxima of one window and their positions, of `vectors` vectors of channels side by side: several searches at a
/// time hide each other's latency. `start`: the first position in the image; `skipped`: those between its rows.
static inline __attribute__((always_inline)) void POOL_FN(search)(const POOL_TYPE *from, int64_t row_stride,
                                                                  int64_t channels, int64_t rows, int64_t columns,
                                                                  int32_t start, int32_t skipped, POOL_TYPE *y,
                                                                  uint8_t *taps, int vectors, int64_t c, int64_t last) {
#define SEARCH_LOAD(p) (c + POOL_LANES <= last ? POOL_LOAD(p) : POOL_LOAD_FIRST(p, last - c))
    POOL_VECTOR best[4];
    POOL_MASK tap[4];
#pragma clang loop unroll(full)
    for (int k = 0; k < vectors; k++) {
        best[k] = SEARCH_LOAD(from + k * POOL_LANES);
        tap[k] = (POOL_MASK){0} + start;
    }
    for (int64_t i = 0; i < rows; i++, start += skipped, from += row_stride) {
        const POOL_TYPE *next = from;
        for (int64_t j = 0; j < columns; j++, start++, next += channels)
#pragma clang loop unroll(full)
            for (int k = 0; k < vectors; k++) {
                POOL_VECTOR v = SEARCH_LOAD(next + k * POOL_LANES);
                // Greater, or the first NaN.
                POOL_MASK better = ((v <= best[k]) == 0) & (best[k] == best[k]);
                best[k] = POOL_SELECT(better, v, best[k]);
                tap[k] = POOL_TAP_SELECT(better, (POOL_MASK){0} + start, tap[k]);
            }
    }
#pragma clang loop unroll(full)
    for (int k = 0; k < vectors; k++) {
        if (c + POOL_LANES <= last)
            POOL_STORE(y + k * POOL_LANES, best[k]);
        else
            POOL_STORE_FIRST(y, best[k], last - c);
        TAPS_STORE(taps + k * POOL_LANES, tap[k]);
    }
#undef SEARCH_LOAD
}

/// One row of results and of positions.
static void POOL_FN(max_pool_indexed_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels, row_stride = p->width * p->channels;
    const POOL_TYPE *image = (const POOL_TYPE *)job->x + sample * p->height * row_stride;
    int64_t result = (sample * job->out_height + row) * job->out_width * p->channels;
    POOL_TYPE *y = (POOL_TYPE *)job->y + result;
    uint8_t *taps = job->taps + result;
    for (int64_t column = 0; column < job->out_width; column++, y += last, taps += last) {
        pool_window w = pool_window_at(p, row, column);
        // Positions count padding too.
        int64_t top = row * p->stride_height - p->pad_top, left = column * p->stride_width - p->pad_left;
        int64_t rows = w.bottom - w.top, columns = w.right - w.left, c = 0;
        int32_t start = (int32_t)((w.top - top) * p->window_width + w.left - left);
        int32_t skipped = (int32_t)(p->window_width - columns);
        const POOL_TYPE *from = image + w.top * row_stride + w.left * last;
#define SEARCH(VECTORS) \
    POOL_FN(search)(from + c, row_stride, last, rows, columns, start, skipped, y + c, taps + c, VECTORS, c, last)
        for (; c + 4 * POOL_LANES <= last; c += 4 * POOL_LANES) SEARCH(4);
        for (; c < last; c += POOL_LANES) SEARCH(1);
#undef SEARCH
    }
}

/// Windows that do not overlap: as max_pool_spread_row.
static void POOL_FN(max_pool_indexed_spread_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels, row_stride = p->width * p->channels;
    POOL_TYPE *dx = (POOL_TYPE *)job->dx + sample * p->height * row_stride;
    int64_t result = (sample * job->out_height + row) * job->out_width * p->channels;
    const POOL_TYPE *g = (const POOL_TYPE *)job->g + result;
    const uint8_t *taps = job->taps + result;
    POOL_FN(clear_gaps)(job, dx, row);
    for (int64_t column = 0; column < job->out_width; column++, g += p->channels, taps += p->channels) {
        pool_window w = pool_window_at(p, row, column);
        int64_t top = row * p->stride_height - p->pad_top, left = column * p->stride_width - p->pad_left;
        int32_t start = (int32_t)((w.top - top) * p->window_width + w.left - left);
        int32_t skipped = (int32_t)(p->window_width - (w.right - w.left));
#define SPREAD_BODY(LOAD, STORE)                                                                 \
    {                                                                                            \
        POOL_MASK tap = TAPS_LOAD(taps + c);                                                     \
        POOL_VECTOR share = LOAD(g + c);                                                         \
        POOL_TYPE *to = dx + w.top * row_stride + w.left * p->channels + c;                      \
        int32_t number = start;                                                                  \
        for (int64_t i = w.top; i < w.bottom; i++, number += skipped, to += row_stride)          \
            for (int64_t j = 0; j < w.right - w.left; j++, number++)                             \
                STORE(to + j * p->channels, POOL_SELECT(tap == number, share, (POOL_VECTOR){0})); \
    }
        POOL_CHANNELS(0, last, SPREAD_BODY)
#undef SPREAD_BODY
    }
}

/// Overlapping windows: each row of dx gathers from the windows that hold it, in order.
static void POOL_FN(max_pool_gather_row)(const pool_job *job, int64_t sample, int64_t row) {
    const apus_pool_parameters *p = job->p;
    int64_t last = p->channels;
    POOL_TYPE *dx = (POOL_TYPE *)job->dx + (sample * p->height + row) * p->width * p->channels;
    int64_t first = sample * job->out_height * job->out_width * p->channels;
    const POOL_TYPE *g = (const POOL_TYPE *)job->g + first;
    const uint8_t *taps = job->taps + first;
    pool_range rows = pool_windows_of(row + p->pad_top, p->window_height, p->stride_height, job->out_height);
    for (int64_t column = 0; column < p->width; column++, dx += p->channels) {
        pool_range columns = pool_windows_of(column + p->pad_left, p->window_width, p->stride_width, job->out_width);
#define GATHER_BODY(LOAD, STORE)                                                                            \
    {                                                                                                       \
        POOL_VECTOR sum = (POOL_VECTOR){0};                                                                 \
        for (int64_t i = rows.first; i < rows.end; i++)                                                     \
            for (int64_t j = columns.first; j < columns.end; j++) {                                         \
                int64_t at = (i * job->out_width + j) * p->channels + c;                                    \
                int32_t number = (int32_t)((row + p->pad_top - i * p->stride_height) * p->window_width      \
                                           + column + p->pad_left - j * p->stride_width);                   \
                sum += POOL_SELECT(TAPS_LOAD(taps + at) == number, LOAD(g + at), (POOL_VECTOR){0});         \
            }                                                                                               \
        STORE(dx + c, sum);                                                                                 \
    }
        POOL_CHANNELS(0, last, GATHER_BODY)
#undef GATHER_BODY
    }
}
