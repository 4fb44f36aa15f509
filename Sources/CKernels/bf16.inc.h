// The bfloat16 kernels of one instruction set. The including file defines, before including this:
//   NAME(x), ISA_NAME   the symbol of x, and the name of this instruction set
//   BF16_ROWS, BF16_VECTORS   rows and vectors of 16 tokens of a tile; with its operands they fill the registers
//   BF16_BLOCK_COLUMNS  columns of a row of weights that stand side by side
//   BF16_SUMS           the file that defines NAME(bf16_sums), the sums of a tile: bf16_expand.inc.h,
//                       bf16_avx512bf16.inc.h or bf16_amx_tile.inc.h
//   BF16_BEGIN, BF16_END   what a thread does before its first tile, and after its last, if anything
#include "bf16_panels.h"
#include "gelu.h"
#include "vector.h"

// Results depend on where an addition and a product become one: only where it is written so.
#pragma clang fp contract(off)

typedef uint32_t NAME(words) __attribute__((vector_size(64), aligned(64)));

#include BF16_SUMS

GELU_OF_VECTORS(NAME(bf16_gelu), v16, v16i)

INLINE void NAME(bf16_write)(const v16 sum[], const int vectors, float bias, float *out, const int gelu) {
#pragma clang loop unroll(full)
    for (int p = 0; p < vectors; p++) {
        const v16 value = sum[p] + v16_set(bias);
        v16_store(out + p * LANES, gelu ? NAME(bf16_gelu)(value) : value);
    }
}

// One tile: `x` and `y` being those of its first token, `y` also of its first row.
INLINE void NAME(bf16_tile)(const secateur_bf16_dense *w, const secateur_bf16_output *y, size_t row, const uint32_t *x,
                            float *out, size_t width, const int vectors) {
    const size_t valid = smaller(w->rows - row, BF16_ROWS);
    v16 sum[BF16_ROWS][BF16_VECTORS];
    NAME(bf16_sums)(sum, w->values + row * round_up(w->columns, BF16_BLOCK_COLUMNS), x, bf16_pairs(w->columns), width,
                    vectors);
#pragma clang loop unroll(full)
    for (int r = 0; r < BF16_ROWS; r++)
        if ((size_t)r < valid) {
            const float bias = w->bias ? w->bias[row + (size_t)r] : 0.0f;
            if (y->appliesGelu) NAME(bf16_write)(sum[r], vectors, bias, out + (size_t)r * width, 1);
            else
                NAME(bf16_write)(sum[r], vectors, bias, out + (size_t)r * width, 0);
        }
}

static void NAME(bf16_dense)(const secateur_bf16_dense *w, const uint32_t *x, const secateur_bf16_output *y,
                             size_t tokens, size_t blockBegin, size_t blockEnd) {
    // As in dense.inc.h: a chunk of weights stays in the second-level cache while all tokens pass by it.
    const size_t chunk = 1 + 262144 / (w->columns * BF16_ROWS * sizeof(uint16_t)), pairs = bf16_pairs(w->columns);
#ifdef BF16_BEGIN
    BF16_BEGIN;
#endif
    for (size_t begin = blockBegin; begin < blockEnd; begin += chunk)
        for (size_t first = 0; first < tokens; first += PANEL) {
            const size_t width = panel_width(tokens, first);
            for (size_t lane = 0; lane < width;) {
                const int full = lane + BF16_VECTORS * LANES <= width;
                const uint32_t *in = x + first * pairs + lane;
                for (size_t block = begin; block < smaller(begin + chunk, blockEnd); block++) {
                    const size_t row = block * BF16_ROWS;
                    float *out = y->values + first * w->rows + row * width + lane;
                    if (full) NAME(bf16_tile)(w, y, row, in, out, width, BF16_VECTORS);
                    else
                        NAME(bf16_tile)(w, y, row, in, out, width, 1);
                }
                lane += full ? BF16_VECTORS * LANES : LANES;
            }
        }
#ifdef BF16_END
    BF16_END;
#endif
}

// bf16_rounded of 16 numbers.
INLINE NAME(words) NAME(bf16_words)(v16 x) {
    const NAME(words) bits = (NAME(words))x;
    const v16i magnitude = (v16i)bits & 0x7FFFFFFF;
    const NAME(words) isNaN = (NAME(words))(magnitude > BF16_INFINITY);
    const NAME(words) counts = (NAME(words))(magnitude >= BF16_LEAST);
    const NAME(words) rounded = bits + 0x7FFF + (bits >> 16 & 1);
    return ((rounded & ~isNaN) | ((bits | BF16_QUIET) & isNaN)) & counts;
}

static void NAME(bf16_round)(const float *x, size_t features, size_t tokens, uint32_t *to, size_t pairBegin,
                             size_t pairEnd) {
    const size_t pairs = bf16_pairs(features);
    for (size_t first = 0; first < tokens; first += PANEL) {
        const size_t width = panel_width(tokens, first);
        for (size_t p = pairBegin; p < pairEnd; p++) {
            const float *even = x + first * features + 2 * p * width;
            uint32_t *out = to + first * pairs + p * width;
            for (size_t lane = 0; lane < width; lane += LANES) {
                NAME(words) word = NAME(bf16_words)(v16_load(even + lane)) >> 16;
                if (2 * p + 1 < features) word |= NAME(bf16_words)(v16_load(even + width + lane)) & 0xFFFF0000;
                *(NAME(words) *)(out + lane) = word;
            }
        }
    }
}

const secateur_bf16_kernels NAME(bf16_table) = {
    .name = ISA_NAME,
    .denseBlockRows = BF16_ROWS,
    .denseBlockColumns = BF16_BLOCK_COLUMNS,
    .dense = NAME(bf16_dense),
    .round = NAME(bf16_round),
};
