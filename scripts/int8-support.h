// Random weights of 8-bit products in the formats of CInt8Kernels.h, on buffers of the exact size.
#pragma once

#include "CInt8Kernels.h"
#include "sanitize-support.h"

// A matrix of whole numbers with a scale and a bias for each row.
typedef struct {
    int8_t *numbers; // [rows][columns]
    int32_t *offsets;
    float *scales, *bias;
    size_t rows, columns;
} int8_matrix;

static inline int8_matrix int8_random(size_t rows, size_t columns) {
    int8_matrix m = {allocate(rows * columns), allocate(rows * sizeof(int32_t)), allocate(rows * sizeof(float)),
                     allocate(rows * sizeof(float)), rows, columns};
    for (size_t i = 0; i < rows * columns; i++) m.numbers[i] = (int8_t)(uniform() * 255 - 127);
    for (size_t row = 0; row < rows; row++) {
        m.scales[row] = (float)(0.001 + 0.001 * uniform());
        m.bias[row] = (float)(uniform() - 0.5);
    }
    return m;
}

static inline void int8_free(int8_matrix m) { free(m.numbers), free(m.offsets), free(m.scales), free(m.bias); }

static inline void int8_sum_rows(int8_matrix m) {
    for (size_t row = 0; row < m.rows; row++) {
        m.offsets[row] = 0;
        for (size_t c = 0; c < m.columns; c++) m.offsets[row] -= 128 * m.numbers[row * m.columns + c];
    }
}

static inline secateur_int8_dense int8_pack_dense(int8_matrix m, size_t blockRows, size_t blockColumns, int hasBias) {
    int8_t *values = allocate(round_up(m.rows, blockRows) * round_up(m.columns, blockColumns));
    const size_t across = (m.columns + blockColumns - 1) / blockColumns;
    for (size_t row = 0; row < m.rows; row++)
        for (size_t c = 0; c < m.columns; c++)
            values[((row / blockRows * across + c / blockColumns) * blockRows + row % blockRows) * blockColumns +
                   c % blockColumns] = m.numbers[row * m.columns + c];
    return (secateur_int8_dense){values, m.offsets, m.scales, hasBias ? m.bias : NULL, m.rows, m.columns, 0};
}

// Groups of rows in random order, of random kept columns; the matrix's other numbers become zero.
static inline secateur_int8_rowblocks int8_pack_rowblocks(int8_matrix m, size_t groupRows, double sparsity,
                                                          int hasBias) {
    const size_t groups = (m.rows + groupRows - 1) / groupRows;
    uint32_t *rowOf = allocate(groups * groupRows * sizeof *rowOf);
    uint32_t *starts = allocate((groups + 1) * sizeof *starts);
    for (size_t i = 0; i < groups * groupRows; i++) {
        const size_t other = (size_t)(uniform() * (double)(i + 1));
        rowOf[i] = rowOf[other];
        rowOf[other] = (uint32_t)i;
    }
    uint8_t *isKept = allocate(groups * m.columns);
    for (size_t group = 0; group < groups; group++) {
        size_t kept = 0;
        for (size_t c = 0; c < m.columns; c++) kept += isKept[group * m.columns + c] = uniform() >= sparsity;
        starts[group + 1] = starts[group] + (uint32_t)((kept + 3) / 4);
    }
    int8_t *values = allocate(starts[groups] * groupRows * 4);
    uint16_t *kept = allocate(starts[groups] * 4 * sizeof *kept);
    for (size_t group = 0; group < groups; group++) {
        size_t next = starts[group] * 4;
        for (size_t c = 0; c < m.columns; c++) {
            for (size_t r = 0; r < groupRows; r++) {
                const uint32_t row = rowOf[group * groupRows + r];
                if (row >= m.rows) continue;
                int8_t *number = m.numbers + row * m.columns + c;
                if (!isKept[group * m.columns + c]) *number = 0;
                else
                    values[(next / 4 * groupRows + r) * 4 + next % 4] = *number;
            }
            if (isKept[group * m.columns + c]) kept[next++] = (uint16_t)c;
        }
        for (; next < starts[group + 1] * 4; next++) kept[next] = (uint16_t)(uniform() * (double)m.columns);
    }
    free(isKept);
    int8_sum_rows(m);
    return (secateur_int8_rowblocks){values, kept, starts, rowOf, m.offsets, m.scales, hasBias ? m.bias : NULL,
                                     m.rows, m.columns, groups};
}

static inline void int8_free_rowblocks(secateur_int8_rowblocks w) {
    free((void *)w.values), free((void *)w.kept), free((void *)w.starts), free((void *)w.rowOf);
}

static inline secateur_int8_panels int8_quantized(const secateur_int8_kernels *kernels, const float *x, size_t features,
                                                  size_t tokens) {
    const size_t padded = round_up(tokens, LANES);
    const secateur_int8_panels out = {allocate(features * padded), allocate(padded * sizeof(float))};
    float *maxima = allocate(2 * padded * sizeof(float));
    kernels->maxima(x, features, tokens, maxima, 0, features / 2);
    kernels->maxima(x, features, tokens, maxima + padded, features / 2, features);
    kernels->quantize(x, features, tokens, maxima, 2, &out, 0, features / 3);
    kernels->quantize(x, features, tokens, maxima, 2, &out, features / 3, features);
    free(maxima);
    return out;
}

static inline void int8_free_panels(secateur_int8_panels x) { free(x.values), free(x.scales); }
