// The reference: plain loops, no vectors, no tiles. Every other kernel is tested against it.
#include <math.h>

#include "CKernels.h"

#define PANEL SECATEUR_PANEL
#define DENSE_ROWS 1

static void dense(const secateur_dense *w, const float *x, float *y, size_t panelBegin, size_t panelEnd,
                  size_t rowBegin, size_t rowEnd) {
    for (size_t panel = panelBegin; panel < panelEnd; panel++)
        for (size_t row = rowBegin; row < rowEnd; row++)
            for (size_t lane = 0; lane < PANEL; lane++) {
                float sum = w->bias ? w->bias[row] : 0.0f;
                for (size_t c = 0; c < w->columns; c++)
                    sum = fmaf(w->values[row * w->columns + c], x[(panel * w->columns + c) * PANEL + lane], sum);
                y[(panel * w->rows + row) * PANEL + lane] = sum;
            }
}

static void unstructured(const secateur_unstructured *w, const float *x, float *y, size_t panelBegin,
                         size_t panelEnd, size_t rowBegin, size_t rowEnd) {
    const size_t blocks = (w->columns + w->blockColumns - 1) / w->blockColumns;
    for (size_t panel = panelBegin; panel < panelEnd; panel++)
        for (size_t row = rowBegin; row < rowEnd; row++)
            for (size_t lane = 0; lane < PANEL; lane++) {
                float sum = w->bias ? w->bias[row] : 0.0f;
                for (size_t block = 0; block < blocks; block++)
                    for (size_t k = w->starts[block * w->rows + row]; k < w->starts[block * w->rows + row + 1];
                         k++) {
                        const size_t column = block * w->blockColumns + w->indices[k] / 8;
                        sum = fmaf(w->values[k], x[(panel * w->columns + column) * PANEL + lane], sum);
                    }
                y[(panel * w->rows + row) * PANEL + lane] = sum;
            }
}

static void rowblock4(const secateur_rowblock4 *w, const float *x, float *y, size_t panelBegin,
                      size_t panelEnd, size_t groupBegin, size_t groupEnd) {
    const size_t blocks = (w->columns + w->blockColumns - 1) / w->blockColumns;
    const size_t groups = (w->rows + 3) / 4;
    const size_t rowEnd = groupEnd * 4 < w->rows ? groupEnd * 4 : w->rows;
    for (size_t panel = panelBegin; panel < panelEnd; panel++)
        for (size_t row = groupBegin * 4; row < rowEnd; row++)
            for (size_t lane = 0; lane < PANEL; lane++) {
                float sum = w->bias ? w->bias[row] : 0.0f;
                for (size_t block = 0; block < blocks; block++) {
                    const uint32_t *starts = w->starts + block * groups + row / 4;
                    for (size_t k = starts[0]; k < starts[1]; k++) {
                        const size_t column = block * w->blockColumns + w->indices[k] / 8;
                        sum = fmaf(w->values[4 * k + row % 4],
                                   x[(panel * w->columns + column) * PANEL + lane], sum);
                    }
                }
                y[(panel * w->rows + row) * PANEL + lane] = sum;
            }
}

static void layernorm(const secateur_layernorm *norm, const float *x, const float *residual, float *y,
                      size_t panelBegin, size_t panelEnd) {
    for (size_t panel = panelBegin; panel < panelEnd; panel++)
        for (size_t lane = 0; lane < PANEL; lane++) {
            const size_t base = panel * norm->features * PANEL + lane;
            double total = 0, squares = 0;
            for (size_t f = 0; f < norm->features; f++) {
                const size_t i = base + f * PANEL;
                y[i] = x[i] + (residual ? residual[i] : 0.0f);
                total += y[i];
            }
            const double mean = total / (double)norm->features;
            for (size_t f = 0; f < norm->features; f++) {
                const double difference = y[base + f * PANEL] - mean;
                squares += difference * difference;
            }
            const double scale = 1.0 / sqrt(squares / (double)norm->features + norm->epsilon);
            for (size_t f = 0; f < norm->features; f++) {
                const size_t i = base + f * PANEL;
                y[i] = (float)((y[i] - mean) * scale * norm->gamma[f] + norm->beta[f]);
            }
        }
}

static void gelu(float *y, size_t features, size_t panelBegin, size_t panelEnd, size_t rowBegin, size_t rowEnd) {
    for (size_t panel = panelBegin; panel < panelEnd; panel++)
        for (size_t i = rowBegin * PANEL; i < rowEnd * PANEL; i++) {
            float *value = y + panel * features * PANEL + i;
            *value = (float)(0.5 * *value * (1.0 + erf(*value * 0.70710678118654752)));
        }
}

static void softmax(float *s, size_t rows, float scale) {
    for (size_t lane = 0; lane < PANEL; lane++) {
        double top = s[lane], total = 0;
        for (size_t row = 1; row < rows; row++) top = fmax(top, s[row * PANEL + lane]);
        for (size_t row = 0; row < rows; row++) {
            const double e = exp((s[row * PANEL + lane] - top) * scale);
            s[row * PANEL + lane] = (float)e;
            total += e;
        }
        for (size_t row = 0; row < rows; row++) s[row * PANEL + lane] = (float)(s[row * PANEL + lane] / total);
    }
}

static double fma_rounds(size_t rounds, float *sink) {
    float sum = 1;
    for (size_t round = 0; round < rounds; round++) sum = fmaf(sum, 0.999f, 0.001f);
    *sink = sum;
    return 2.0 * (double)rounds;
}

const secateur_kernels secateur_scalar_table = {
    .isa = SECATEUR_ISA_SCALAR,
    .name = "scalar",
    .denseBlockRows = DENSE_ROWS,
    .dense = dense,
    .unstructured = unstructured,
    .rowblock4 = rowblock4,
    .layernorm = layernorm,
    .gelu = gelu,
    .softmax = softmax,
    .fma = fma_rounds,
};
