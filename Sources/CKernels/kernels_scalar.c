// The reference: plain loops, no vectors, no tiles. Every other kernel is tested against it.
#include <math.h>

#include "panels.h"

#define DENSE_ROWS 1

static void dense(const secateur_dense *w, const float *x, float *y, size_t tokens, size_t rowBegin,
                  size_t rowEnd) {
    for (size_t row = rowBegin; row < rowEnd; row++)
        for (size_t token = 0; token < tokens; token++) {
            float total = w->bias ? w->bias[row] : 0.0f;
            for (size_t first = 0; first < w->columns; first += w->blockColumns) {
                float sum = 0;
                for (size_t c = first; c < smaller(first + w->blockColumns, w->columns); c++)
                    sum = fmaf(w->values[row * w->columns + c], x[panel_offset(w->columns, tokens, c, token)], sum);
                total += sum;
            }
            y[panel_offset(w->rows, tokens, row, token)] = total;
        }
}

// The products of one row and one token in the steps [begin, end) of a slot, in the order of the columns.
static float block_sum(const secateur_sparse *w, const float *x, size_t tokens, size_t block, size_t slot,
                       size_t rowOfUnit, size_t token, size_t begin, size_t end) {
    float sum = 0;
    for (size_t step = begin; step < end; step++) {
        const size_t entry = step * w->bundleUnits + slot;
        const size_t first = block * w->blockColumns + w->indices[entry] * w->unitColumns;
        const float *values = w->values + entry * w->unitColumns * w->unitRows + rowOfUnit;
        for (size_t c = 0; c < w->unitColumns; c++)
            sum = fmaf(values[c * w->unitRows], x[panel_offset(w->columns, tokens, first + c, token)], sum);
    }
    return sum;
}

static void sparse(const secateur_sparse *w, const float *x, float *y, size_t tokens, size_t bundleBegin,
                   size_t bundleEnd) {
    for (size_t block = 0; block * w->blockColumns < w->columns; block++)
        for (size_t bundle = block * w->bundles + bundleBegin; bundle < block * w->bundles + bundleEnd; bundle++)
            for (size_t slot = 0; slot < w->bundleUnits; slot++) {
                const size_t row = w->units[bundle * w->bundleUnits + slot] * w->unitRows;
                for (size_t r = 0; r < w->unitRows && row + r < w->rows; r++)
                    for (size_t token = 0; token < tokens; token++) {
                        float *out = y + panel_offset(w->rows, tokens, row + r, token);
                        const float bias = w->bias ? w->bias[row + r] : 0.0f;
                        *out = (block == 0 ? bias : *out) + block_sum(w, x, tokens, block, slot, r, token,
                                                                      w->starts[bundle], w->starts[bundle + 1]);
                    }
            }
}

static void layernorm(const secateur_layernorm *norm, const float *x, const float *residual, float *y,
                      size_t tokens, size_t stripBegin, size_t stripEnd) {
    for (size_t token = stripBegin * LANES; token < stripEnd * LANES && token < tokens; token++) {
        double total = 0, squares = 0;
        for (size_t f = 0; f < norm->features; f++) {
            const size_t i = panel_offset(norm->features, tokens, f, token);
            y[i] = x[i] + (residual ? residual[i] : 0.0f);
            total += y[i];
        }
        const double mean = total / (double)norm->features;
        for (size_t f = 0; f < norm->features; f++) {
            const double difference = y[panel_offset(norm->features, tokens, f, token)] - mean;
            squares += difference * difference;
        }
        const double scale = 1.0 / sqrt(squares / (double)norm->features + norm->epsilon);
        for (size_t f = 0; f < norm->features; f++) {
            const size_t i = panel_offset(norm->features, tokens, f, token);
            y[i] = (float)((y[i] - mean) * scale * norm->gamma[f] + norm->beta[f]);
        }
    }
}

static double cumulative(double x) { return 0.5 * (1.0 + erf(x * 0.70710678118654752)); }

static void gelu(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd) {
    for (size_t row = rowBegin; row < rowEnd; row++)
        for (size_t token = 0; token < tokens; token++) {
            float *value = y + panel_offset(features, tokens, row, token);
            *value = (float)(*value * cumulative(*value));
        }
}

static void relu(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd) {
    for (size_t row = rowBegin; row < rowEnd; row++)
        for (size_t token = 0; token < tokens; token++) {
            float *value = y + panel_offset(features, tokens, row, token);
            if (*value < 0) *value = 0;
        }
}

static void gelu_forward(const float *x, float *y, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = (float)(x[i] * cumulative(x[i]));
}

static void gelu_backward(const float *x, float *dy, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const double density = 0.39894228040143268 * exp(-0.5 * (double)x[i] * x[i]);
        dy[i] = (float)(dy[i] * (cumulative(x[i]) + x[i] * density));
    }
}

static double score(const secateur_attention *a, size_t query, size_t key) {
    double sum = 0;
    for (size_t f = a->first; f < a->first + a->dimensions; f++)
        sum += (double)a->q[panel_offset(a->features, a->tokens, f, a->offset + query)] *
               a->k[panel_offset(a->features, a->tokens, f, a->offset + key)];
    return sum * a->scale;
}

static void attention(const secateur_attention *a) {
    for (size_t query = 0; query < a->length; query++) {
        double top = score(a, query, 0), total = 0;
        for (size_t key = 1; key < a->length; key++) top = fmax(top, score(a, query, key));
        for (size_t key = 0; key < a->length; key++) {
            a->scratch[key] = (float)exp(score(a, query, key) - top);
            total += a->scratch[key];
        }
        for (size_t f = a->first; f < a->first + a->dimensions; f++) {
            double sum = 0;
            for (size_t key = 0; key < a->length; key++)
                sum += (double)a->scratch[key] * a->v[panel_offset(a->features, a->tokens, f, a->offset + key)];
            a->context[panel_offset(a->features, a->tokens, f, a->offset + query)] = (float)(sum / total);
        }
    }
}

static double fma_rounds(size_t rounds, float *sink) {
    float sum = 1;
    for (size_t round = 0; round < rounds; round++) sum = fmaf(sum, 0.999f, 0.001f);
    *sink = sum;
    return 2.0 * (double)rounds;
}

static const secateur_sparse_kernel sparse_kernels[] = {
    {1, 1, 1, 0, sparse},
    {4, 1, 1, 0, sparse},
    {8, 1, 1, 0, sparse},
    {4, 4, 1, 0, sparse},
};

const secateur_kernels secateur_scalar_table = {
    .isa = SECATEUR_ISA_SCALAR,
    .name = "scalar",
    .denseBlockRows = DENSE_ROWS,
    .dense = dense,
    .sparse = sparse_kernels,
    .sparseCount = sizeof sparse_kernels / sizeof sparse_kernels[0],
    .layernorm = layernorm,
    .gelu = gelu,
    .relu = relu,
    .geluForward = gelu_forward,
    .geluBackward = gelu_backward,
    .attention = attention,
    .fma = fma_rounds,
};
