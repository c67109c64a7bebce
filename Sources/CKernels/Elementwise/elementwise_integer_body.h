// The kernels of one integer type: plain loops that the compiler vectorizes. Defined by the includer:
//     T, UT        the type and its unsigned twin, in which arithmetic wraps
//     LOWEST       the least value (0 if unsigned)
//     FN(name)     the name of a kernel
//     CAST_SELF    the table index of the cast to T itself

#define HEAD(name) \
    static void FN(name)(void *d_, const void *a_, const void *b_, const void *c_, const void *e_, int64_t n) { \
        T *d = d_; const T *a = a_, *b = b_, *c = c_, *e = e_; (void)d; (void)a; (void)b; (void)c; (void)e;
// d is either exactly a source or apart from it, so that order does not matter.
#define LOOP _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < n; i++)

#define UNARY(name, expression) HEAD(name) LOOP { T x = a[i]; d[i] = (T)(expression); } }
#define BINARY(name, expression) \
    HEAD(name) LOOP { T x = a[i], y = b[i]; d[i] = (T)(expression); } } \
    HEAD(name##_b) T y = *b; LOOP { T x = a[i]; d[i] = (T)(expression); } }
// Scalar code: branches, divisions.
#define EACH(name, expression) \
    HEAD(name) for (int64_t i = 0; i < n; i++) { T x = a[i], y = b[i]; d[i] = expression; } } \
    HEAD(name##_b) T y = *b; for (int64_t i = 0; i < n; i++) { T x = a[i]; d[i] = expression; } }
#define TEST(name, expression) \
    HEAD(name) uint8_t *t = d_; LOOP { T x = a[i], y = b[i]; t[i] = expression; } } \
    HEAD(name##_b) uint8_t *t = d_; T y = *b; LOOP { T x = a[i]; t[i] = expression; } }
#define TERNARY(name, expression) \
    HEAD(name) LOOP { T x = a[i], y = b[i], z = c[i]; d[i] = (T)(expression); } } \
    HEAD(name##_bc) T y = *b, z = *c; LOOP { T x = a[i]; d[i] = (T)(expression); } }
#define CAST(name, W, expression) HEAD(name) W *w = d_; LOOP { T x = a[i]; w[i] = (W)(expression); } }

// MARK: Scalars

EW_INLINE T FN(quotient)(T x, T y) {
    if (y == 0) return 0;
    if (LOWEST < 0 && y == (T)-1) return (T)(0 - (UT)x);
    return x / y;
}

EW_INLINE T FN(python_remainder)(T x, T y) {
    if (y == 0 || (LOWEST < 0 && y == (T)-1)) return 0;
    T r = x % y;
    return r != 0 && (r < 0) != (y < 0) ? (T)(r + y) : r;
}

EW_INLINE T FN(power)(T x, T y) {
    if (y < 0) return x == 1 ? 1 : LOWEST < 0 && x == (T)-1 ? (y % 2 ? x : 1) : 0;
    UT result = 1, base = (UT)x;
    for (; y > 0; y = (T)(y >> 1), base = (UT)(base * base))
        if (y & 1) result = (UT)(result * base);
    return (T)result;
}

// MARK: Kernels

UNARY(copy, x)
HEAD(fill) T x = *a; LOOP d[i] = x; }
UNARY(neg, 0 - (UT)x)
UNARY(abs, x < 0 ? 0 - (UT)x : (UT)x)
UNARY(sign, (x > 0) - (x < 0))
UNARY(square, (UT)x * (UT)x)
UNARY(relu, x > 0 ? x : 0)
BINARY(add, (UT)x + (UT)y)
BINARY(sub, (UT)x - (UT)y)
BINARY(mul, (UT)x * (UT)y)
EACH(div, FN(quotient)(x, y))
EACH(pow, FN(power)(x, y))
EACH(remainder, FN(python_remainder)(x, y))
BINARY(min, x < y ? x : y)
BINARY(max, x > y ? x : y)
BINARY(and, x & y)
BINARY(or, x | y)
BINARY(xor, x ^ y)
TEST(eq, x == y)
TEST(ne, x != y)
TEST(lt, x < y)
TEST(le, x <= y)
TEST(gt, x > y)
TEST(ge, x >= y)
TERNARY(clamp, (x < y ? y : x) > z ? z : (x < y ? y : x))
TERNARY(fma, (UT)x * (UT)y + (UT)z)
TERNARY(fms, (UT)x * (UT)y - (UT)z)
TERNARY(fnma, (UT)z - (UT)x * (UT)y)
HEAD(axpby) LOOP d[i] = (T)((UT)a[i] * (UT)b[i] + (UT)c[i] * (UT)e[i]); }
HEAD(axpby_bd) UT s = (UT)*b, t = (UT)*e; LOOP d[i] = (T)((UT)a[i] * s + (UT)c[i] * t); }
HEAD(select) const uint8_t *t = a_; LOOP { T x = b[i], y = c[i]; d[i] = t[i] ? x : y; } }
HEAD(select_b) const uint8_t *t = a_; T x = *b; LOOP { T y = c[i]; d[i] = t[i] ? x : y; } }
HEAD(select_c) const uint8_t *t = a_; T y = *c; LOOP { T x = b[i]; d[i] = t[i] ? x : y; } }
HEAD(select_bc) const uint8_t *t = a_; T x = *b, y = *c; LOOP d[i] = t[i] ? x : y; }
CAST(not, uint8_t, x == 0)
CAST(cast_f32, float, x)
CAST(cast_f64, double, x)
CAST(cast_i32, int32_t, x)
CAST(cast_i64, int64_t, x)
CAST(cast_u8, uint8_t, x)
CAST(cast_bool, uint8_t, x != 0)

