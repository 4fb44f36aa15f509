// Products of 8-bit weights and 8-bit activations for many tokens at once.
//
// Weights are whole numbers in [-127, 127] with one scale for each row, activations such numbers with one scale for
// each token. With q the numbers and s the scales,
//   Y[row][token] = (sum over columns of q[row][column] * q[column][token]) * (s[row] * s[token]) + bias[row].
// The sum is a whole number and exact in any order; what follows it is one conversion, one product of the scales and
// one FMA. So all kernels of all instruction sets make the same bits, and columns that are left out change nothing.
// At most 65536 columns, so that 32 bits hold a sum.
//
// Activations in 8 bits stand as panels, as in CKernels.h: [tokens/64][features][width] bytes, `width` being the
// tokens of the panel, rounded up to 16. A byte is 128 more than the number, so 1 ... 255. The tokens of a row stand in
// the order that interleaves. A row of 64, 32 or 16 tokens is one part, one of 48 is a part of 32 and one of 16; in a
// part of 16*n tokens, token 4*n*j + 4*l + d (j, d in 0 ..< 4, l in 0 ..< n) is byte 16*l + 4*j + d. Taking turns of
// the bytes, then of the pairs of bytes, of four rows within every 16 bytes then gives four columns of each token side
// by side, the tokens in their order.
#pragma once

#include "CInt4Kernels.h"
#include "CKernels.h"

#define SECATEUR_INT8_MAXIMUM_COLUMNS 65536

// Panels of activations in 8 bits. Tokens that fill up the last panel are computed like others, from whatever is there.
//
// A token with an activation that is infinite or not a number has the scale NaN,
// whatever its bytes: all that comes of it is NaN. A token whose activations are all below 1e-30 has the scale zero.
typedef struct {
    uint8_t *values; // panels of bytes, aligned to 64 bytes
    float *scales;   // [tokens rounded up to 16]: largest magnitude / 127; aligned to 64 bytes
} secateur_int8_panels;

// Where a product goes: panels of floats.
typedef struct {
    float *values;
    // NULL, or the largest magnitude of each token so far, [tokens rounded up to 16], aligned to 64 bytes: raised to
    // what this product writes, and NaN where that holds NaN. Threads that share tokens need one each.
    float *maxima;
    int appliesGelu; // writes Y * Phi(Y), within 6e-5, in place of Y
} secateur_int8_output;

// Dense weights in blocks of `denseBlockRows` rows and `denseBlockColumns` columns (both of the table):
// [rows/blockRows][columns/blockColumns][blockRows][blockColumns], filled up with zeros at the last row and the last
// column.
typedef struct {
    const int8_t *values;
    const int32_t *offsets; // [rows]: -128 * the sum of the row's numbers
    const float *scales;    // [rows]
    const float *bias;      // [rows], or NULL
    size_t rows, columns;
    size_t firstBlock; // of rows, the one that `values` begins with
} secateur_int8_dense;

// Row blocks: the rows of a group keep the same columns, which are taken in fours. The last four of a group are
// filled up with weights of zero at any column. The rows of a group need not be neighbors.
typedef struct {
    const int8_t *values;    // [fours of all groups][groupRows][4]
    const uint16_t *kept;    // [fours of all groups][4]: the columns; fastest in ascending order
    const uint32_t *starts;  // [groups + 1]: the first of a group's fours
    const uint32_t *rowOf;   // [groups][groupRows]: where each row belongs; `rows` or more: nowhere
    const int32_t *offsets;  // [rows], as of dense weights
    const float *scales;     // [rows]
    const float *bias;       // [rows], or NULL
    size_t rows, columns, groups;
} secateur_int8_rowblocks;

// A kernel for groups of `groupRows` rows, on the groups [groupBegin, groupEnd).
typedef struct {
    size_t groupRows;
    void (*apply)(const secateur_int8_rowblocks *, const secateur_int8_panels *x, const secateur_int8_output *y,
                  size_t tokens, size_t groupBegin, size_t groupEnd);
} secateur_int8_rowblock_kernel;

// One table per instruction set. Ranges are [begin, end).
typedef struct {
    const char *name;
    size_t denseBlockRows, denseBlockColumns;
    // blocks: row blocks of denseBlockRows
    void (*dense)(const secateur_int8_dense *, const secateur_int8_panels *x, const secateur_int8_output *y,
                  size_t tokens, size_t blockBegin, size_t blockEnd);
    // Rows [rowBegin, rowEnd) of 4-bit weights as the values of dense weights of which they are the first. Both are
    // multiples of 16, and rowBegin of denseBlockRows too; `to` has room for all of them and for whole blocks.
    void (*expand)(const secateur_int4 *, size_t rowBegin, size_t rowEnd, int8_t *to);
    const secateur_int8_rowblock_kernel *rowblocks; // of 1, 2, 4, 8 and 16 rows
    size_t rowblockCount;
    // The largest magnitude of each token over features [featureBegin, featureEnd), as secateur_int8_output says:
    // `maxima` is raised, so let it start from zeros. On panels of floats.
    void (*maxima)(const float *x, size_t features, size_t tokens, float *maxima, size_t featureBegin,
                   size_t featureEnd);
    // Rounds features [featureBegin, featureEnd) to the nearest whole number, the even one of two, of units of
    // maximum/127. `maxima` is [count][tokens rounded up to 16], of which the largest counts. Whoever begins with
    // feature 0 writes the scales.
    void (*quantize)(const float *x, size_t features, size_t tokens, const float *maxima, size_t count,
                     const secateur_int8_panels *, size_t featureBegin, size_t featureEnd);
    // As secateur_kernels has it, with queries and keys rounded by token, values by feature and exponentials to 254
    // steps; `scratch` holds secateur_int8_attention_scratch floats.
    void (*attention)(const secateur_attention *);
} secateur_int8_kernels;

size_t secateur_int8_attention_scratch(size_t length, size_t dimensions);

#define SECATEUR_INT8_TABLES 8
// All tables that this CPU can run of an instruction set (a secateur_isa), the fastest first, the plain reference last;
// returns how many. Where there is AMX, Linux is asked to let this process use it.
size_t secateur_int8_tables(int isa, const secateur_int8_kernels *tables[SECATEUR_INT8_TABLES]);
