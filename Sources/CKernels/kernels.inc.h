// The kernels of one instruction set. The including file defines, before including this:
//   NAME(x)          the symbol of x for this instruction set
//   ISA, ISA_NAME    its identifier and its name
//   DENSE_ROWS       rows of a dense block; with DENSE_PANELS they fill the register file
//   DENSE_PANELS, ROWBLOCK_PANELS, UNSTRUCTURED_PANELS   panels of a full tile
// A tile narrower than the full one is done in halves, down to one panel.
#include "vector.h"

#define PANEL SECATEUR_PANEL

// MARK: dense

INLINE void NAME(dense_tile)(const float *w, const float *bias, size_t columns, const float *x, size_t xStride,
                             float *y, size_t yStride, size_t validRows, const int panels) {
    v16 sum[DENSE_ROWS][DENSE_PANELS];
#pragma clang loop unroll(full)
    for (int r = 0; r < DENSE_ROWS; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++)
            sum[r][p] = v16_set((size_t)r < validRows && bias ? bias[r] : 0.0f);
    for (size_t c = 0; c < columns; c++) {
        v16 input[DENSE_PANELS];
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) input[p] = v16_load(x + p * xStride + c * PANEL);
#pragma clang loop unroll(full)
        for (int r = 0; r < DENSE_ROWS; r++) {
            v16 weight = v16_set(w[c * DENSE_ROWS + r]);
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++) sum[r][p] = v16_fma(weight, input[p], sum[r][p]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < DENSE_ROWS; r++)
        if ((size_t)r < validRows)
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++) v16_store(y + p * yStride + r * PANEL, sum[r][p]);
}

static void NAME(dense)(const secateur_dense *w, const float *x, float *y, size_t panelBegin, size_t panelEnd,
                        size_t blockBegin, size_t blockEnd) {
    const size_t xStride = w->columns * PANEL, yStride = w->rows * PANEL;
    // A chunk of weights of about 128 KB stays in the second-level cache while all panels pass by it.
    size_t chunk = 131072 / (w->columns * DENSE_ROWS * sizeof(float));
    if (chunk == 0) chunk = 1;
    for (size_t first = blockBegin; first < blockEnd; first += chunk) {
        const size_t last = first + chunk < blockEnd ? first + chunk : blockEnd;
        size_t panel = panelBegin;
        while (panel < panelEnd) {
            const int full = panel + DENSE_PANELS <= panelEnd;
            for (size_t block = first; block < last; block++) {
                const size_t row = block * DENSE_ROWS;
                const size_t left = w->rows - row;
                const size_t valid = left < DENSE_ROWS ? left : DENSE_ROWS;
                const float *weights = w->values + row * w->columns;
                const float *bias = w->bias ? w->bias + row : NULL;
                const float *xs = x + panel * xStride;
                float *ys = y + panel * yStride + row * PANEL;
                if (full)
                    NAME(dense_tile)(weights, bias, w->columns, xs, xStride, ys, yStride, valid, DENSE_PANELS);
                else
                    NAME(dense_tile)(weights, bias, w->columns, xs, xStride, ys, yStride, valid, 1);
            }
            panel += full ? DENSE_PANELS : 1;
        }
    }
}

// MARK: unstructured

INLINE void NAME(unstructured_rows)(const secateur_unstructured *w, size_t block, const float *x, float *y,
                                    size_t rowBegin, size_t rowEnd, const int panels) {
    const size_t xStride = w->columns * PANEL, yStride = w->rows * PANEL;
    const uint32_t *starts = w->starts + block * w->rows;
    const char *base[UNSTRUCTURED_PANELS];
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++)
        base[p] = (const char *)(x + p * xStride + block * w->blockColumns * PANEL);
    for (size_t row = rowBegin; row < rowEnd; row++) {
        float *out = y + row * PANEL;
        v16 sum[UNSTRUCTURED_PANELS];
        const v16 bias = v16_set(w->bias ? w->bias[row] : 0.0f);
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) sum[p] = block == 0 ? bias : v16_load(out + p * yStride);
        const size_t end = starts[row + 1];
        for (size_t k = starts[row]; k < end; k++) {
            const size_t byte = (size_t)w->indices[k] * 8;
            const v16 weight = v16_set(w->values[k]);
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++)
                sum[p] = v16_fma(weight, v16_load((const float *)(base[p] + byte)), sum[p]);
        }
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) v16_store(out + p * yStride, sum[p]);
    }
}

