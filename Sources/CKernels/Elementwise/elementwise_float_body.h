// The kernels of one float type. Defined by the includer:
//     T, V, M      the type, vectors of WIDTH of it, and vectors of WIDTH integers of the same size (comparisons)
//     B            vectors of WIDTH bytes
//     FN(name)     the name of a kernel
//     OTHER        the other float type; OTHERV vectors of it
//     CAST_SELF, CAST_OTHER, CAST_EXTRA   places and further entries in the table

#define LOAD(p) (*(const V##_memory *)(p))
#define STORE(p, x) (*(V##_memory *)(p) = (x))
#define HEAD(name) /* all arguments under their types; the body follows */ \
    static void FN(name)(void *d_, const void *a_, const void *b_, const void *c_, const void *e_, int64_t n) { \
        T *d = d_; const T *a = a_, *b = b_, *c = c_, *e = e_; (void)d; (void)a; (void)b; (void)c; (void)e;
#define LOOP for (int64_t i = 0; i < n; i += WIDTH)
#define UNARY(name, expression) \
    HEAD(name) LOOP { V x = LOAD(a + i); STORE(d + i, expression); } }
#define UNARY_TEST(name, expression) \
    HEAD(name) uint8_t *t = d_; LOOP { V x = LOAD(a + i); M m = expression; STORE_TEST(t + i, m); } }
#define STORE_TEST(p, m) (*(B##_memory *)(p) = __builtin_convertvector(m, B) & (uint8_t)1)

#define BINARY_VV(name, expression) \
    HEAD(name) LOOP { V x = LOAD(a + i), y = LOAD(b + i); STORE(d + i, expression); } }
#define BINARY_VS(name, expression) \
    HEAD(name##_b) V y = (V)(*b); LOOP { V x = LOAD(a + i); STORE(d + i, expression); } }
#define BINARY_SV(name, expression) \
    HEAD(name##_a) V x = (V)(*a); LOOP { V y = LOAD(b + i); STORE(d + i, expression); } }
#define BINARY(name, expression) BINARY_VV(name, expression) BINARY_VS(name, expression)
#define ORDERED(name, expression) BINARY(name, expression) BINARY_SV(name, expression)
#define TEST(name, expression) \
    HEAD(name) uint8_t *t = d_; \
        LOOP { V x = LOAD(a + i), y = LOAD(b + i); M m = expression; STORE_TEST(t + i, m); } } \
    HEAD(name##_b) uint8_t *t = d_; V y = (V)(*b); \
        LOOP { V x = LOAD(a + i); M m = expression; STORE_TEST(t + i, m); } }
#define TERNARY(name, expression) \
    HEAD(name) LOOP { V x = LOAD(a + i), y = LOAD(b + i), z = LOAD(c + i); STORE(d + i, expression); } } \
    HEAD(name##_b) V y = (V)(*b); \
        LOOP { V x = LOAD(a + i), z = LOAD(c + i); STORE(d + i, expression); } } \
    HEAD(name##_c) V z = (V)(*c); \
        LOOP { V x = LOAD(a + i), y = LOAD(b + i); STORE(d + i, expression); } } \
    HEAD(name##_bc) V y = (V)(*b), z = (V)(*c); LOOP { V x = LOAD(a + i); STORE(d + i, expression); } }
// Scalar functions of the C library, lane by lane.
#define EACH(name, expression) \
    HEAD(name) for (int64_t i = 0; i < n; i++) { T x = a[i]; d[i] = expression; } }
