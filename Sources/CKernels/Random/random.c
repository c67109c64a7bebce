// Random numbers by counter: which word an element comes from depends on its index only.
#include "apus_random.h"

#include <math.h>
#include <string.h>

#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

/// What all elements of a call share.
typedef struct {
    uint32_t key0, key1;
    uint32_t counter1, counter2, counter3;  // counter1: to be combined with the group's high half
    int distribution;
    float first, second, limit;
    uint64_t threshold;  // Bernoulli: 2^32 p
} random_draw;

typedef uint32_t random_bits __attribute__((may_alias));

typedef struct {
    void (*words)(const random_draw *r, uint64_t first_group, uint32_t *words);  // 64
    void (*floats)(const random_draw *r, const uint32_t *words, float *d);       // 64
    void (*bytes)(const random_draw *r, const uint32_t *words, uint8_t *d);      // 64, Bernoulli
    void (*bfloats)(const float *s, uint16_t *d);                                // 64
} random_functions;

#define APUS_TEMPLATE "random_template.h"
#include "multiversion.h"

void apus_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c[4], k[2];
    memcpy(c, counter, sizeof c);
    memcpy(k, key, sizeof k);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)c[0] * PHILOX_M0, p1 = (uint64_t)c[2] * PHILOX_M1;
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k[0], (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c[3] ^ k[1],
                            (uint32_t)p0};
        memcpy(c, next, sizeof c);
        k[0] += PHILOX_W0;
        k[1] += PHILOX_W1;
    }
    memcpy(out, c, sizeof c);
}

// MARK: 64-bit elements

static double uniform64(const apus_random_parameters *p, uint64_t word) {
    double u = (double)(word >> 11) * 0x1p-53, x = p->first + u * (p->second - p->first);
    return x < p->second || p->second <= p->first ? x : nextafter(p->second, -INFINITY);
}

/// sqrt(2) erfinv(x): Newton's method from a float32 estimate.
static double truncated64(uint64_t word) {
    double x = ((double)(int64_t)word + 0.5) * 0x1p-63 * 0.95449973610364158560;
    double w = -log1p(-x * x), z = 4.524535008e-05;
    z = z * w - 9.436440115e-05;
    z = z * w - 3.425301618e-03;
    z = z * w + 1.640564964e-02;
    z = z * w + 3.281019230e-01;
    z = (z * w + 1.253314621) * x;
    for (int i = 0; i < 2; i++) z -= (erf(z * 0.70710678118654752440) - x) * 1.2533141373155002512 * exp(0.5 * z * z);
    return z > 2 ? 2 : z < -2 ? -2 : z;
}

/// The elements of one group: two.
static void elements64(const apus_random_parameters *p, const uint32_t *words, void *d) {
    uint64_t w[2] = {words[0] | (uint64_t)words[1] << 32, words[2] | (uint64_t)words[3] << 32};
    double *x = d;
    switch (p->distribution) {
    case APUS_RANDOM_UNIFORM:
        for (int i = 0; i < 2; i++) x[i] = uniform64(p, w[i]);
        break;
    case APUS_RANDOM_NORMAL: {
        double r = p->second * sqrt(-2 * log(((double)(w[0] >> 11) + 0.5) * 0x1p-53));
        double t = 6.283185307179586477 * ((double)((int64_t)w[1] >> 11) * 0x1p-53);
        x[0] = p->first + r * cos(t);
        x[1] = p->first + r * sin(t);
        break;
    }
    case APUS_RANDOM_TRUNCATED_NORMAL:
        for (int i = 0; i < 2; i++) x[i] = p->first + p->second * truncated64(w[i]);
        break;
    default:
        for (int i = 0; i < 2; i++) {
            uint64_t range = (uint64_t)p->high - (uint64_t)p->low;
            uint64_t offset = (uint64_t)((unsigned __int128)w[i] * range >> 64);
            ((int64_t *)d)[i] = (int64_t)((uint64_t)p->low + offset);
        }
    }
}

// MARK: The kernel

enum { CHUNK = 4096 };  // elements of a task

typedef struct {
    const apus_random_parameters *parameters;
    random_draw draw;
    const random_functions *functions;
    unsigned char *output;
    int size;       // bytes of an element
    int per_batch;  // elements of 16 groups: 64, or 32 of 64 bits
} call;

