// Operations that only language models need: root-mean-square normalization, rotary positions, gated
// activations, causal attention over cached keys and values, products of 8-bit weights with one token,
// and what is summed up over the vocabulary.
//
// Activations are panels as in CKernels.h, of which strips are 16 tokens.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "CInt4Kernels.h"

// Columns of a group, and rows of a block, of 8-bit weights.
#define SECATEUR_GROUP 64
#define SECATEUR_BLOCK_ROWS 16

// One head's cached keys and values [tokens][stride], rows of `dimensions` numbers filled up with zeros.
typedef struct {
    const float *keys, *values;
    size_t stride, dimensions;
    float scale;
} secateur_head;

// One token's activations in 8 bits: groups of 64 columns, the last filled up with zeros, each with its scale.
// `offsets` holds -128 times the sums of a group's first and second 32 values, for processors whose products take one
// unsigned side.
typedef struct {
    int8_t *values;   // [groups][64]
    float *scales;    // [groups]
    int32_t *offsets; // [groups][2]
} secateur_quantized;

// 8-bit weights in blocks of 16 rows and groups of 64 columns, both filled up: [blocks][groups][16 quads of
// columns][16 rows][4 columns]. A byte is 128 more than the weight in units of its scale, which is the upper half
// of a float: [blocks][groups][16 rows].
//
// Where `masks` is not NULL, only kept weights are there: bit 4*row + column of masks[(block*groups + group)*16 +
// quad] says whether a weight is kept, and a block's bytes start at values[starts[block]]. 64 bytes past the last
// byte must be readable.
typedef struct {
    const uint8_t *values;
    const uint16_t *scales;
    const uint64_t *masks;
    const uint32_t *starts;
    const float *bias; // [rows], or NULL
    size_t rows, groups;
} secateur_eightbit;

// Part of the attention of one token's queries, those of one head of keys: over the keys [keyBegin, keyEnd).
typedef struct {
    const float *queries; // [queryCount][head's dimensions]
    size_t queryCount, keyBegin, keyEnd;
    float *top;     // [queryCount]: the largest score, scaled
    float *total;   // [queryCount]: the sum of exp(score - top)
    float *context; // [queryCount][head's stride]: the sum of exp(score - top) * value
    float *scratch; // (keyEnd - keyBegin + 16) * SECATEUR_QUERIES floats, aligned to 64 bytes
} secateur_attention_part;

// Queries that are taken together in `attend_part`.
#define SECATEUR_QUERIES 4

typedef struct {
    const char *name;
    // y = x / rms(x) * gamma over features; y may be x.
    void (*rmsnorm)(const float *gamma, float epsilon, size_t features, size_t tokens, const float *x,
                    float *y, size_t stripBegin, size_t stripEnd);
    // In place, the same over the features of one head, from `first` on.
    void (*rmsnorm_head)(const float *gamma, float epsilon, float *x, size_t features, size_t first,
                         size_t dimensions, size_t tokens);
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
    // One token's features side by side: y = x / rms(x) * gamma; with `beta`, y = (x - mean) / deviation * gamma
    // + beta.
    void (*normalize_one)(const float *gamma, const float *beta, float epsilon, size_t features, const float *x,
                          float *y);
    // The rotation of `rotate` for the features of one head of one token.
    void (*rotate_one)(const float *x, size_t dimensions, const float *cosines, const float *sines, float *y);
    void (*attend_part)(const secateur_head *, const secateur_attention_part *);
    // Rounds to 127 steps on either side of zero.
    void (*quantize)(const float *x, size_t columns, secateur_quantized *);
    // y[row] = bias[row] + sum over groups of (the group's sum of products) * both scales. rowBegin is a multiple
    // of 16.
    void (*eightbit)(const secateur_eightbit *, const secateur_quantized *x, float *y, size_t rowBegin,
                     size_t rowEnd);
    // The same with 4-bit weights: y[row] = the row's scale * the sum over groups of 64 columns of (the sum of products
    // * multipliers) * the activations' scale, + bias[row].
    void (*fourbit)(const secateur_int4 *, const secateur_quantized *x, float *y, size_t rowBegin, size_t rowEnd);
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

#define SECATEUR_LANGUAGE_TABLES 4
// All kernels that a CPU with this instruction set can run, the fastest first; returns how many.
size_t secateur_language_tables(int isa, const secateur_language_kernels *tables[SECATEUR_LANGUAGE_TABLES]);