#define EACH2(name, expression) \
    HEAD(name) for (int64_t i = 0; i < n; i++) { T x = a[i], y = b[i]; d[i] = expression; } } \
    HEAD(name##_b) T y = *b; for (int64_t i = 0; i < n; i++) { T x = a[i]; d[i] = expression; } }
#define CAST(name, W, WV, expression) \
    HEAD(name) W *w = d_; LOOP { V x = LOAD(a + i); *(WV##_memory *)(w + i) = expression; } }

// MARK: Kernels

UNARY(copy, x)
HEAD(fill) V x = (V)(*a); LOOP STORE(d + i, x); }
UNARY(neg, -x)
UNARY(abs, __builtin_elementwise_abs(x))
UNARY(sign, x > 0 ? (V)1 : (x < 0 ? (V)-1 : x))
UNARY(square, x * x)
UNARY(relu, x < 0 ? (V)0 : x)
UNARY(sqrt, __builtin_elementwise_sqrt(x))
UNARY(rsqrt, (T)1 / __builtin_elementwise_sqrt(x))
UNARY(reciprocal, (T)1 / x)
UNARY(floor, __builtin_elementwise_floor(x))
UNARY(ceil, __builtin_elementwise_ceil(x))
UNARY(round, __builtin_elementwise_rint(x))
UNARY_TEST(is_finite, __builtin_elementwise_abs(x) < (T)INFINITY)
UNARY_TEST(not, x == 0)

BINARY(add, x + y)
ORDERED(sub, x - y)
BINARY(mul, x * y)
ORDERED(div, x / y)
BINARY(min, ((x < y) | (x != x)) ? x : y)
BINARY(max, ((x > y) | (x != x)) ? x : y)
BINARY(relu_mask, y > 0 ? x : (V)0)
BINARY(sigmoid_gradient, x * (y * ((T)1 - y)))
BINARY(tanh_gradient, x * ((T)1 - y * y))
TEST(eq, x == y)
TEST(ne, x != y)
TEST(lt, x < y)
TEST(le, x <= y)
TEST(gt, x > y)
TEST(ge, x >= y)

TERNARY(fma, x * y + z)
TERNARY(fms, x * y - z)
TERNARY(fnma, z - x * y)
EW_INLINE V FN(clamped)(V x, V low, V high) {
    V y = x < low ? low : x;
    return y > high ? high : y;
}
TERNARY(clamp, FN(clamped)(x, y, z))
HEAD(axpby) LOOP STORE(d + i, LOAD(a + i) * LOAD(b + i) + LOAD(c + i) * LOAD(e + i)); }
HEAD(axpby_bd) V s = (V)(*b), t = (V)(*e); LOOP STORE(d + i, LOAD(a + i) * s + LOAD(c + i) * t); }

#define CONDITION(i) (__builtin_convertvector(*(const B##_memory *)(t + (i)), M) != 0)
HEAD(select) const uint8_t *t = a_; LOOP STORE(d + i, CONDITION(i) ? LOAD(b + i) : LOAD(c + i)); }
HEAD(select_b) const uint8_t *t = a_; V x = (V)(*b); LOOP STORE(d + i, CONDITION(i) ? x : LOAD(c + i)); }
HEAD(select_c) const uint8_t *t = a_; V x = (V)(*c); LOOP STORE(d + i, CONDITION(i) ? LOAD(b + i) : x); }
HEAD(select_bc) const uint8_t *t = a_; V x = (V)(*b), y = (V)(*c); LOOP STORE(d + i, CONDITION(i) ? x : y); }

EW_INLINE T FN(python_remainder)(T x, T y) {
    T r = LIBM(fmod)(x, y);
    if (r == 0) return LIBM(copysign)(0, y);
    return (r < 0) != (y < 0) ? r + y : r;
}
EACH2(remainder, FN(python_remainder)(x, y))
EACH2(pow, LIBM(pow)(x, y))

// Out of range is excluded before the conversion, whose result would be undefined.
EW_INLINE I32V FN(to_int32)(V x) {
    M over = x >= (T)2147483648.0, in = (x >= (T)-2147483648.0) & (x < (T)2147483648.0);
    I32V y = __builtin_convertvector(in ? x : (V)0, I32V);
    y = __builtin_convertvector(over, I32V) != 0 ? (I32V)INT32_MAX : y;
    return __builtin_convertvector(x < (T)-2147483648.0, I32V) != 0 ? (I32V)INT32_MIN : y;
}
EW_INLINE void FN(to_int64)(V x, int64_t *d) {
    M over = x >= (T)9223372036854775808.0, under = x < (T)-9223372036854775808.0;
    M in = (x >= (T)-9223372036854775808.0) & (x < (T)9223372036854775808.0);
    I64V y = __builtin_convertvector(in ? x : (V)0, I64V);
    y = __builtin_convertvector(over, I64V) != 0 ? (I64V)INT64_MAX : y;
    *(I64V_memory *)d = __builtin_convertvector(under, I64V) != 0 ? (I64V)INT64_MIN : y;
}
EW_INLINE B FN(to_uint8)(V x) {
    V y = x > 255 ? (V)255 : x;
    return __builtin_convertvector(__builtin_convertvector(y > 0 ? y : (V)0, I32V), B);
}
CAST(cast_i32, int32_t, I32V, FN(to_int32)(x))
HEAD(cast_i64) LOOP FN(to_int64)(LOAD(a + i), (int64_t *)d_ + i); }
CAST(cast_u8, uint8_t, B, FN(to_uint8)(x))
UNARY_TEST(cast_bool, x != 0)
CAST(cast_other, OTHER, OTHERV, __builtin_convertvector(x, OTHERV))