/// The elements of 16 groups.
static void batch(const call *c, const uint32_t *words, void *d) {
    const apus_random_parameters *p = c->parameters;
    _Alignas(64) float floats[64];
    if (c->per_batch == 32) {
        for (int group = 0; group < 16; group++) elements64(p, words + 4 * group, (unsigned char *)d + 16 * group);
        return;
    }
    uint32_t range = (uint32_t)((uint64_t)p->high - (uint64_t)p->low - 1);  // minus 1, so that 2^32 fits
    switch (p->type) {
    case APUS_FLOAT32: c->functions->floats(&c->draw, words, d); break;
    case APUS_BFLOAT16:
        c->functions->floats(&c->draw, words, floats);
        c->functions->bfloats(floats, d);
        break;
    case APUS_INT32:
        for (int i = 0; i < 64; i++)
            ((int32_t *)d)[i] = p->distribution == APUS_RANDOM_BERNOULLI
                ? words[i] < c->draw.threshold
                : (int32_t)((uint32_t)p->low + (uint32_t)((words[i] * ((uint64_t)range + 1)) >> 32));
        break;
    case APUS_FLOAT64:
        for (int i = 0; i < 64; i++) ((double *)d)[i] = words[i] < c->draw.threshold;
        break;
    case APUS_INT64:
        for (int i = 0; i < 64; i++) ((int64_t *)d)[i] = words[i] < c->draw.threshold;
        break;
    default:
        if (p->distribution == APUS_RANDOM_BERNOULLI)
            c->functions->bytes(&c->draw, words, d);
        else
            for (int i = 0; i < 64; i++)
                ((uint8_t *)d)[i] = (uint8_t)(p->low + (int64_t)((words[i] * ((uint64_t)range + 1)) >> 32));
    }
}

static void run_chunks(void *context, int64_t first, int64_t last) {
    const call *c = context;
    int64_t count = c->parameters->count, end = last * CHUNK < count ? last * CHUNK : count;
    _Alignas(64) uint32_t words[64];
    _Alignas(64) unsigned char rest[512];
    for (int64_t i = first * CHUNK; i < end; i += c->per_batch) {
        c->functions->words(&c->draw, (uint64_t)(i / c->per_batch * 16), words);
        if (end - i >= c->per_batch) {
            batch(c, words, c->output + i * c->size);
        } else {
            batch(c, words, rest);
            memcpy(c->output + i * c->size, rest, (size_t)((end - i) * c->size));
        }
    }
}

static bool exists(const apus_random_parameters *p) {
    bool is_float = p->type == APUS_FLOAT32 || p->type == APUS_BFLOAT16 || p->type == APUS_FLOAT64;
    if (p->type < APUS_FLOAT32 || p->type > APUS_BOOL || p->count < 0) return false;
    switch (p->distribution) {
    case APUS_RANDOM_UNIFORM:
    case APUS_RANDOM_NORMAL:
    case APUS_RANDOM_TRUNCATED_NORMAL: return is_float;
    case APUS_RANDOM_BERNOULLI: return true;
    case APUS_RANDOM_INTEGER: {
        int64_t range;
        if (is_float || p->type == APUS_BOOL) return false;
        if (__builtin_sub_overflow(p->high, p->low, &range) || range <= 0) return false;
        return p->type == APUS_INT64 || range <= (int64_t)1 << 32;
    }
    default: return false;
    }
}

/// The largest value of the element type below `x`.
static float below(float x, int type) {
    if (type == APUS_FLOAT32) return nextafterf(x, -INFINITY);
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bool exact = (bits & 0xffff) == 0;
    // Towards zero is down for positive x; for zero and negative x the magnitude grows.
    if (x > 0)
        bits = exact ? bits - 0x10000 : bits & 0xffff0000;
    else if (x == 0)
        bits = 0x80010000;
    else
        bits = exact ? bits + 0x10000 : (bits + 0x10000) & 0xffff0000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

int apus_random(void *const *buffers, const void *parameters) {
    static const uint8_t sizes[] = {4, 2, 8, 4, 8, 1, 1};
    const apus_random_parameters *p = parameters;
    if (!exists(p)) return 1;
    const uint64_t *key = buffers[0];
    call c = {.parameters = p, .output = buffers[1], .size = sizes[p->type], .functions = APUS_DISPATCH(random_table)};
    c.per_batch = c.size == 8 && p->distribution != APUS_RANDOM_BERNOULLI ? 32 : 64;
    float first = (float)p->first, second = (float)p->second;
    double threshold = rint(p->first * 0x1p32);
    c.draw = (random_draw){.key0 = (uint32_t)key[0],
                           .key1 = (uint32_t)(key[0] >> 32),
                           .counter1 = (uint32_t)(p->stream >> 32),
                           .counter2 = (uint32_t)p->stream,
                           .counter3 = (uint32_t)key[1] ^ (uint32_t)(key[1] >> 32),
                           .distribution = p->distribution,
                           .first = first,
                           .second = second,
                           .limit = first < second ? below(second, p->type) : INFINITY,
                           .threshold = threshold > 0 ? threshold < 0x1p32 ? (uint64_t)threshold : (uint64_t)1 << 32
                                                      : 0};
    int64_t chunks = (p->count + CHUNK - 1) / CHUNK;
    if (p->count > 2 * CHUNK)
        apus_parallel_for(chunks, run_chunks, &c);
    else
        run_chunks(&c, 0, chunks);
    return 0;
}
