// Operations that only language models need: root-mean-square normalisation, rotary positions, gated
// activations, causal attention over cached keys and values, products of 8-bit weights with one token,
// and what is summed up over the vocabulary.
//
// Activations are panels as in CKernels.h, of which strips are 16 tokens.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SECATEUR_GROUP 64

// One head's cached keys and values [tokens][stride], rows of `dimensions` numbers filled up with zeros.
typedef struct {
    const float *keys, *values;
    size_t stride, dimensions;
    float scale;
} secateur_head;

// 8-bit weights in groups of 64 columns, the last filled up with zeros: [rows][groups][64], or where `masks`
// is not NULL, the kept values only: bit i of masks[row*groups + g] says whether column 64*g + i is kept, and
// the row's values start at values[starts[row]]. 64 bytes past the last value must be readable.
// A weight is its value times the group's scale [rows][groups], the upper half of a float.
typedef struct {
    const int8_t *values;
    const uint16_t *scales;
    const uint64_t *masks;
    const uint32_t *starts;
    const float *bias; // [rows]
    size_t rows, groups;
} secateur_eightbit;

typedef struct {
    const char *name;
    // y = x / rms(x) * gamma over features; y may be x.
    void (*rmsnorm)(const float *gamma, float epsilon, size_t features, size_t tokens, const float *x,
                    float *y, size_t stripBegin, size_t stripEnd);
    // y += x
    void (*add)(const float *x, float *y, size_t features, size_t tokens, size_t stripBegin, size_t stripEnd);
    // gate = silu(gate) * up, on rows [rowBegin, rowEnd)
    void (*silu_multiply)(float *gate, const float *up, size_t features, size_t tokens, size_t rowBegin,
                          size_t rowEnd);
    // In place: the tanh approximation of GELU.
    void (*gelu_tanh)(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd);
    // In place: rotates features (d, d + dimensions/2) from `first` on by the angles whose cosines and sines
    // are panels of dimensions/2 features.
    void (*rotate)(float *x, size_t features, size_t first, size_t dimensions, size_t tokens,
                   const float *cosines, const float *sines);
    // Copies one head's features from `first` on to rows of `stride` floats, a row for each token.
    void (*store_rows)(const float *x, size_t features, size_t first, size_t dimensions, size_t tokens,
                       float *rows, size_t stride);
    // Causal attention of queries, token t at position `position` + t, strips [stripBegin, stripEnd).
    // `scratch` holds secateur_causal_scratch floats.
    void (*attend)(const secateur_head *, const float *queries, size_t queryFeatures, size_t queryFirst,
                   float *context, size_t contextFeatures, size_t contextFirst, size_t position,
                   size_t tokens, size_t stripBegin, size_t stripEnd, float *scratch);
    // The same for the one query in lane 0 of strip 0.
    void (*attend_one)(const secateur_head *, const float *queries, size_t queryFirst, float *context,
                       size_t contextFirst, size_t position, float *scratch);
    // y[row * yStride] = bias[row] + sum over columns of w * x; x has groups*64 contiguous numbers.
    void (*eightbit)(const secateur_eightbit *, const float *x, float *y, size_t yStride, size_t rowBegin,
                     size_t rowEnd);
    // Over the rows of one strip, `width` apart: out[lane] = log of the sum of exp(s).
    void (*log_sum_exp)(const float *s, size_t width, size_t rows, float *out);
    // Over the rows of one strip: out[lane] = sum of p*(log p - log q), p and q given by their logits and the
    // logarithms of the sums of their exponentials.
    void (*divergence)(const float *p, const float *q, const float *pLogSum, const float *qLogSum, size_t width,
                       size_t rows, float *out);
} secateur_language_kernels;

// The strips of queries that `attend` takes at a time: ranges of strips best start at a multiple.
#define SECATEUR_QUERY_STRIPS 2

// Floats of scratch for attention over `keys` keys.
static inline size_t secateur_causal_scratch(size_t keys) {
    return (keys + 16) / 16 * 16 * 16 * SECATEUR_QUERY_STRIPS;
}

// The kernels of an instruction set; those of the compiler's baseline where there are none of its own.
// `isa` is a secateur_isa.
const secateur_language_kernels *secateur_language_kernels_for(int isa);
