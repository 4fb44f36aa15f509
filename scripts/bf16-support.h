// Random weights of bfloat16 products in the format of CBFloat16Kernels.h, on buffers of the exact size.
#pragma once

#include "CBFloat16Kernels.h"
#include "sanitize-support.h"

// A matrix of floats [rows][columns] and a bias for each row.
typedef struct {
    float *numbers, *bias;
    size_t rows, columns;
} bf16_matrix;

static inline bf16_matrix bf16_random(size_t rows, size_t columns) {
    bf16_matrix m = {allocate(rows * columns * sizeof(float)), allocate(rows * sizeof(float)), rows, columns};
    for (size_t i = 0; i < rows * columns; i++) m.numbers[i] = (float)(uniform() - 0.5);
    for (size_t row = 0; row < rows; row++) m.bias[row] = (float)(uniform() - 0.5);
    return m;
}

static inline void bf16_free(bf16_matrix m) { free(m.numbers), free(m.bias); }

static inline secateur_bf16_dense bf16_pack(bf16_matrix m, size_t blockRows, size_t blockColumns, int hasBias) {
    const size_t across = (m.columns + blockColumns - 1) / blockColumns;
    uint16_t *values = allocate(round_up(m.rows, blockRows) * across * blockColumns * sizeof *values);
    for (size_t row = 0; row < m.rows; row++)
        for (size_t c = 0; c < m.columns; c++)
            secateur_bf16_round(m.numbers + row * m.columns + c,
                                values + ((row / blockRows * across + c / blockColumns) * blockRows + row % blockRows) *
                                             blockColumns +
                                    c % blockColumns,
                                1);
    return (secateur_bf16_dense){values, hasBias ? m.bias : NULL, m.rows, m.columns};
}

// Panels of pairs, rounded in two parts.
static inline uint32_t *bf16_rounded_panels(const secateur_bf16_kernels *kernels, const float *x, size_t features,
                                            size_t tokens) {
    const size_t pairs = (features + 1) / 2;
    uint32_t *to = allocate(panel_floats(pairs, tokens) * sizeof *to);
    kernels->round(x, features, tokens, to, 0, pairs / 2);
    kernels->round(x, features, tokens, to, pairs / 2, pairs);
    return to;
}
