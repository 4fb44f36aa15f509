// Attention of one head on panels, without packing keys or values. Included by kernels.inc.h.

// The first element of a head in the panel that the sequence's token `first` starts.
INLINE size_t NAME(head_offset)(const secateur_attention *a, size_t first, size_t *width) {
    *width = panel_width(a->tokens, a->offset + first);
    return (a->offset + first) * a->features + a->first * *width;
}

INLINE void NAME(scores_of_tile)(const float *k, size_t keyWidth, size_t dimensions, const float *q,
                                 size_t width, size_t validKeys, float *scores, const int vectors) {
    v16 sum[ATTENTION_ROWS][MAXIMUM_VECTORS] = {{{0}}};
    NAME(accumulate)(sum, ATTENTION_ROWS, vectors, k, 1, keyWidth, dimensions, q, width, 0);
#pragma clang loop unroll(full)
    for (int r = 0; r < ATTENTION_ROWS; r++)
        if ((size_t)r < validKeys)
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) v16_store(scores + (r * vectors + p) * LANES, sum[r][p]);
}

// exp(scale * (s - max)) over the keys, in place; 1 / their sum to `inverse`.
INLINE void NAME(exponentials)(float *scores, size_t keys, float scale, v16 *inverse, const int vectors) {
    const size_t stride = vectors * LANES;
#pragma clang loop unroll(full)
    for (int p = 0; p < vectors; p++) {
        float *s = scores + p * LANES;
        v16 top = v16_load(s);
        for (size_t key = 1; key < keys; key++) top = v16_max(top, v16_load(s + key * stride));
        const v16 factor = v16_set(scale * 1.44269504f), offset = top * factor;
        v16 total = v16_set(0.0f);
        for (size_t key = 0; key < keys; key++) {
            const v16 e = v16_exp2_of_nonpositive(v16_fma(v16_load(s + key * stride), factor, -offset));
            v16_store(s + key * stride, e);
            total += e;
        }
        inverse[p] = v16_set(1.0f) / total;
    }
}

// `rows` features of the context of a tile of queries.
INLINE void NAME(context_of_tile)(const secateur_attention *a, size_t dimension, const float *scores,
                                  const v16 *inverse, float *context, size_t width, const int rows,
                                  const int vectors) {
    v16 sum[ATTENTION_ROWS][MAXIMUM_VECTORS] = {{{0}}};
    for (size_t first = 0; first < a->length; first += PANEL) {
        size_t keyWidth;
        const float *v = a->v + NAME(head_offset)(a, first, &keyWidth) + dimension * keyWidth;
        NAME(accumulate)(sum, rows, vectors, v, keyWidth, 1, smaller(PANEL, a->length - first),
                         scores + first * vectors * LANES, vectors * LANES, 0);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++)
            v16_store(context + (dimension + r) * width + p * LANES, sum[r][p] * inverse[p]);
}

INLINE void NAME(attend_tile)(const secateur_attention *a, const float *q, float *context, size_t width,
                              const int vectors) {
    for (size_t first = 0; first < a->length; first += PANEL) {
        size_t keyWidth;
        const float *k = a->k + NAME(head_offset)(a, first, &keyWidth);
        const size_t keys = smaller(PANEL, a->length - first);
        for (size_t key = 0; key < keys; key += ATTENTION_ROWS)
            NAME(scores_of_tile)(k + key, keyWidth, a->dimensions, q, width, keys - key,
                                 a->scratch + (first + key) * vectors * LANES, vectors);
    }
    v16 inverse[MAXIMUM_VECTORS];
    NAME(exponentials)(a->scratch, a->length, a->scale, inverse, vectors);
    size_t d = 0;
    for (; d + ATTENTION_ROWS <= a->dimensions; d += ATTENTION_ROWS)
        NAME(context_of_tile)(a, d, a->scratch, inverse, context, width, ATTENTION_ROWS, vectors);
    for (; d < a->dimensions; d++)
        NAME(context_of_tile)(a, d, a->scratch, inverse, context, width, 1, vectors);
}

// A sequence that starts with a panel.
static void NAME(attend_aligned)(const secateur_attention *a) {
    for (size_t first = 0; first < a->length; first += PANEL) {
        size_t width;
        const size_t panel = NAME(head_offset)(a, first, &width);
        const size_t needed = smaller(width, round_up(a->length - first, LANES));
        for (size_t lane = 0; lane < needed;) {
            const int full = lane + ATTENTION_VECTORS * LANES <= needed;
            if (full)
                NAME(attend_tile)(a, a->q + panel + lane, a->context + panel + lane, width, ATTENTION_VECTORS);
            else
                NAME(attend_tile)(a, a->q + panel + lane, a->context + panel + lane, width, 1);
            lane += full ? ATTENTION_VECTORS * LANES : LANES;
        }
    }
}

static void NAME(attention)(const secateur_attention *a) { secateur_attend_aligned(a, NAME(attend_aligned)); }
