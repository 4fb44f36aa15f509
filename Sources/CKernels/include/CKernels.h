// Matrix products and element-wise operations on panels of activations.
//
// Activations are kept as panels of 16 tokens: [tokens/16][features][16 tokens], so that one feature of
// one panel is one 64-byte cache line and a kept weight is one broadcast and a few FMAs. A tile of any
// width is several panels. A matrix of `features` rows has a panel stride of features*16 floats.
//
// Every matrix product computes Y[row][token] = bias[row] + sum over columns of W[row][column] *
// X[column][token] with one FMA per kept weight in the order of the columns, so that a token's result
// depends on nothing but that token.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "CLanguageKernels.h"

#define SECATEUR_PANEL 16

typedef enum {
    SECATEUR_ISA_SCALAR = 0,
    SECATEUR_ISA_PORTABLE = 1,
    SECATEUR_ISA_NEON = 2,
    SECATEUR_ISA_AVX2 = 3,
    SECATEUR_ISA_AVX512 = 4,
} secateur_isa;

// Dense weights in blocks of `blockRows` rows: [rows/blockRows][columns][blockRows], the last block
// filled up with zero rows.
typedef struct {
    const float *values;
    const float *bias; // [rows]
    size_t rows, columns, blockRows;
} secateur_dense;

// Unstructured weights. Columns are cut into blocks of `blockColumns`; for every block and row, the kept
// entries start[block*rows + row] ..< start[block*rows + row + 1]. An index is 8 times the column within
// its block.
typedef struct {
    const float *values;
    const uint16_t *indices;
    const uint32_t *starts; // [blocks*rows + 1]
    const float *bias;      // [rows]
    size_t rows, columns, blockColumns;
} secateur_unstructured;

// Row-blocked weights ("4x1"): groups of 4 rows share each kept column. Entries of column block b and row
// group g: starts[b*groups + g] ..< starts[b*groups + g + 1]; entry e has values[4*e ..< 4*e + 4]; rows
// past the last are zero.
typedef struct {
    const float *values;
    const uint16_t *indices;
    const uint32_t *starts; // [blocks*groups + 1]
    const float *bias;      // [rows]
    size_t rows, columns, blockColumns;
} secateur_rowblock4;

// Layer normalisation of x + residual over features; `residual` may be NULL.
typedef struct {
    const float *gamma, *beta;
    size_t features;
    float epsilon;
} secateur_layernorm;

// One table per instruction set. Ranges are [begin, end); `x` and `y` point to panel 0.
typedef struct {
    secateur_isa isa;
    const char *name;
    size_t denseBlockRows;
    // blocks: row blocks of denseBlockRows
    void (*dense)(const secateur_dense *, const float *x, float *y, size_t panelBegin, size_t panelEnd,
                  size_t blockBegin, size_t blockEnd);
    // rows
    void (*unstructured)(const secateur_unstructured *, const float *x, float *y, size_t panelBegin,
                         size_t panelEnd, size_t rowBegin, size_t rowEnd);
    // groups of four rows
    void (*rowblock4)(const secateur_rowblock4 *, const float *x, float *y, size_t panelBegin,
                      size_t panelEnd, size_t groupBegin, size_t groupEnd);
    void (*layernorm)(const secateur_layernorm *, const float *x, const float *residual, float *y,
                      size_t panelBegin, size_t panelEnd);
    // In place, on rows [rowBegin, rowEnd) of panels [panelBegin, panelEnd): x * Phi(x), Phi by the error function.
    void (*gelu)(float *y, size_t features, size_t panelBegin, size_t panelEnd, size_t rowBegin,
                 size_t rowEnd);
    // In place, softmax(scale * s) over the `rows` rows of each token of one panel.
    void (*softmax)(float *s, size_t rows, float scale);
    // Runs `rounds` rounds of independent FMAs on registers; returns the number of floating point operations.
    double (*fma)(size_t rounds, float *sink);
} secateur_kernels;

// The fastest instruction set of this CPU.
secateur_isa secateur_best_isa(void);
// The kernels of an instruction set, or NULL when this CPU or this build does not have it.
const secateur_kernels *secateur_kernels_for(secateur_isa isa);

// Multi-head attention of one sequence of `length` tokens that starts at token `offset`, for one head of
// `dimensions` features from feature `head*dimensions` on: context = V * softmax(scale * K^T Q).
// q, k, v and context are panels of `features` features. `scratch` holds secateur_attention_scratch floats.
size_t secateur_attention_scratch(const secateur_kernels *, size_t length, size_t dimensions);
void secateur_attention(const secateur_kernels *, const float *q, const float *k, const float *v,
                        float *context, size_t features, size_t offset, size_t length, size_t head,
                        size_t dimensions, float scale, float *scratch);

// A team of threads. `body` runs once per worker, the caller being worker 0.
typedef struct secateur_pool secateur_pool;
secateur_pool *secateur_pool_create(int threads);
void secateur_pool_destroy(secateur_pool *);
void secateur_pool_run(secateur_pool *, void (*body)(void *context, int worker), void *context);
// Adds one and returns the value before.
int64_t secateur_atomic_increment(int64_t *value);
