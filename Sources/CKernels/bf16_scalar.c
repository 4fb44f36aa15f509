// The reference of bfloat16 products: plain loops. Every other kernel but AMX's makes the same bits.
#include <math.h>

#include "bf16_panels.h"
#include "gelu.h"

#pragma clang fp contract(off)

static void dense(const secateur_bf16_dense *w, const uint32_t *x, const secateur_bf16_output *y, size_t tokens,
                  size_t blockBegin, size_t blockEnd) {
    const size_t pairs = bf16_pairs(w->columns);
    for (size_t row = blockBegin; row < blockEnd; row++)
        for (size_t token = 0; token < round_up(tokens, LANES); token++) {
            float sum = 0;
            for (size_t p = 0; p < pairs; p++) {
                const uint32_t word = x[panel_offset(pairs, tokens, p, token)];
                const uint16_t *weights = w->values + (row * pairs + p) * 2;
                sum = fmaf(bf16_float((uint32_t)weights[1] << 16), bf16_float(word & 0xFFFF0000), sum);
                sum = fmaf(bf16_float((uint32_t)weights[0] << 16), bf16_float(word << 16), sum);
            }
            const float value = sum + (w->bias ? w->bias[row] : 0.0f);
            y->values[panel_offset(w->rows, tokens, row, token)] = y->appliesGelu ? gelu_plain(value) : value;
        }
}

static void round_pairs(const float *x, size_t features, size_t tokens, uint32_t *to, size_t pairBegin,
                        size_t pairEnd) {
    for (size_t p = pairBegin; p < pairEnd; p++)
        for (size_t token = 0; token < round_up(tokens, LANES); token++) {
            const float even = x[panel_offset(features, tokens, 2 * p, token)];
            const float odd = 2 * p + 1 < features ? x[panel_offset(features, tokens, 2 * p + 1, token)] : 0.0f;
            to[panel_offset(bf16_pairs(features), tokens, p, token)] =
                (bf16_rounded(odd) & 0xFFFF0000) | bf16_rounded(even) >> 16;
        }
}

const secateur_bf16_kernels secateur_scalar_bf16_table = {
    .name = "scalar", .denseBlockRows = 1, .denseBlockColumns = 2, .dense = dense, .round = round_pairs};