// MARK: Table

#define U(name) {[EW_VECTORS] = FN(name)}
#define VB(name) {[EW_VECTORS] = FN(name), [EW_SCALAR_B] = FN(name##_b)}
#define VBC(name) {[EW_VECTORS] = FN(name), [EW_SCALAR_BC] = FN(name##_bc)}

static const ew_kernel_forms FN(table)[EW_TABLE_SIZE] = {
    [APUS_EW_COPY] = {[EW_VECTORS] = FN(copy), [EW_SCALAR_A] = FN(fill)},
    [APUS_EW_NEG] = U(neg), [APUS_EW_ABS] = U(abs), [APUS_EW_SIGN] = U(sign), [APUS_EW_SQUARE] = U(square),
    [APUS_EW_RELU] = U(relu), [APUS_EW_NOT] = U(not), [APUS_EW_ADD] = VB(add), [APUS_EW_SUB] = VB(sub),
    [APUS_EW_MUL] = VB(mul), [APUS_EW_DIV] = VB(div), [APUS_EW_POW] = VB(pow), [APUS_EW_MIN] = VB(min),
    [APUS_EW_MAX] = VB(max), [APUS_EW_REMAINDER] = VB(remainder), [APUS_EW_EQ] = VB(eq), [APUS_EW_NE] = VB(ne),
    [APUS_EW_LT] = VB(lt), [APUS_EW_LE] = VB(le), [APUS_EW_GT] = VB(gt), [APUS_EW_GE] = VB(ge),
    [APUS_EW_AND] = VB(and), [APUS_EW_OR] = VB(or), [APUS_EW_XOR] = VB(xor),
    [APUS_EW_SELECT] = {[EW_VECTORS] = FN(select), [EW_SCALAR_B] = FN(select_b), [EW_SCALAR_C] = FN(select_c),
                        [EW_SCALAR_BC] = FN(select_bc)},
    [APUS_EW_CLAMP] = VBC(clamp), [APUS_EW_FMA] = VBC(fma), [APUS_EW_FMS] = VBC(fms), [APUS_EW_FNMA] = VBC(fnma),
    [APUS_EW_AXPBY] = {[EW_VECTORS] = FN(axpby), [EW_SCALAR_BD] = FN(axpby_bd)},
    [EW_CAST_F32] = U(cast_f32), [EW_CAST_F64] = U(cast_f64), [EW_CAST_I32] = U(cast_i32),
    [EW_CAST_I64] = U(cast_i64), [EW_CAST_U8] = U(cast_u8), [EW_CAST_BOOL] = U(cast_bool),
};

#undef HEAD
#undef LOOP
#undef UNARY
#undef BINARY
#undef EACH
#undef TEST
#undef TERNARY
#undef CAST
#undef U
#undef VB
#undef VBC
#undef T
#undef UT
#undef LOWEST
#undef FN