static void NAME(unstructured)(const secateur_unstructured *w, const float *x, float *y, size_t panelBegin,
                               size_t panelEnd, size_t rowBegin, size_t rowEnd) {
    const size_t xStride = w->columns * PANEL, yStride = w->rows * PANEL;
    const size_t blocks = (w->columns + w->blockColumns - 1) / w->blockColumns;
    size_t panel = panelBegin;
    while (panel < panelEnd) {
        const float *xs = x + panel * xStride;
        float *ys = y + panel * yStride;
        const size_t left = panelEnd - panel;
        size_t width = UNSTRUCTURED_PANELS;
        while (width > left) width /= 2;
        for (size_t block = 0; block < blocks; block++) {
            if (width == UNSTRUCTURED_PANELS)
                NAME(unstructured_rows)(w, block, xs, ys, rowBegin, rowEnd, UNSTRUCTURED_PANELS);
            else if (width == 4)
                NAME(unstructured_rows)(w, block, xs, ys, rowBegin, rowEnd, 4 < UNSTRUCTURED_PANELS ? 4 : 1);
            else if (width == 2)
                NAME(unstructured_rows)(w, block, xs, ys, rowBegin, rowEnd, 2);
            else
                NAME(unstructured_rows)(w, block, xs, ys, rowBegin, rowEnd, 1);
        }
        panel += width;
    }
}

// MARK: 4x1

INLINE void NAME(rowblock4_groups)(const secateur_rowblock4 *w, size_t block, const float *x, float *y,
                                   size_t groupBegin, size_t groupEnd, const int panels) {
    const size_t xStride = w->columns * PANEL, yStride = w->rows * PANEL;
    const size_t groups = (w->rows + 3) / 4;
    const uint32_t *starts = w->starts + block * groups;
    const char *base = (const char *)(x + block * w->blockColumns * PANEL);
    for (size_t group = groupBegin; group < groupEnd; group++) {
        const size_t row = group * 4;
        const size_t valid = w->rows - row < 4 ? w->rows - row : 4;
        float *out = y + row * PANEL;
        v16 sum[4][ROWBLOCK_PANELS];
#pragma clang loop unroll(full)
        for (int r = 0; r < 4; r++)
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++) {
                sum[r][p] = v16_set(0.0f);
                if ((size_t)r < valid)
                    sum[r][p] = block == 0 ? v16_set(w->bias ? w->bias[row + r] : 0.0f)
                                           : v16_load(out + p * yStride + r * PANEL);
            }
        const size_t end = starts[group + 1];
        for (size_t k = starts[group]; k < end; k++) {
            const size_t byte = (size_t)w->indices[k] * 8;
            v16 input[ROWBLOCK_PANELS];
#pragma clang loop unroll(full)
            for (int p = 0; p < panels; p++)
                input[p] = v16_load((const float *)(base + byte) + p * xStride);
#pragma clang loop unroll(full)
            for (int r = 0; r < 4; r++) {
                const v16 weight = v16_set(w->values[4 * k + r]);
#pragma clang loop unroll(full)
                for (int p = 0; p < panels; p++) sum[r][p] = v16_fma(weight, input[p], sum[r][p]);
            }
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < 4; r++)
            if ((size_t)r < valid)
#pragma clang loop unroll(full)
                for (int p = 0; p < panels; p++) v16_store(out + p * yStride + r * PANEL, sum[r][p]);
    }
}

static void NAME(rowblock4)(const secateur_rowblock4 *w, const float *x, float *y, size_t panelBegin,
                            size_t panelEnd, size_t groupBegin, size_t groupEnd) {
    const size_t xStride = w->columns * PANEL, yStride = w->rows * PANEL;
    const size_t blocks = (w->columns + w->blockColumns - 1) / w->blockColumns;
    // Row groups in chunks whose weights stay in the second-level cache while the panels pass by.
    const size_t chunk = 64;
    for (size_t first = groupBegin; first < groupEnd; first += chunk) {
        const size_t last = first + chunk < groupEnd ? first + chunk : groupEnd;
        size_t panel = panelBegin;
        while (panel < panelEnd) {
            const float *xs = x + panel * xStride;
            float *ys = y + panel * yStride;
            const size_t left = panelEnd - panel;
            size_t width = ROWBLOCK_PANELS;
            while (width > left) width /= 2;
            for (size_t block = 0; block < blocks; block++) {
                if (width == ROWBLOCK_PANELS)
                    NAME(rowblock4_groups)(w, block, xs, ys, first, last, ROWBLOCK_PANELS);
                else if (width == 2)
                    NAME(rowblock4_groups)(w, block, xs, ys, first, last, 2 < ROWBLOCK_PANELS ? 2 : 1);
                else
                    NAME(rowblock4_groups)(w, block, xs, ys, first, last, 1);
            }
            panel += width;
        }
    }
}

