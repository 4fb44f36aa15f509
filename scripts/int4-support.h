// Random 4-bit weights, in buffers of the exact size.
#pragma once

#include "sanitize-support.h"
#include "CInt4Kernels.h"

static inline secateur_int4 int4_random(size_t rows, size_t columns, const float *scales, const float *bias) {
    const size_t blocks = (rows + SECATEUR_INT4_ROWS - 1) / SECATEUR_INT4_ROWS, groups = secateur_int4_groups(columns);
    uint8_t *values = allocate(blocks * groups * SECATEUR_INT4_ROWS * SECATEUR_INT4_GROUP / 2);
    uint8_t *multipliers = allocate(blocks * groups * SECATEUR_INT4_ROWS);
    for (size_t i = 0; i < blocks * groups * SECATEUR_INT4_ROWS; i++) multipliers[i] = (uint8_t)(1 + uniform() * 18);
    for (size_t i = 0; i < blocks * groups * SECATEUR_INT4_ROWS * SECATEUR_INT4_GROUP / 2; i++) {
        uint8_t half[2];
        for (size_t side = 0; side < 2; side++) {
            const size_t row = i / (groups * 256) * SECATEUR_INT4_ROWS + i / 4 % SECATEUR_INT4_ROWS;
            const size_t column = i / 64 % (groups * 4) * 8 + side * 4 + i % 4;
            half[side] = row < rows && column < columns ? (uint8_t)(1 + uniform() * 15) : 8;
        }
        values[i] = (uint8_t)(half[0] | half[1] << 4);
    }
    return (secateur_int4){values, multipliers, scales, bias, rows, columns};
}

// One weight as a number of 8 bits.
static inline int8_t int4_product(const secateur_int4 *w, size_t row, size_t column) {
    const size_t group = row / 16 * secateur_int4_groups(w->columns) + column / 32, pair = column % 32 / 8;
    const uint8_t both = w->values[((group * 4 + pair) * 16 + row % 16) * 4 + column % 4];
    return (int8_t)(((column % 8 < 4 ? both & 15 : both >> 4) - 8) * w->multipliers[group * 16 + row % 16]);
}

static inline void int4_free(secateur_int4 w) { free((void *)w.values), free((void *)w.multipliers); }
