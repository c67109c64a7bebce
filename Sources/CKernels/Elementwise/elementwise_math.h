// Elementary functions on vectors of APUS_LANES floats: within about two units in the last place, IEEE on NaN,
// infinities and overflow. Included by templates (see multiversion.h), so that there is one version an instruction set.
//
// Polynomials are weighted minimax fits to float64 references; their own errors are below 1e-9, the rest is rounding.

#include <math.h>

#define fvec APUS_FN(ew_fvec)
#define ivec APUS_FN(ew_ivec)
#define uvec APUS_FN(ew_uvec)
typedef float fvec __attribute__((ext_vector_type(APUS_LANES)));
typedef int32_t ivec __attribute__((ext_vector_type(APUS_LANES)));
typedef uint32_t uvec __attribute__((ext_vector_type(APUS_LANES)));

#undef EW_INLINE
#define EW_INLINE static inline __attribute__((always_inline, unused))
#define EW_BITS(x) __builtin_bit_cast(ivec, (x))
#define EW_FLOAT(x) __builtin_bit_cast(fvec, (x))
// A float so large that adding it rounds to an integer, which then stands in the low bits.
#define EW_MAGIC 12582912.0f

#define fexp APUS_FN(ew_exp)
#define fexpm1 APUS_FN(ew_expm1)
#define flog APUS_FN(ew_log)
#define flog_scaled APUS_FN(ew_log_scaled)
#define flog1p APUS_FN(ew_log1p)
#define fsin APUS_FN(ew_sin)
#define fcos APUS_FN(ew_cos)
#define fsincos APUS_FN(ew_sincos)
#define fquarter APUS_FN(ew_quarter)
#define ftanh APUS_FN(ew_tanh)
#define fsigmoid APUS_FN(ew_sigmoid)
#define ferf APUS_FN(ew_erf)
#define fscale APUS_FN(ew_scale)
#define fexp_reduce APUS_FN(ew_exp_reduce)

/// y * 2^n, right also for subnormal and infinite results.
EW_INLINE fvec fscale(fvec y, ivec n) {
#if APUS_LANES == 16 && defined(__x86_64__)
    // One instruction instead of seven: exp is a quarter faster.
    return __builtin_ia32_scalefps512_mask(y, __builtin_convertvector(n, fvec), y, (unsigned short)-1, 4);
#else
    ivec half = n >> 1;  // two factors, since 2^n itself may be out of range
    return y * EW_FLOAT((half + 127) << 23) * EW_FLOAT((n - half + 127) << 23);
#endif
}

/// expm1(r) and n with x = n log 2 + r, |r| <= log(2)/2.
EW_INLINE fvec fexp_reduce(fvec x, ivec *exponent) {
    fvec shifted = x * 1.44269504f + EW_MAGIC;
    *exponent = EW_BITS(shifted) - EW_BITS((fvec)EW_MAGIC);
    fvec n = shifted - EW_MAGIC;
    fvec r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    fvec p = (fvec)1.984595723e-04f;
    p = p * r + 1.394165293e-03f;
    p = p * r + 8.333391640e-03f;
    p = p * r + 4.166634870e-02f;
    p = p * r + 1.666666635e-01f;
    p = p * r + 0.5f;
    return (r * r) * p + r;
}

EW_INLINE fvec fexp(fvec x) {
    ivec n;
    x = x < -104.0f ? (fvec)-104.0f : x;  // NaN passes both
    x = x > 89.0f ? (fvec)89.0f : x;
    return fscale(fexp_reduce(x, &n) + 1.0f, n);
}

EW_INLINE fvec fexpm1(fvec x) {
    ivec n;
    x = x < -18.0f ? (fvec)-18.0f : x;
    x = x > 89.0f ? (fvec)89.0f : x;
    fvec y = fexp_reduce(x, &n);
    fvec half = EW_FLOAT((n + 126) << 23);  // 2^n / 2
    return 2.0f * (half * y + (half - 0.5f));
}

EW_INLINE fvec flog_scaled(fvec x, ivec scale) {
    ivec bits = EW_BITS(x) - 0x3f3504f3;  // relative to sqrt(1/2)
    fvec e = __builtin_convertvector((bits >> 23) - scale, fvec);
    fvec f = EW_FLOAT((bits & 0x7fffff) + 0x3f3504f3) - 1.0f;
    fvec p = (fvec)6.746601338e-02f;
    p = p * f - 1.167564131e-01f;
    p = p * f + 1.188817460e-01f;
    p = p * f - 1.240559142e-01f;
    p = p * f + 1.421955091e-01f;
    p = p * f - 1.666799567e-01f;
    p = p * f + 2.000211873e-01f;
    p = p * f - 2.500000960e-01f;
    p = p * f + 3.333331260e-01f;
    fvec z = f * f;
    fvec y = p * (f * z) - e * 2.12194440e-4f;
    y = y - 0.5f * z;
    return (y + f) + e * 0.693359375f;
}

