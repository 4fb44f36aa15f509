// The reference of 8-bit products: plain loops. Every other kernel makes the same bits.
#include <math.h>
#include <string.h>

#include "attention.h"
#include "int8_panels.h"

// The same operations in the same order as in int8.inc.h.
#pragma clang fp contract(off)

static float magnitude(float x) { return int8_float(int8_bits(x) & 0x7FFFFFFF); }

// Of magnitudes; one that is not a number is the largest.
static float larger(float a, float b) { return int8_bits(a) > int8_bits(b) ? a : b; }

static int32_t number(const secateur_int8_panels *x, size_t features, size_t tokens, size_t feature, size_t token) {
    return x->values[int8_panel_offset(features, tokens, feature, token)] - 128;
}

typedef struct {
    const float *scales, *bias;
    size_t rows, tokens;
} product;

static void write(const product *p, const secateur_int8_panels *x, const secateur_int8_output *y, int32_t sum,
                  size_t row, size_t token) {
    const float bias = p->bias ? p->bias[row] : 0.0f;
    float value = fmaf((float)sum, p->scales[row] * x->scales[token], bias);
    if (y->appliesGelu) value = gelu_plain(value);
    y->values[panel_offset(p->rows, p->tokens, row, token)] = value;
    if (y->maxima) y->maxima[token] = larger(y->maxima[token], magnitude(value));
}

static void dense(const secateur_int8_dense *w, const secateur_int8_panels *x, const secateur_int8_output *y,
                  size_t tokens, size_t blockBegin, size_t blockEnd) {
    const product p = {w->scales, w->bias, w->rows, tokens};
    for (size_t row = blockBegin; row < blockEnd; row++)
        for (size_t token = 0; token < round_up(tokens, LANES); token++) {
            int32_t sum = 0;
            for (size_t c = 0; c < w->columns; c++)
                sum += w->values[(row - w->firstBlock) * w->columns + c] * number(x, w->columns, tokens, c, token);
            write(&p, x, y, sum, row, token);
        }
}

static void expand(const secateur_int4 *w, size_t rowBegin, size_t rowEnd, int8_t *to) {
    const size_t groups = secateur_int4_groups(w->columns);
    for (size_t row = rowBegin; row < smaller(rowEnd, w->rows); row++)
        for (size_t c = 0; c < w->columns; c++) {
            const size_t group = row / SECATEUR_INT4_ROWS * groups + c / SECATEUR_INT4_GROUP;
            const size_t in = row % SECATEUR_INT4_ROWS, four = c % SECATEUR_INT4_GROUP / 4;
            const int both = w->values[((group * 4 + four / 2) * SECATEUR_INT4_ROWS + in) * 4 + c % 4];
            const int number = (four % 2 ? both >> 4 : both & 15) - 8;
            to[(row - rowBegin) * w->columns + c] = (int8_t)(number * w->multipliers[group * SECATEUR_INT4_ROWS + in]);
        }
}

static void rowblocks(const secateur_int8_rowblocks *w, const secateur_int8_panels *x, const secateur_int8_output *y,
                      size_t tokens, size_t groupBegin, size_t groupEnd, size_t groupRows) {
    const product p = {w->scales, w->bias, w->rows, tokens};
    for (size_t i = groupBegin * groupRows; i < groupEnd * groupRows; i++) {
        if (w->rowOf[i] >= w->rows) continue;
        for (size_t token = 0; token < round_up(tokens, LANES); token++) {
            int32_t sum = 0;
            for (size_t four = w->starts[i / groupRows]; four < w->starts[i / groupRows + 1]; four++)
                for (size_t c = 0; c < 4; c++)
                    sum += w->values[(four * groupRows + i % groupRows) * 4 + c] *
                           number(x, w->columns, tokens, w->kept[four * 4 + c], token);
            write(&p, x, y, sum, w->rowOf[i], token);
        }
    }
}

#define ROWBLOCKS(count)                                                                                       \
    static void rowblocks_##count(const secateur_int8_rowblocks *w, const secateur_int8_panels *x,             \
                                  const secateur_int8_output *y, size_t tokens, size_t begin, size_t end) {    \
        rowblocks(w, x, y, tokens, begin, end, count);                                                         \
    }
ROWBLOCKS(1)
ROWBLOCKS(2)
ROWBLOCKS(4)
ROWBLOCKS(8)
ROWBLOCKS(16)

static void maxima(const float *x, size_t features, size_t tokens, float *maxima, size_t featureBegin,
                   size_t featureEnd) {
    for (size_t token = 0; token < round_up(tokens, LANES); token++)
        for (size_t f = featureBegin; f < featureEnd; f++)
            maxima[token] = larger(maxima[token], magnitude(x[panel_offset(features, tokens, f, token)]));
}

static void quantize(const float *x, size_t features, size_t tokens, const float *maxima, size_t count,
                     const secateur_int8_panels *out, size_t featureBegin, size_t featureEnd) {
    const size_t padded = round_up(tokens, LANES);
    for (size_t token = 0; token < padded; token++) {
        float maximum = 0;
        for (size_t i = 0; i < count; i++) maximum = larger(maximum, maxima[i * padded + token]);
        float scale;
        const float inverse = int8_inverse(maximum, &scale);
        if (featureBegin == 0) out->scales[token] = scale;
        for (size_t f = featureBegin; f < featureEnd; f++) {
            const float value = x[panel_offset(features, tokens, f, token)];
            const float shifted = fmaf(value, inverse, INT8_ROUNDER + 128.0f);
            out->values[int8_panel_offset(features, tokens, f, token)] =
                (uint8_t)(int8_bits(shifted) - INT8_ROUNDER_BITS);
        }
    }
}

static const secateur_int8_rowblock_kernel rowblock_kernels[] = {
    {1, rowblocks_1}, {2, rowblocks_2}, {4, rowblocks_4}, {8, rowblocks_8}, {16, rowblocks_16}};

const secateur_int8_kernels secateur_scalar_int8_table = {
    .name = "scalar",
    .denseBlockRows = 1,
    .denseBlockColumns = 1,
    .dense = dense,
    .expand = expand,
    .rowblocks = rowblock_kernels,
    .rowblockCount = sizeof rowblock_kernels / sizeof *rowblock_kernels,
    .maxima = maxima,
    .quantize = quantize,
    .attention = secateur_int8_attention_plain,
};
