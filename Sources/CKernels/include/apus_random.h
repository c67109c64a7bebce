// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
#ifndef APUS_RANDOM_H
#define APUS_RANDOM_H

#include "apus_base.h"

/// The Philox4x32-10 block function: `out` = four random words of a counter under a key.
void apus_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

enum apus_random_distribution {
    APUS_RANDOM_UNIFORM = 0,           ///< Floats in [first, second).
    APUS_RANDOM_NORMAL = 1,            ///< Floats; mean first, standard deviation second.
    APUS_RANDOM_TRUNCATED_NORMAL = 2,  ///< The same, conditioned on lying within two standard deviations of the mean.
    APUS_RANDOM_BERNOULLI = 3,         ///< 1 with probability first, else 0; any element type.
    APUS_RANDOM_INTEGER = 4,           ///< Integers in [low, high): int32, int64, uint8.
};

typedef struct {
    int32_t distribution;  ///< enum apus_random_distribution
    int32_t type;          ///< enum apus_type of the output
    int64_t count;
    uint64_t stream;  ///< Tells apart the draws of one step.
    double first, second;
    int64_t low, high;  ///< APUS_RANDOM_INTEGER; 0 < high - low < 2^63, and <= 2^32 for 32-bit words.
} apus_random_parameters;

/// Buffers: 0 key (int64[2]: seed, step), 1 output (`count` elements).
///
/// Group g of four words w[0..<4] is the Philox block with
///
///     key     = (seed low, seed high)
///     counter = (g low, g high ^ stream high, stream low, step low ^ step high)
///
/// where low and high are the halves of the 64 bits. With the element type float32, bfloat16, int32, uint8, bool:
/// element i comes from word W = w[i % 4] of group i / 4:
///
/// - uniform: u = (W >> 8) * 2^-24; first + u * (second - first) in float32, at most the largest value of the type
/// below
///   second;
/// - Bernoulli: W < round(first * 2^32);
/// - integer: low + ((W * (high - low)) >> 32) in 64-bit arithmetic (bias at most (high - low) * 2^-32);
/// - truncated normal: x = ((int32)W + 0.5) * 2^-31; mean + deviation * sqrt(2) * erfinv(x * erf(sqrt(2)));
/// - normal: elements 4g, 4g+1 come from w[0], w[1], and 4g+2, 4g+3 from w[2], w[3], as the pair (U, V) of words:
///   r = sqrt(-2 log(U * 2^-32 + 2^-33)), t = 2 pi * (int32)V * 2^-32: mean + deviation * (r cos t, r sin t).
///
/// With float64 and int64 (Bernoulli excepted, which is as above), element i comes from the 64-bit word
/// W = w[2j] + w[2j+1] * 2^32, j = i % 2, of group i / 2:
///
/// - uniform: u = (W >> 11) * 2^-53; integer: low + high half of the 128-bit product W * (high - low);
/// - truncated normal: x = ((int64)W + 0.5) * 2^-63 as above; normal: elements 2g, 2g+1 from the two 64-bit words (U,
/// V)
///   of group g: r = sqrt(-2 log(((U >> 11) + 0.5) * 2^-53)), t = 2 pi * ((int64)V >> 11) * 2^-53.
///
/// Returns 1 for a combination that does not exist. Words do not depend on threads or CPU; transcendental functions are
/// accurate to a few units in the last place, whose last bits may depend on the CPU.
int apus_random(void *const *buffers, const void *parameters);

#endif
