// 4-bit weights: how they stand in memory. Kernels of one token read them as they are (CLanguageKernels.h), those of
// several tokens as 8-bit weights, which a part of them at a time is expanded to (CInt8Kernels.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

// Columns of a row that share a multiplier.
#define SECATEUR_INT4_GROUP 32
// Rows that stand together.
#define SECATEUR_INT4_ROWS 16

// A weight is q * m * s: q a whole number in [-7, 7], m one from 1 for the row's group of 32 columns, s the row's scale.
// No q * m is beyond 127, so these are 8-bit weights with a scale for each row.
//
// `values` is [rows/16][columns/32][4 pairs of fours][16 rows][4 columns] bytes, filled up with weights of zero at the
// last row and, to a multiple of 64, at the last column. A byte holds 8 more than the numbers of two columns: in the
// lower half of one of the pair's first four, in the upper half of the same one of its second four. `multipliers` is
// [rows/16][columns/32][16 rows].
typedef struct {
    const uint8_t *values, *multipliers;
    const float *scales; // [rows]
    const float *bias;   // [rows], or NULL
    size_t rows, columns;
} secateur_int4;

// Groups of a row, those that fill up its end included.
static inline size_t secateur_int4_groups(size_t columns) { return (columns + 63) / 64 * 2; }