// MARK: element-wise

static void NAME(layernorm)(const secateur_layernorm *norm, const float *x, const float *residual, float *y,
                            size_t panelBegin, size_t panelEnd) {
    const size_t features = norm->features;
    for (size_t panel = panelBegin; panel < panelEnd; panel++) {
        const float *in = x + panel * features * PANEL;
        const float *add = residual ? residual + panel * features * PANEL : NULL;
        float *out = y + panel * features * PANEL;
        v16 total[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
        for (size_t f = 0; f < features; f++) {
            v16 value = v16_load(in + f * PANEL);
            if (add) value += v16_load(add + f * PANEL);
            v16_store(out + f * PANEL, value);
            total[f & 3] += value;
        }
        const v16 inverse = v16_set(1.0f / (float)features);
        const v16 mean = ((total[0] + total[1]) + (total[2] + total[3])) * inverse;
        v16 squares[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
        for (size_t f = 0; f < features; f++) {
            const v16 difference = v16_load(out + f * PANEL) - mean;
            squares[f & 3] = v16_fma(difference, difference, squares[f & 3]);
        }
        const v16 variance = ((squares[0] + squares[1]) + (squares[2] + squares[3])) * inverse;
        const v16 scale = v16_set(1.0f) / v16_sqrt(variance + v16_set(norm->epsilon));
        for (size_t f = 0; f < features; f++) {
            const v16 normalised = (v16_load(out + f * PANEL) - mean) * scale;
            v16_store(out + f * PANEL,
                      v16_fma(normalised, v16_set(norm->gamma[f]), v16_set(norm->beta[f])));
        }
    }
}

static void NAME(gelu)(float *y, size_t features, size_t panelBegin, size_t panelEnd, size_t rowBegin,
                       size_t rowEnd) {
    for (size_t panel = panelBegin; panel < panelEnd; panel++) {
        float *out = y + panel * features * PANEL;
        for (size_t row = rowBegin; row < rowEnd; row++) {
            const v16 x = v16_load(out + row * PANEL);
            const v16 magnitude = v16_max(x, -x);
            const v16 half = v16_erf_of_nonnegative(magnitude * v16_set(0.70710678f)) * v16_set(0.5f);
            // x*Phi(x) = x/2 + |x|*erf(|x|/sqrt 2)/2
            v16_store(out + row * PANEL, v16_fma(magnitude, half, x * v16_set(0.5f)));
        }
    }
}

static void NAME(softmax)(float *s, size_t rows, float scale) {
    v16 top = v16_load(s);
    for (size_t row = 1; row < rows; row++) top = v16_max(top, v16_load(s + row * PANEL));
    const v16 factor = v16_set(scale);
    v16 total = v16_set(0.0f);
    for (size_t row = 0; row < rows; row++) {
        const v16 e = v16_exp((v16_load(s + row * PANEL) - top) * factor);
        v16_store(s + row * PANEL, e);
        total += e;
    }
    const v16 inverse = v16_set(1.0f) / total;
    for (size_t row = 0; row < rows; row++) v16_store(s + row * PANEL, v16_load(s + row * PANEL) * inverse);
}

static double NAME(fma_rounds)(size_t rounds, float *sink) {
    v16 sum[FMA_REGISTERS];
#pragma clang loop unroll(full)
    for (int i = 0; i < FMA_REGISTERS; i++) sum[i] = v16_set((float)i);
    v16 factor = v16_set(0.999f), addend = v16_set(0.001f);
    __asm__ volatile("" : "+m"(factor), "+m"(addend));
    for (size_t round = 0; round < rounds; round++)
#pragma clang loop unroll(full)
        for (int i = 0; i < FMA_REGISTERS; i++) sum[i] = v16_fma(sum[i], factor, addend);
    v16 total = sum[0];
    for (int i = 1; i < FMA_REGISTERS; i++) total += sum[i];
    *sink = total[0];
    return 2.0 * PANEL * FMA_REGISTERS * (double)rounds;
}

const secateur_kernels NAME(table) = {
    .isa = ISA,
    .name = ISA_NAME,
    .denseBlockRows = DENSE_ROWS,
    .dense = NAME(dense),
    .unstructured = NAME(unstructured),
    .rowblock4 = NAME(rowblock4),
    .layernorm = NAME(layernorm),
    .gelu = NAME(gelu),
    .softmax = NAME(softmax),
    .fma = NAME(fma_rounds),
};
