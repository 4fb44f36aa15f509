// The language-model kernels of one instruction set. The including file defines, before including this:
//   NAME(x), ISA_NAME   the symbol of x, and the name of this instruction set
//   TILE_ROWS           rows of an attention tile; with SECATEUR_QUERY_STRIPS they fill the registers
// and what eightbit.inc.h asks for.
#include <math.h>
#include <string.h>

#include "panels.h"
#include "vector.h"

#define QUERY_STRIPS SECATEUR_QUERY_STRIPS
#define LARGEST_HEAD 256

INLINE v16 v16_load_unaligned(const float *p) {
    v16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

// By halves: sixteen additions one after the other would take longer than the products of a row.
INLINE float v16_sum(v16 v) {
    typedef float v8 __attribute__((vector_size(32)));
    typedef float v4 __attribute__((vector_size(16)));
    const v8 eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                     __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    const v4 four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
                    __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

static void NAME(rmsnorm)(const float *gamma, float epsilon, size_t features, size_t tokens, const float *x,
                          float *y, size_t stripBegin, size_t stripEnd) {
    for (size_t strip = stripBegin; strip < stripEnd; strip++) {
        const size_t width = strip_width(tokens, strip);
        const float *in = x + strip_offset(features, tokens, 0, strip);
        float *out = y + strip_offset(features, tokens, 0, strip);
        v16 squares[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
        for (size_t f = 0; f < features; f++) {
            const v16 value = v16_load(in + f * width);
            squares[f & 3] = v16_fma(value, value, squares[f & 3]);
        }
        const v16 mean = ((squares[0] + squares[1]) + (squares[2] + squares[3])) * v16_set(1.0f / (float)features);
        const v16 scale = v16_set(1.0f) / v16_sqrt(mean + v16_set(epsilon));
        for (size_t f = 0; f < features; f++)
            v16_store(out + f * width, v16_load(in + f * width) * scale * v16_set(gamma[f]));
    }
}

static void NAME(rmsnorm_head)(const float *gamma, float epsilon, float *x, size_t features, size_t first,
                               size_t dimensions, size_t tokens) {
    for (size_t strip = 0; strip * LANES < tokens; strip++) {
        const size_t width = strip_width(tokens, strip);
        float *head = x + strip_offset(features, tokens, first, strip);
        v16 squares = v16_set(0);
        for (size_t d = 0; d < dimensions; d++) {
            const v16 value = v16_load(head + d * width);
            squares = v16_fma(value, value, squares);
        }
        const v16 mean = squares * v16_set(1.0f / (float)dimensions);
        const v16 scale = v16_set(1.0f) / v16_sqrt(mean + v16_set(epsilon));
        for (size_t d = 0; d < dimensions; d++)
            v16_store(head + d * width, v16_load(head + d * width) * scale * v16_set(gamma[d]));
    }
}

static void NAME(add)(const float *x, float *y, size_t features, size_t tokens, size_t stripBegin,
                      size_t stripEnd) {
    for (size_t strip = stripBegin; strip < stripEnd; strip++) {
        const size_t width = strip_width(tokens, strip), start = strip_offset(features, tokens, 0, strip);
        for (size_t i = start; i < start + features * width; i += width)
            v16_store(y + i, v16_load(y + i) + v16_load(x + i));
    }
}

static void NAME(silu_multiply)(float *gate, const float *up, size_t features, size_t tokens, size_t rowBegin,
                                size_t rowEnd) {
    for (size_t strip = 0; strip * LANES < tokens; strip++) {
        const size_t width = strip_width(tokens, strip), start = strip_offset(features, tokens, 0, strip);
        for (size_t i = start + rowBegin * width; i < start + rowEnd * width; i += width) {
            const v16 x = v16_load(gate + i);
            const v16 silu = x / (v16_set(1.0f) + v16_exp(-x));
            v16_store(gate + i, silu * v16_load(up + i));
        }
    }
}

static void NAME(gelu_tanh)(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd) {
    for (size_t strip = 0; strip * LANES < tokens; strip++) {
        const size_t width = strip_width(tokens, strip), start = strip_offset(features, tokens, 0, strip);
        for (size_t i = start + rowBegin * width; i < start + rowEnd * width; i += width) {
            const v16 x = v16_load(y + i);
            const v16 inner = v16_set(0.7978845608f) * v16_fma(v16_set(0.044715f) * x * x, x, x);
            // (1 + tanh z) / 2 = 1 / (1 + e^(-2z))
            v16_store(y + i, x / (v16_set(1.0f) + v16_exp(inner * v16_set(-2.0f))));
        }
    }
}

static void NAME(rotate)(float *x, size_t features, size_t first, size_t dimensions, size_t tokens,
                         const float *cosines, const float *sines) {
    const size_t half = dimensions / 2;
    for (size_t strip = 0; strip * LANES < tokens; strip++) {
        const size_t width = strip_width(tokens, strip), angles = strip_offset(half, tokens, 0, strip);
        float *low = x + strip_offset(features, tokens, first, strip);
        float *high = low + half * width;
        for (size_t d = 0; d < half * width; d += width) {
            const v16 c = v16_load(cosines + angles + d);
            const v16 s = v16_load(sines + angles + d);
            const v16 a = v16_load(low + d), b = v16_load(high + d);
            v16_store(low + d, a * c - b * s);
            v16_store(high + d, b * c + a * s);
        }
    }
}

static void NAME(store_rows)(const float *x, size_t features, size_t first, size_t dimensions, size_t tokens,
                             float *rows, size_t stride) {
    for (size_t strip = 0; strip * LANES < tokens; strip++) {
        const size_t width = strip_width(tokens, strip), token = strip * LANES;
        const float *in = x + strip_offset(features, tokens, first, strip);
        const size_t valid = tokens - token < LANES ? tokens - token : LANES;
        for (size_t d = 0; d < dimensions; d++)
            for (size_t lane = 0; lane < valid; lane++)
                rows[(token + lane) * stride + d] = in[d * width + lane];
    }
}

// scores[strip][key][16] for keys [0, keys) and `strips` strips of queries, whose rows are `width` apart.
INLINE void NAME(score_tile)(const secateur_head *head, const float *const *queries, size_t width, size_t key,
                             size_t keys, float *const *scores, const int strips) {
    v16 sum[TILE_ROWS][QUERY_STRIPS];
    const float *rows[TILE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < TILE_ROWS; r++) {
        // Rows past the last repeat it, and are not stored.
        const size_t row = key + (size_t)r < keys ? key + (size_t)r : keys - 1;
        rows[r] = head->keys + row * head->stride;
#pragma clang loop unroll(full)
        for (int p = 0; p < strips; p++) sum[r][p] = v16_set(0.0f);
    }
    for (size_t d = 0; d < head->dimensions; d++) {
        v16 input[QUERY_STRIPS];
#pragma clang loop unroll(full)
        for (int p = 0; p < strips; p++) input[p] = v16_load(queries[p] + d * width);
#pragma clang loop unroll(full)
        for (int r = 0; r < TILE_ROWS; r++) {
            const v16 weight = v16_set(rows[r][d]);
#pragma clang loop unroll(full)
            for (int p = 0; p < strips; p++) sum[r][p] = v16_fma(weight, input[p], sum[r][p]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < TILE_ROWS; r++)
        if (key + (size_t)r < keys)
#pragma clang loop unroll(full)
            for (int p = 0; p < strips; p++) v16_store(scores[p] + (key + (size_t)r) * LANES, sum[r][p]);
}

// context[strip][d] for dimensions [d, d + TILE_ROWS), rows `width` apart.
INLINE void NAME(value_tile)(const secateur_head *head, float *const *scores, size_t keys, size_t d,
                             float *const *context, size_t width, const int strips) {
    v16 sum[TILE_ROWS][QUERY_STRIPS];
    size_t offset[TILE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < TILE_ROWS; r++) {
        offset[r] = d + (size_t)r < head->dimensions ? d + (size_t)r : head->dimensions - 1;
#pragma clang loop unroll(full)
        for (int p = 0; p < strips; p++) sum[r][p] = v16_set(0.0f);
    }
    for (size_t key = 0; key < keys; key++) {
        const float *row = head->values + key * head->stride;
        v16 input[QUERY_STRIPS];
#pragma clang loop unroll(full)
        for (int p = 0; p < strips; p++) input[p] = v16_load(scores[p] + key * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < TILE_ROWS; r++) {
            const v16 weight = v16_set(row[offset[r]]);
#pragma clang loop unroll(full)
            for (int p = 0; p < strips; p++) sum[r][p] = v16_fma(weight, input[p], sum[r][p]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < TILE_ROWS; r++)
        if (d + (size_t)r < head->dimensions)
#pragma clang loop unroll(full)
            for (int p = 0; p < strips; p++) v16_store(context[p] + (d + (size_t)r) * width, sum[r][p]);
}

// softmax(scale * s) over the keys that each lane sees: lane l of the strip is at position base + l.
static void NAME(causal_softmax)(float *s, size_t keys, size_t base, float scale) {
    const v16i lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    v16 top = v16_set(-INFINITY);
    for (size_t key = 0; key < keys; key++) {
        v16 value = v16_load(s + key * LANES);
        if (key > base) {
            const v16i seen = lanes >= (v16i){} + (int32_t)(key - base);
            value = (v16)(((v16i)value & seen) | ((v16i)v16_set(-INFINITY) & ~seen));
        }
        top = v16_max(top, value);
    }
    const v16 factor = v16_set(scale);
    v16 total = v16_set(0.0f);
    for (size_t key = 0; key < keys; key++) {
        v16 e = v16_exp((v16_load(s + key * LANES) - top) * factor);
        if (key > base) e = (v16)((v16i)e & (lanes >= (v16i){} + (int32_t)(key - base)));
        v16_store(s + key * LANES, e);
        total += e;
    }
    const v16 inverse = v16_set(1.0f) / total;
    for (size_t key = 0; key < keys; key++) v16_store(s + key * LANES, v16_load(s + key * LANES) * inverse);
}

INLINE void NAME(attend_strips)(const secateur_head *head, const float *queries, float *context, size_t width,
                                size_t base, size_t keys, float *scratch, const int strips) {
    const float *query[QUERY_STRIPS];
    float *scores[QUERY_STRIPS], *out[QUERY_STRIPS];
    for (int p = 0; p < strips; p++) {
        query[p] = queries + (size_t)p * LANES;
        out[p] = context + (size_t)p * LANES;
        scores[p] = scratch + (size_t)p * keys * LANES;
    }
    for (size_t key = 0; key < keys; key += TILE_ROWS)
        NAME(score_tile)(head, query, width, key, keys, scores, strips);
    for (int p = 0; p < strips; p++)
        NAME(causal_softmax)(scores[p], keys, base + (size_t)p * LANES, head->scale);
    for (size_t d = 0; d < head->dimensions; d += TILE_ROWS)
        NAME(value_tile)(head, scores, keys, d, out, width, strips);
}

static void NAME(attend)(const secateur_head *head, const float *queries, size_t queryFeatures,
                         size_t queryFirst, float *context, size_t contextFeatures, size_t contextFirst,
                         size_t position, size_t tokens, size_t stripBegin, size_t stripEnd, float *scratch) {
    size_t strip = stripBegin;
    while (strip < stripEnd) {
        // Two strips taken together stand in one panel, which holds an even number of them.
        const int full = strip % QUERY_STRIPS == 0 && strip + QUERY_STRIPS <= stripEnd;
        const size_t last = (strip + (full ? QUERY_STRIPS : 1)) * LANES;
        const size_t keys = position + (last < tokens ? last : tokens);
        const size_t width = strip_width(tokens, strip), base = position + strip * LANES;
        const float *q = queries + strip_offset(queryFeatures, tokens, queryFirst, strip);
        float *c = context + strip_offset(contextFeatures, tokens, contextFirst, strip);
        if (full)
            NAME(attend_strips)(head, q, c, width, base, keys, scratch, QUERY_STRIPS);
        else
            NAME(attend_strips)(head, q, c, width, base, keys, scratch, 1);
        strip += full ? QUERY_STRIPS : 1;
    }
}

static void NAME(attend_one)(const secateur_head *head, const float *queries, size_t queryFirst, float *context,
                             size_t contextFirst, size_t position, float *scratch) {
    const size_t keys = position + 1, parts = (head->dimensions + 15) / 16;
    float query[LARGEST_HEAD] __attribute__((aligned(64))) = {0};
    for (size_t d = 0; d < head->dimensions; d++) query[d] = queries[(queryFirst + d) * LANES];
    float top = -INFINITY;
    for (size_t key = 0; key < keys; key++) {
        const float *row = head->keys + key * head->stride;
        v16 sum = v16_set(0.0f);
        for (size_t part = 0; part < parts; part++)
            sum = v16_fma(v16_load(row + part * 16), v16_load(query + part * 16), sum);
        scratch[key] = v16_sum(sum) * head->scale;
        if (scratch[key] > top) top = scratch[key];
    }
    for (size_t key = keys; key % 16 != 0; key++) scratch[key] = -INFINITY;
    v16 totals = v16_set(0.0f);
    for (size_t key = 0; key < keys; key += 16) {
        const v16 e = v16_exp(v16_load(scratch + key) - v16_set(top));
        v16_store(scratch + key, e);
        if (key + 16 <= keys) {
            totals += e;
        } else {
            for (size_t lane = 0; key + lane < keys; lane++) totals[lane] += e[lane];
        }
    }
    const float inverse = 1.0f / v16_sum(totals);
    // Four vectors of a head at a time stay in registers.
    for (size_t part = 0; part < parts; part += 4) {
        const size_t count = parts - part < 4 ? parts - part : 4;
        v16 sum[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
        for (size_t key = 0; key < keys; key++) {
            const v16 weight = v16_set(scratch[key]);
            const float *row = head->values + key * head->stride + part * 16;
#pragma clang loop unroll(full)
            for (size_t i = 0; i < 4; i++)
                if (i < count) sum[i] = v16_fma(v16_load(row + i * 16), weight, sum[i]);
        }
        for (size_t d = part * 16; d < head->dimensions && d < (part + 4) * 16; d++)
            context[(contextFirst + d) * LANES] = sum[d / 16 - part][d % 16] * inverse;
    }
}

static void NAME(log_sum_exp)(const float *s, size_t width, size_t rows, float *out) {
    v16 top = v16_load(s);
    for (size_t row = 1; row < rows; row++) top = v16_max(top, v16_load(s + row * width));
    v16 total[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
    for (size_t row = 0; row < rows; row++) total[row & 3] += v16_exp(v16_load(s + row * width) - top);
    const v16 sum = (total[0] + total[1]) + (total[2] + total[3]);
    for (int lane = 0; lane < LANES; lane++) out[lane] = top[lane] + logf(sum[lane]);
}

static void NAME(divergence)(const float *p, const float *q, const float *pLogSum, const float *qLogSum,
                             size_t width, size_t rows, float *out) {
    const v16 ps = v16_load_unaligned(pLogSum), qs = v16_load_unaligned(qLogSum);
    v16 total[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
    for (size_t row = 0; row < rows; row++) {
        const v16 logP = v16_load(p + row * width) - ps;
        const v16 logQ = v16_load(q + row * width) - qs;
        total[row & 3] = v16_fma(v16_exp(logP), logP - logQ, total[row & 3]);
    }
    const v16 sum = (total[0] + total[1]) + (total[2] + total[3]);
    for (int lane = 0; lane < LANES; lane++) out[lane] = sum[lane];
}

#include "eightbit.inc.h"

#include "fourbit.inc.h"
#include "single_token.inc.h"

const secateur_language_kernels NAME(language_table) = {
    .name = ISA_NAME,
    .rmsnorm = NAME(rmsnorm),
    .rmsnorm_head = NAME(rmsnorm_head),
    .add = NAME(add),
    .silu_multiply = NAME(silu_multiply),
    .gelu_tanh = NAME(gelu_tanh),
    .rotate = NAME(rotate),
    .store_rows = NAME(store_rows),
    .attend = NAME(attend),
    .attend_one = NAME(attend_one),
    .normalize_one = NAME(normalize_one),
    .rotate_one = NAME(rotate_one),
    .attend_part = NAME(attend_part),
    .quantize = NAME(quantize),
    .eightbit = NAME(eightbit),
    .fourbit = NAME(fourbit),
    .log_sum_exp = NAME(log_sum_exp),
    .divergence = NAME(divergence),
};