// MARK: Table

#define U(name) {[EW_VECTORS] = FN(name)}
#define VB(name) {[EW_VECTORS] = FN(name), [EW_SCALAR_B] = FN(name##_b)}
#define VAB(name) {[EW_VECTORS] = FN(name), [EW_SCALAR_A] = FN(name##_a), [EW_SCALAR_B] = FN(name##_b)}
#define VBC(name) \
    {[EW_VECTORS] = FN(name), [EW_SCALAR_B] = FN(name##_b), [EW_SCALAR_C] = FN(name##_c), \
     [EW_SCALAR_BC] = FN(name##_bc)}

static const ew_kernel_forms FN(table)[EW_TABLE_SIZE] = {
    [APUS_EW_COPY] = {[EW_VECTORS] = FN(copy), [EW_SCALAR_A] = FN(fill)},
    [APUS_EW_NEG] = U(neg), [APUS_EW_ABS] = U(abs), [APUS_EW_SIGN] = U(sign), [APUS_EW_SQUARE] = U(square),
    [APUS_EW_RELU] = U(relu), [APUS_EW_EXP] = U(exp), [APUS_EW_EXPM1] = U(expm1), [APUS_EW_LOG] = U(log),
    [APUS_EW_LOG1P] = U(log1p), [APUS_EW_SQRT] = U(sqrt), [APUS_EW_RSQRT] = U(rsqrt),
    [APUS_EW_RECIPROCAL] = U(reciprocal), [APUS_EW_SIN] = U(sin), [APUS_EW_COS] = U(cos), [APUS_EW_TANH] = U(tanh),
    [APUS_EW_SIGMOID] = U(sigmoid), [APUS_EW_ERF] = U(erf), [APUS_EW_FLOOR] = U(floor), [APUS_EW_CEIL] = U(ceil),
    [APUS_EW_ROUND] = U(round), [APUS_EW_IS_FINITE] = U(is_finite), [APUS_EW_NOT] = U(not),
    [APUS_EW_ADD] = VB(add), [APUS_EW_SUB] = VAB(sub), [APUS_EW_MUL] = VB(mul), [APUS_EW_DIV] = VAB(div),
    [APUS_EW_POW] = VB(pow), [APUS_EW_MIN] = VB(min), [APUS_EW_MAX] = VB(max), [APUS_EW_REMAINDER] = VB(remainder),
    [APUS_EW_EQ] = VB(eq), [APUS_EW_NE] = VB(ne), [APUS_EW_LT] = VB(lt), [APUS_EW_LE] = VB(le), [APUS_EW_GT] = VB(gt),
    [APUS_EW_GE] = VB(ge), [APUS_EW_RELU_MASK] = VB(relu_mask), [APUS_EW_SIGMOID_GRADIENT] = VB(sigmoid_gradient),
    [APUS_EW_TANH_GRADIENT] = VB(tanh_gradient), [APUS_EW_SELECT] = VBC(select), [APUS_EW_CLAMP] = VBC(clamp),
    [APUS_EW_FMA] = VBC(fma), [APUS_EW_FMS] = VBC(fms), [APUS_EW_FNMA] = VBC(fnma),
    [APUS_EW_AXPBY] = {[EW_VECTORS] = FN(axpby), [EW_SCALAR_BD] = FN(axpby_bd)},
    [EW_CAST_I32] = U(cast_i32), [EW_CAST_I64] = U(cast_i64), [EW_CAST_U8] = U(cast_u8), [EW_CAST_BOOL] = U(cast_bool),
    [CAST_SELF] = U(copy), [CAST_OTHER] = U(cast_other), CAST_EXTRA
};
