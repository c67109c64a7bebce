// exp, sigmoid and tanh for one float type; vector_math.h includes this file for scalars and for vectors.
//     MATH_FN(f)             the name of f for this type
//     MATH_FLOAT, MATH_INT   the type, and as many int32
//     MATH_SPLAT(c)          the constant c in every lane
//     MATH_SELECT(c, a, b)   a where the comparison c holds, b elsewhere
//     MATH_BITS, MATH_FLOATS a float's bits as int32, and the reverse
// Every input is allowed and NaN propagates. `a * b + c` is one fused operation where the CPU has it.

/// Splits x = n ln(2) + f with n an integer and |f| <= ln(2)/2; |x| < 2^20.
MATH_INLINE MATH_FLOAT MATH_FN(exp_reduce)(MATH_FLOAT x, MATH_INT *n) {
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    MATH_FLOAT shifted = x * 0x1.715476p+0f + 0x1.8p+23f;
    *n = MATH_BITS(shifted) - 0x4b400000;
    MATH_FLOAT rounded = shifted - 0x1.8p+23f;
    // ln(2) in two parts; the product with the first, of ten bits, is exact.
    MATH_FLOAT f = x - rounded * 0x1.63p-1f;
    return f + rounded * 0x1.bd0106p-13f;
}

/// e^f - 1 - f for |f| <= ln(2)/2: f² times a polynomial fitted to the least relative error of e^f - 1 (2e-8).
MATH_INLINE MATH_FLOAT MATH_FN(exp_remainder)(MATH_FLOAT f) {
    MATH_FLOAT p = f * 0x1.6bec06p-10f + 0x1.122772p-7f;
    p = p * f + 0x1.555674p-5f;
    p = p * f + 0x1.5554b0p-3f;
    p = p * f + 0x1.fffffep-2f;
    return p * (f * f);
}

/// 2^n for -126 <= n <= 127.
MATH_INLINE MATH_FLOAT MATH_FN(power_of_two)(MATH_INT n) { return MATH_FLOATS((n + 127) << 23); }

/// e^x: infinite above 88.72, denormal below -87.34, zero below -103.97.
MATH_INLINE MATH_FLOAT MATH_FN(exp)(MATH_FLOAT x) {
    x = MATH_SELECT(x > MATH_SPLAT(89.0f), MATH_SPLAT(89.0f), x);
    x = MATH_SELECT(x < MATH_SPLAT(-105.0f), MATH_SPLAT(-105.0f), x);
    MATH_INT n;
    MATH_FLOAT f = MATH_FN(exp_reduce)(x, &n);
    MATH_FLOAT y = MATH_FN(exp_remainder)(f) + f + 1.0f;
    // 2^n in two steps, since n is in -152...128.
    MATH_INT half = n >> 1;
    return y * MATH_FN(power_of_two)(half) * MATH_FN(power_of_two)(n - half);
}

/// 1 / (1 + e^-x), with full relative accuracy where it is small.
MATH_INLINE MATH_FLOAT MATH_FN(sigmoid)(MATH_FLOAT x) {
    MATH_FLOAT magnitude = MATH_FLOATS(MATH_BITS(x) & 0x7fffffff);
    MATH_FLOAT e = MATH_FN(exp)(-magnitude);
    return MATH_SELECT(x < MATH_SPLAT(0.0f), e, MATH_SPLAT(1.0f)) / (e + 1.0f);
}

/// tanh x = -(e^-2|x| - 1) / (e^-2|x| + 1) with the sign of x, with full relative accuracy also near 0.
MATH_INLINE MATH_FLOAT MATH_FN(tanh)(MATH_FLOAT x) {
    MATH_INT bits = MATH_BITS(x), sign = bits & ~0x7fffffff;
    MATH_FLOAT z = MATH_FLOATS(bits ^ sign) * -2.0f;
    z = MATH_SELECT(z < MATH_SPLAT(-40.0f), MATH_SPLAT(-40.0f), z);
    MATH_INT n;
    MATH_FLOAT f = MATH_FN(exp_reduce)(z, &n);
    MATH_FLOAT power = MATH_FN(power_of_two)(n);
    // e^z - 1 = 2^n (e^f - 1) + (2^n - 1); for small z the second term is 0 and nothing cancels.
    MATH_FLOAT difference = (MATH_FN(exp_remainder)(f) + f) * power + (power - 1.0f);
    return MATH_FLOATS((MATH_BITS(difference / (difference + 2.0f)) & 0x7fffffff) | sign);
}
