// Attention by scaled dot products that never writes the matrix of weights, and its gradients. float32.
#ifndef APUS_ATTENTION_H
#define APUS_ATTENTION_H

#include "apus_base.h"

/// What a mask says of a query and a key.
enum apus_attention_mask {
    APUS_ATTENTION_NO_MASK = 0,
    /// Bytes: whether the query sees the key.
    APUS_ATTENTION_SEEN = 1,
    /// float32: what is added to their product; -infinity hides the key.
    APUS_ATTENTION_ADDED = 2,
};

typedef struct {
    /// The number of samples, of heads of queries, and of heads of keys and values, of which each serves heads / groups
    /// queries' heads that follow each other.
    int64_t samples, heads, groups;
    /// The positions of queries and of keys.
    int64_t queries, keys;
    /// The features of a query and a key, and those of a value.
    int64_t size, depth;
    /// 1: query t sees the keys up to t alone.
    int32_t causal;
    /// The factor of the dot products.
    float scale;
    /// One of `apus_attention_mask`, and the elements from one sample, head, query and key of the mask to the next; 0 where
    /// one serves all.
    int32_t mask;
    int64_t mask_strides[4];
    /// The most threads that take part, at least 1: each needs scratch of its own. Set it to `apus_thread_count()`. The
    /// results do not depend on it, nor on the number of threads there are later.
    int64_t threads;
} apus_attention_parameters;

/// y[n, t, h] = sum over j of softmax(scale q[n, t, h] . k[n, j, h'])[j] v[n, j, h'], h' the group of h.
///
/// q is [samples, queries, heads, size], k [samples, keys, groups, size], v [samples, keys, groups, depth], y [samples,
/// queries, heads, depth]. With statistics also writes [samples, heads, queries], the logarithm of the sum of
/// exponentials of each query, which the gradients read. A query that sees nothing finds 0.
/// Buffers: q, k, v, y, statistics (or NULL), scratch, mask (or NULL).
int apus_attention(void *const *buffers, const void *parameters);

/// The gradients to q, k and v from g, the gradient to y, and y. Without statistics they are computed again.
/// Buffers: q, k, v, y, g, statistics (or NULL), dq (or NULL), dk (or NULL), dv (or NULL), scratch, mask (or NULL). What is
/// written overlaps nothing.
int apus_attention_gradient(void *const *buffers, const void *parameters);

/// The bytes of scratch that each of them needs, 64-byte aligned.
int64_t apus_attention_scratch_bytes(const apus_attention_parameters *parameters);
int64_t apus_attention_gradient_scratch_bytes(const apus_attention_parameters *parameters);

#endif
