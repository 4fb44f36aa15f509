// Products of bfloat16 weights and bfloat16 activations for many tokens at once, with sums in single precision.
//
// A bfloat16 is the upper half of a float. Rounding is to the nearest, the even one of two; what is infinite or no number
// stays so, and magnitudes below 2^-56 become zero. So every product is a multiple of 2^-126, and no sum of products is
// denormal: results do not depend on what a processor does with such numbers.
//
// The columns of a row are taken in pairs. From zero on, a sum gets first the product of a pair's second column, then that
// of its first, each by one FMA, as VDPBF16PS does it; then the bias is added. All kernels make the same bits but for
// those of AMX, which add up the first columns and the second ones of 16 pairs from zero, each by FMAs, then both, then
// add that to the sum. With S the sum of the products' magnitudes, those and the others differ by no more than
// 2^-23 * ((columns + 1) * S + |bias|), before GELU.
#pragma once

#include "CKernels.h"

// Activations in bfloat16 stand as panels, as in CKernels.h, of pairs of features: [tokens/64][pairs][width] words of 32
// bits, `width` being the tokens of the panel, rounded up to 16. The lower half of a word is the even feature, the upper
// one the odd feature, or zero past the last. Panels are aligned to 64 bytes. Tokens that fill up the last panel are
// computed like others, from whatever is there.

// Dense weights in blocks of `denseBlockRows` rows and `denseBlockColumns` columns (both of the table):
// [rows/blockRows][columns/blockColumns][blockRows][blockColumns], filled up with zeros at the last row and the last
// column. As secateur_bf16_round rounds them; aligned to 64 bytes.
typedef struct {
    const uint16_t *values;
    const float *bias; // [rows], or NULL
    size_t rows, columns;
} secateur_bf16_dense;

// Where a product goes: panels of floats.
typedef struct {
    float *values;
    int appliesGelu; // writes Y * Phi(Y), within 6e-5, in place of Y
} secateur_bf16_output;

// One table per instruction set. Ranges are [begin, end).
typedef struct {
    const char *name;
    size_t denseBlockRows, denseBlockColumns;
    // blocks: row blocks of denseBlockRows
    void (*dense)(const secateur_bf16_dense *, const uint32_t *x, const secateur_bf16_output *y, size_t tokens,
                  size_t blockBegin, size_t blockEnd);
    // Rounds the features of pairs [pairBegin, pairEnd) of panels of floats.
    void (*round)(const float *x, size_t features, size_t tokens, uint32_t *pairs, size_t pairBegin, size_t pairEnd);
} secateur_bf16_kernels;

// Rounds `count` numbers to bfloat16.
void secateur_bf16_round(const float *x, uint16_t *rounded, size_t count);

#define SECATEUR_BF16_TABLES 6
// All tables that this CPU can run of an instruction set (a secateur_isa), the fastest first, the plain reference last;
// returns how many. Where there is AMX, Linux is asked to let this process use it.
size_t secateur_bf16_tables(int isa, const secateur_bf16_kernels *tables[SECATEUR_BF16_TABLES]);