EW_INLINE fvec flog(fvec x) {
    ivec tiny = x < 1.17549435e-38f;
    fvec y = flog_scaled(tiny ? x * 8388608.0f : x, tiny & 23);
    y = x < INFINITY ? y : x;
    return x > 0.0f ? y : (x == 0.0f ? (fvec)-INFINITY : (fvec)NAN);
}

EW_INLINE fvec flog1p(fvec x) {
    fvec u = x + 1.0f;
    fvec lost = x > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
    fvec y = flog(u);
    return ((u > 0.0f) & (u < INFINITY)) ? y + lost / u : y;
}

/// Sine and cosine of |r| <= pi/4.
EW_INLINE void fquarter(fvec r, fvec *sine, fvec *cosine) {
    fvec z = r * r;
    fvec s = (fvec)2.718114017e-06f;
    s = s * z - 1.983931147e-04f;
    s = s * z + 8.333329302e-03f;
    s = s * z - 1.666666664e-01f;
    *sine = (s * z) * r + r;
    fvec c = (fvec)-2.720568321e-07f;
    c = c * z + 2.479945929e-05f;
    c = c * z - 1.388888350e-03f;
    c = c * z + 4.166666662e-02f;
    *cosine = (c * z) * z + (1.0f - 0.5f * z);
}

/// Sine (shift 0) or cosine (shift 1).
EW_INLINE fvec fsincos(fvec x, int shift) {
    fvec shifted = x * 0.636619772f + EW_MAGIC;
    ivec quadrant = EW_BITS(shifted) + shift;
    fvec n = shifted - EW_MAGIC;
    // pi/2 in four parts, of which three times n is exact for |x| <= 1e4.
    fvec r = x - n * 1.5703125f;
    r = r - n * 4.837512969970703125e-4f;
    r = r - n * 7.549533620476723e-8f;
    r = r - n * 2.5633441515971907e-12f;
    fvec sine, cosine;
    fquarter(r, &sine, &cosine);
    fvec y = (quadrant & 1) != 0 ? cosine : sine;
    y = EW_FLOAT(EW_BITS(y) ^ ((quadrant & 2) << 30));
    ivec far = ~(__builtin_elementwise_abs(x) <= 1.0e4f);  // also NaN and infinity
    if (__builtin_expect(__builtin_reduce_or(far) != 0, 0))
        for (int i = 0; i < APUS_LANES; i++)
            if (far[i]) y[i] = shift ? cosf(x[i]) : sinf(x[i]);
    return y;
}

EW_INLINE fvec fsin(fvec x) { return fsincos(x, 0); }
EW_INLINE fvec fcos(fvec x) { return fsincos(x, 1); }

EW_INLINE fvec fsigmoid(fvec x) { return 1.0f / (1.0f + fexp(-x)); }

EW_INLINE fvec ftanh(fvec x) {
    fvec t = __builtin_elementwise_abs(x);
    fvec e = fexpm1(2.0f * (t > 10.0f ? (fvec)10.0f : t));
    return __builtin_elementwise_copysign(e / (e + 2.0f), x);
}

EW_INLINE fvec ferf(fvec x) {
    fvec t = __builtin_elementwise_abs(x);
    t = t > 4.0f ? (fvec)4.0f : t;
    fvec z = t * t;
    fvec p = (fvec)8.316772382e-05f;  // erf(x)/x - 1 in z = x*x
    p = p * z - 8.130011941e-04f;
    p = p * z + 5.199906599e-03f;
    p = p * z - 2.685894148e-02f;
    p = p * z + 1.128368719e-01f;
    p = p * z - 3.761263319e-01f;
    p = p * z + 1.283791666e-01f;
    fvec near = p * x + x;
    fvec q = (fvec)1.123146521e-05f;  // -log(erfc(t))/t - 1
    q = q * t - 3.228053900e-04f;
    q = q * t + 3.642465011e-03f;
    q = q * t - 2.376207504e-02f;
    q = q * t + 1.062368911e-01f;
    q = q * t + 6.351513087e-01f;
    q = q * t + 1.286484921e-01f;
    fvec far = __builtin_elementwise_copysign(1.0f - fexp(-(q * t + t)), x);
    return t < 0.925f ? near : far;
}
