// Matrix products and element-wise operations on panels of activations.
//
// A matrix [features x tokens] of activations is kept as panels of 64 tokens, [tokens/64][features][64], the
// last panel as narrow as its tokens allow in steps of 16 ("lanes"). A feature of a panel is up to four cache
// lines side by side, so that a kept weight is one broadcast and a few FMAs, and a block of features fills
// the sets of the first-level cache evenly.
//
// Every matrix product computes Y[row][token] = bias[row] + sum over columns of W[row][column] *
// X[column][token] with one FMA per kept weight in the order of the columns, in blocks of columns that depend on
// the weights alone, so that a token's result depends on nothing but that token. A block's products are summed from
// zero; the bias is added to the first block's sum, and those of the others to what is there. Products with zeros
// change no sum, so that of finite inputs dense and sparse kernels of any unit make the same bits, when their blocks
// of columns are the same.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "CLanguageKernels.h"

#define SECATEUR_LANES 16
#define SECATEUR_PANEL 64
// Entries that kernels read, and do not use, past the last index of a sparse matrix.
#define SECATEUR_INDEX_PADDING 32

typedef enum {
    SECATEUR_ISA_SCALAR = 0,
    SECATEUR_ISA_PORTABLE = 1,
    SECATEUR_ISA_NEON = 2,
    SECATEUR_ISA_AVX2 = 3,
    SECATEUR_ISA_AVX512 = 4,
} secateur_isa;

// Dense weights in blocks of `blockRows` rows: [rows/blockRows][columns][blockRows], the last block
// filled up with zero rows; `blockColumns` columns are summed at a time.
typedef struct {
    const float *values;
    const float *bias; // [rows]
    size_t rows, columns, blockRows, blockColumns;
} secateur_dense;

// Sparse weights. A unit of `unitRows` consecutive rows keeps or drops `unitColumns` consecutive columns
// together. Columns are cut into blocks whose activations stay in the first-level cache. In every block, units
// are put in slots, `bundleUnits` slots of about equally many entries form a bundle, and the entries of a bundle
// are interleaved, so that its sums hide each other's latency and its loops end together.
//
// Bundle i of column block b has the steps starts[b*bundles + i] ..< starts[b*bundles + i + 1]. A step holds,
// for every slot, one index (the first column within the block, divided by unitColumns) and unitColumns *
// unitRows values, rows fastest. units[(b*bundles + i)*bundleUnits + s] is the unit of slot s; a number past
// the last unit marks a slot that is not used. A bundle holds the same units in all blocks only if the
// caller says so by its ranges: the units of [bundleBegin, bundleEnd) must be the same in every block.
typedef struct {
    const float *values;
    const uint16_t *indices;
    const uint32_t *starts; // [blocks*bundles + 1]
    const uint32_t *units;  // [blocks*bundles*bundleUnits]
    const float *bias;      // [rows]
    size_t rows, columns, blockColumns, bundles;
    size_t unitRows, unitColumns, bundleUnits;
    int copies; // whether activations are copied first, by kernels that can
} secateur_sparse;

// A kernel for one shape of unit. Of blocks of up to `copiedColumns` columns it can copy the activations of few tokens at
// a time, so that they need no longer fit in a cache with the panel's other tokens; 0 where it cannot.
typedef struct {
    size_t unitRows, unitColumns, bundleUnits, copiedColumns;
    void (*apply)(const secateur_sparse *, const float *x, float *y, size_t tokens, size_t bundleBegin,
                  size_t bundleEnd);
} secateur_sparse_kernel;

// Layer normalization of x + residual over features; `residual` may be NULL.
typedef struct {
    const float *gamma, *beta;
    size_t features;
    float epsilon;
} secateur_layernorm;

// Attention of one head: features first ..< first + dimensions of the panels q, k, v and context, for the
// sequence of `length` tokens that starts at token `offset`: context = V * softmax(scale * K^T Q).
typedef struct {
    const float *q, *k, *v;
    float *context;
    size_t features, tokens; // of the panels
    size_t first, dimensions, offset, length;
    float scale;
    float *scratch; // secateur_attention_scratch floats, aligned to 64 bytes
} secateur_attention;

size_t secateur_attention_scratch(size_t length, size_t dimensions);

// One table per instruction set. Ranges are [begin, end).
typedef struct {
    secateur_isa isa;
    const char *name;
    size_t denseBlockRows;
    // blocks: row blocks of denseBlockRows
    void (*dense)(const secateur_dense *, const float *x, float *y, size_t tokens, size_t blockBegin,
                  size_t blockEnd);
    const secateur_sparse_kernel *sparse;
    size_t sparseCount;
    // On strips of 16 tokens.
    void (*layernorm)(const secateur_layernorm *, const float *x, const float *residual, float *y,
                      size_t tokens, size_t stripBegin, size_t stripEnd);
    // In place, on rows [rowBegin, rowEnd): x * Phi(x), Phi by the error function.
    void (*gelu)(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd);
    // The same of max(0, x).
    void (*relu)(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd);
    // y = x * Phi(x) and dy *= Phi(x) + x * phi(x), of `count` numbers at any address.
    void (*geluForward)(const float *x, float *y, size_t count);
    void (*geluBackward)(const float *x, float *dy, size_t count);
    void (*attention)(const secateur_attention *);
    // Runs `rounds` rounds of independent FMAs on registers; returns the number of floating point operations.
    double (*fma)(size_t rounds, float *sink);
} secateur_kernels;

// Runs `rounds` rounds of independent products on registers alone, of bytes or of bfloat16, by the instructions that the
// kernels of a name use for them; returns the number of operations, two for each product, or 0 where no such are known.
double secateur_peak(const char *kernels, int isBFloat16, size_t rounds);

// The fastest instruction set of this CPU.
secateur_isa secateur_best_isa(void);
// Whether this CPU carries out a 512-bit operation in two halves.
int secateur_splits_avx512(void);

// How many processors this program may run on (sched_getaffinity(2)); 0 where the system does not tell.
int secateur_permitted_processors(void);
// The kernels of an instruction set, or NULL when this CPU or this build does not have it.
const secateur_kernels *secateur_kernels_for(secateur_isa isa);

// A team of threads. `body` runs once per worker, the caller being worker 0; calls of several threads take turns.
typedef struct secateur_pool secateur_pool;
secateur_pool *secateur_pool_create(int threads);
void secateur_pool_destroy(secateur_pool *);
void secateur_pool_run(secateur_pool *, void (*body)(void *context, int worker), void *context);
// Called by every worker within a body: returns when all have called it, and sees what they wrote before.
void secateur_pool_barrier(secateur_pool *);

// Lets the process keep the memory that it frees, up to 2 GB, so that who allocates the same matrices again and again
// does not have the system take the pages away and clear them each time. Where malloc is not glibc's, it does nothing.
void secateur_keep_freed_memory(void);
// Adds one and returns the value before.
int64_t secateur_atomic_increment(int64_t *value);

#include "CInt8Kernels.h"
#include "CBFloat16Kernels.h"
