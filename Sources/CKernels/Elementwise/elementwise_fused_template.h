// The fused loops of elementwise_fused.h. An output may be exactly an input: each element is read before it is written.
#include "elementwise_math.h"

#define fmem APUS_FN(ew_fused_memory)
typedef float fmem __attribute__((ext_vector_type(APUS_LANES), aligned(4), may_alias));
#define IN_(k) (*(const fmem *)((const float *)p[k] + i))
#define OUT_(k) (*(fmem *)((float *)p[k] + i))
#define SCALAR_(k) ((fvec)(*(const float *)p[k]))

static void APUS_FN(ew_sgd)(void *const *p, int64_t n) {
    fvec rate = SCALAR_(3);
    for (int64_t i = 0; i < n; i += APUS_LANES) OUT_(2) = IN_(0) - rate * IN_(1);
}

static void APUS_FN(ew_momentum)(void *const *p, int64_t n) {
    fvec rate = SCALAR_(5), momentum = SCALAR_(6);
    for (int64_t i = 0; i < n; i += APUS_LANES) {
        fvec m = momentum * IN_(2) + IN_(1), w = IN_(0) - rate * m;
        OUT_(4) = m;
        OUT_(3) = w;
    }
}

static void APUS_FN(ew_velocity)(void *const *p, int64_t n) {
    fvec rate = SCALAR_(5), momentum = SCALAR_(6);
    for (int64_t i = 0; i < n; i += APUS_LANES) {
        fvec v = momentum * IN_(2) - rate * IN_(1), w = IN_(0) + v;
        OUT_(4) = v;
        OUT_(3) = w;
    }
}

enum { APUS_FN(PLAIN), APUS_FN(CORRECTED), APUS_FN(L2), APUS_FN(DECOUPLED) };

EW_INLINE void APUS_FN(ew_adam_loop)(void *const *p, int64_t n, int kind) {
    const float *w_in = p[0], *g_in = p[1], *m_in = p[2], *v_in = p[3];
    float *w_out = p[4], *m_out = p[5], *v_out = p[6];
    fvec decay1 = SCALAR_(7), rest1 = SCALAR_(8), decay2 = SCALAR_(9), rest2 = SCALAR_(10);
    fvec rate = SCALAR_(11), epsilon = SCALAR_(12), correction = (fvec)1, weight = (fvec)0;
    if (kind != APUS_FN(PLAIN)) {
        rate = rate / SCALAR_(13);
        correction = 1.0f / SCALAR_(14);
    }
    if (kind == APUS_FN(L2) || kind == APUS_FN(DECOUPLED)) weight = SCALAR_(15);
    for (int64_t i = 0; i < n; i += APUS_LANES) {
        fvec w = *(const fmem *)(w_in + i), g = *(const fmem *)(g_in + i);
        if (kind == APUS_FN(L2)) g = g + weight * w;
        fvec m = decay1 * *(const fmem *)(m_in + i) + rest1 * g;
        fvec v = decay2 * *(const fmem *)(v_in + i) + rest2 * (g * g);
        fvec root = __builtin_elementwise_sqrt(kind == APUS_FN(PLAIN) ? v : v * correction);
        if (kind == APUS_FN(DECOUPLED)) w = w * weight;
        *(fmem *)(m_out + i) = m;
        *(fmem *)(v_out + i) = v;
        *(fmem *)(w_out + i) = w - (rate * m) / (root + epsilon);
    }
}

static void APUS_FN(ew_adam)(void *const *p, int64_t n) { APUS_FN(ew_adam_loop)(p, n, APUS_FN(PLAIN)); }
static void APUS_FN(ew_adam_corrected)(void *const *p, int64_t n) { APUS_FN(ew_adam_loop)(p, n, APUS_FN(CORRECTED)); }
static void APUS_FN(ew_adam_l2)(void *const *p, int64_t n) { APUS_FN(ew_adam_loop)(p, n, APUS_FN(L2)); }
static void APUS_FN(ew_adamw)(void *const *p, int64_t n) { APUS_FN(ew_adam_loop)(p, n, APUS_FN(DECOUPLED)); }
