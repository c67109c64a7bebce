// One contiguous line of LINE_TYPE elements (float32 or bfloat16), float32 inside. Included by templates after
// movement_vectors.h.

/// All ones in the first n lanes.
MATH_INLINE vint LINE_FN(line_inside)(int64_t n) {
    vint lane;
    for (int i = 0; i < APUS_LANES; i++) lane[i] = i;
    return lane < (int32_t)n;
}

/// The last, partial vector of a line with -infinity in the lanes behind its end.
MATH_INLINE vfloat LINE_FN(line_tail)(const LINE_TYPE *x, int64_t n) {
    return vselect(LINE_FN(line_inside)(n), LINE_LOAD_FIRST(x, n), vsplat(-INFINITY));
}

/// exp(x) for x <= 0, and 0 where it would be denormal: underflow is slow on some CPUs, and masks of -infinity are
/// common.
MATH_INLINE vfloat LINE_FN(line_exp)(vfloat x) {
    vint tiny = x < -87.0f;
    return vselect(tiny, vsplat(0.0f), vexp(vselect(tiny, vsplat(-87.0f), x)));
}

/// exp(v - maximum) in the first n lanes, 0 in the others.
MATH_INLINE vfloat LINE_FN(line_tail_exp)(vfloat v, float maximum, int64_t n) {
    vint inside = LINE_FN(line_inside)(n);
    return vselect(inside, LINE_FN(line_exp)(vselect(inside, v - maximum, vsplat(0.0f))), vsplat(0.0f));
}

/// The maximum and the sum of exp(x - maximum).
MATH_INLINE void LINE_FN(line_statistics)(const LINE_TYPE *x, int64_t n, float *maximum, float *sum) {
    if (n <= APUS_LANES) {
        vfloat v = LINE_FN(line_tail)(x, n);
        *maximum = vmaximum(v);
        *sum = vsum(LINE_FN(line_tail_exp)(v, *maximum, n));
        return;
    }
    vfloat top = LINE_LOAD(x);
    int64_t i = APUS_LANES;
    for (; i + APUS_LANES <= n; i += APUS_LANES) {
        vfloat v = LINE_LOAD(x + i);
        top = VECTOR_GREATER(v, top);
    }
    if (i < n) {
        vfloat v = LINE_FN(line_tail)(x + i, n - i);
        top = VECTOR_GREATER(v, top);
    }
    float m = vmaximum(top);
    double total = 0;
    // At most 64 terms a lane in float32.
    for (i = 0; i + APUS_LANES <= n;) {
        vfloat s = {0};
        int64_t end = i + 64 * APUS_LANES < n ? i + 64 * APUS_LANES : n;
        for (; i + APUS_LANES <= end; i += APUS_LANES) s += LINE_FN(line_exp)(LINE_LOAD(x + i) - m);
        total += (double)vsum(s);
    }
    if (i < n) total += (double)vsum(LINE_FN(line_tail_exp)(LINE_LOAD_FIRST(x + i, n - i), m, n - i));
    *maximum = m;
    *sum = (float)total;
}

/// y = exp(x - maximum) * factor
MATH_INLINE void LINE_FN(line_exponentials)(const LINE_TYPE *x, LINE_TYPE *y, int64_t n, float maximum, float factor) {
    int64_t i = 0;
    for (; i + APUS_LANES <= n; i += APUS_LANES)
        LINE_STORE(y + i, LINE_FN(line_exp)(LINE_LOAD(x + i) - maximum) * factor);
    if (i < n) {
        vfloat v = LINE_FN(line_tail_exp)(LINE_LOAD_FIRST(x + i, n - i), maximum, n - i);
        LINE_STORE_FIRST(y + i, v * factor, n - i);
    }
}

static inline
    __attribute__((unused)) void LINE_FN(softmax_line)(const LINE_TYPE *x, LINE_TYPE *y, int64_t n, bool logarithm) {
    if (n <= APUS_LANES && !logarithm) {
        vfloat v = LINE_FN(line_tail)(x, n);
        v = LINE_FN(line_tail_exp)(v, vmaximum(v), n);
        LINE_STORE_FIRST(y, v * (1.0f / vsum(v)), n);
        return;
    }
    float maximum, sum;
    LINE_FN(line_statistics)(x, n, &maximum, &sum);
    if (!logarithm) {
        LINE_FN(line_exponentials)(x, y, n, maximum, 1.0f / sum);
        return;
    }
    float shift = vlog(vsplat(sum))[0];
    int64_t i = 0;
    for (; i + APUS_LANES <= n; i += APUS_LANES) LINE_STORE(y + i, LINE_LOAD(x + i) - maximum - shift);
    if (i < n) LINE_STORE_FIRST(y + i, LINE_LOAD_FIRST(x + i, n - i) - maximum - shift, n - i);
}

static inline __attribute__((unused)) void LINE_FN(softmax_gradient_line)(const LINE_TYPE *y, const LINE_TYPE *g,
                                                                          LINE_TYPE *dx, int64_t n, bool logarithm) {
    double total = 0;
    int64_t i = 0, tail = n / APUS_LANES * APUS_LANES;
    while (i < tail) {
        vfloat s = {0};
        int64_t end = i + 64 * APUS_LANES < tail ? i + 64 * APUS_LANES : tail;
        for (; i < end; i += APUS_LANES) s += logarithm ? LINE_LOAD(g + i) : LINE_LOAD(g + i) * LINE_LOAD(y + i);
        total += (double)vsum(s);
    }
    if (i < n) {
        vfloat v = LINE_LOAD_FIRST(g + i, n - i);
        total += (double)vsum(logarithm ? v : v * LINE_LOAD_FIRST(y + i, n - i));
    }
    float sum = (float)total;
    for (i = 0; i < tail; i += APUS_LANES) {
        vfloat gi = LINE_LOAD(g + i), yi = LINE_LOAD(y + i);
        LINE_STORE(dx + i, logarithm ? gi - vexp(yi) * sum : yi * (gi - sum));
    }
    if (i < n) {
        vfloat gi = LINE_LOAD_FIRST(g + i, n - i), yi = LINE_LOAD_FIRST(y + i, n - i);
        LINE_STORE_FIRST(dx + i, logarithm ? gi - vexp(yi) * sum : yi * (gi - sum), n - i);
    }
}
