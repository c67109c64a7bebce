// Loads for elements of type T. All may write up to 64 bytes past the end.

/// Short runs are the rule, so this stores whole vectors and lets the next run overwrite what was too much.
EW_INLINE void FN(fill)(T *d, T value, int64_t n) {
    enum { WIDTH = APUS_LANES * 4 / sizeof(T) };
    typedef T vector __attribute__((ext_vector_type(APUS_LANES * 4 / sizeof(T)), aligned(sizeof(T)), may_alias));
    for (int64_t i = 0; i < n; i += WIDTH) *(vector *)(d + i) = (vector)value;
}

EW_INLINE void FN(copy)(T *d, const T *s, int64_t n) {
    if (n * (int64_t)sizeof(T) >= 64) {
        memcpy(d, s, (size_t)n * sizeof(T));
        return;
    }
#pragma clang loop vectorize(disable) unroll(disable)
    for (int64_t i = 0; i < n; i++) d[i] = s[i];
}

EW_INLINE void FN(periodic)(T *d, const T *s, int64_t inner, int64_t first, int64_t n) {
    int64_t phase = first % inner, done = inner - phase < n ? inner - phase : n;
    FN(copy)(d, s + phase, done);
    int64_t start = done, period = inner < n - done ? inner : n - done;
    FN(copy)(d + done, s, period);
    done += period;
    while (done < n) {  // whole periods stand at start..<done: double them
        int64_t more = done - start < n - done ? done - start : n - done;
        FN(copy)(d + done, d + start, more);
        done += more;
    }
}

EW_INLINE void FN(repeated)(T *d, const T *s, int64_t inner, int64_t first, int64_t n) {
    s += first / inner;
    int64_t run = inner - first % inner;
    while (n > 0) {
        if (run > n) run = n;
        FN(fill)(d, *s++, run);
        d += run;
        n -= run;
        run = inner;
    }
}

EW_INLINE void FN(strided)(T *d, const T *s, const apus_ew_operand *o, int64_t first, int64_t n) {
    int64_t index[APUS_EW_MAX_RANK], last = o->rank - 1;
    for (int64_t axis = last; axis >= 0; axis--) {
        index[axis] = first % o->dimensions[axis];
        first /= o->dimensions[axis];
        s += index[axis] * o->strides[axis];
    }
    const int64_t length = o->dimensions[last], stride = o->strides[last];
    int64_t run = length - index[last];
    while (1) {
        if (run > n) run = n;
        if (stride == 1) FN(copy)(d, s, run);
        else if (stride == 0) FN(fill)(d, *s, run);
        else
            for (int64_t i = 0; i < run; i++) d[i] = s[i * stride];
        d += run;
        n -= run;
        if (n == 0) return;
        // The end of the innermost axis: back to its start, and on along the outer axes.
        s -= index[last] * stride;
        index[last] = 0;
        run = length;
        for (int64_t axis = last - 1; axis >= 0; axis--) {
            s += o->strides[axis];
            if (++index[axis] < o->dimensions[axis]) break;
            s -= o->dimensions[axis] * o->strides[axis];
            index[axis] = 0;
        }
    }
}

static void FN(gather)(T *d, const T *s, const apus_ew_operand *o, int64_t first, int64_t n) {
    if (o->access == APUS_EW_PERIODIC) FN(periodic)(d, s, o->inner, first, n);
    else if (o->access == APUS_EW_REPEATED) FN(repeated)(d, s, o->inner, first, n);
    else if (o->access == APUS_EW_STRIDED) FN(strided)(d, s, o, first, n);
    else FN(copy)(d, s + first, n);
}

#undef T
#undef FN
