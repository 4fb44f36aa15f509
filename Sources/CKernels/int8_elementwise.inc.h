// What comes between products, and ends in 8 bits. Included by int8.inc.h.

// Features that fit the first-level cache, for 16 tokens: 24 KB.
#define COPIED_FEATURES 384

INLINE v16 NAME(int8_mean)(const v16 sum[4], size_t features) {
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) * v16_set(1.0f / (float)features);
}

static void NAME(int8_layernorm)(const secateur_layernorm *norm, const float *x, const float *residual, float *y,
                                 float *maxima, size_t tokens, size_t stripBegin, size_t stripEnd) {
    const size_t features = norm->features;
    for (size_t strip = stripBegin; strip < stripEnd; strip++) {
        const size_t width = strip_width(tokens, strip), offset = strip_offset(features, tokens, 0, strip);
        const float *in = x + offset, *add = residual ? residual + offset : NULL;
        float *out = y + offset;
        // Rows of a panel are 256 bytes apart, so that few sets of the first-level cache would have to hold what is
        // read three times: side by side it fits.
        float copy[COPIED_FEATURES * LANES] __attribute__((aligned(64)));
        float *kept = features <= COPIED_FEATURES ? copy : out;
        const size_t step = features <= COPIED_FEATURES ? LANES : width;
        v16 total[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
#pragma clang loop unroll_count(4)
        for (size_t f = 0; f < features; f++) {
            v16 value = v16_load(in + f * width);
            if (add) value += v16_load(add + f * width);
            v16_store(kept + f * step, value);
            total[f & 3] += value;
        }
        const v16 mean = NAME(int8_mean)(total, features);
        v16 squares[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
#pragma clang loop unroll_count(4)
        for (size_t f = 0; f < features; f++) {
            const v16 difference = v16_load(kept + f * step) - mean;
            squares[f & 3] = v16_fma(difference, difference, squares[f & 3]);
        }
        const v16 scale = v16_set(1.0f) / v16_sqrt(NAME(int8_mean)(squares, features) + v16_set(norm->epsilon));
        v16i top = {0};
        for (size_t f = 0; f < features; f++) {
            const v16 normalized = (v16_load(kept + f * step) - mean) * scale;
            const v16 value = v16_fma(normalized, v16_set(norm->gamma[f]), v16_set(norm->beta[f]));
            v16_store(out + f * width, value);
            top = NAME(larger)(top, NAME(magnitude)(value));
        }
        v16_store(maxima + strip * LANES, (v16)top);
    }
}

// Panel `panel` alone, as activations of its own.
INLINE void NAME(int8_quantize_panel)(const float *y, size_t features, size_t tokens, const float *maxima,
                                      const secateur_int8_panels *out, size_t panel) {
    const size_t first = panel * PANEL;
    const secateur_int8_panels part = {out->values + first * features, out->scales + first};
    NAME(int8_quantize)(y + first * features, features, smaller(PANEL, tokens - first), maxima, 1, &part, 0, features);
}

static void NAME(int8_layernorm_quantize)(const secateur_layernorm *norm, const float *x, const float *residual,
                                          float *y, const secateur_int8_panels *out, size_t tokens, size_t panelBegin,
                                          size_t panelEnd) {
    for (size_t panel = panelBegin; panel < panelEnd; panel++) {
        const size_t first = panel * PANEL, count = smaller(PANEL, tokens - first), offset = first * norm->features;
        float maxima[PANEL] __attribute__((aligned(64)));
        NAME(int8_layernorm)(norm, x + offset, residual ? residual + offset : NULL, y + offset, maxima, count, 0,
                             round_up(count, LANES) / LANES);
        NAME(int8_quantize_panel)(y, norm->features, tokens, maxima, out, panel);
    }
}

// Applies GELU to a panel and finds its tokens' largest magnitudes.
INLINE void NAME(int8_gelu_rows)(float *y, size_t features, const size_t width, float *maxima) {
    const size_t vectors = width / INT8_TOKENS;
    vi top[PANEL / INT8_TOKENS] = {{0}};
    for (size_t f = 0; f < features; f++)
        for (size_t p = 0; p < vectors; p++) {
            vf *at = (vf *)(y + f * width) + p;
            *at = NAME(int8_gelu)(*at);
            top[p] = __builtin_elementwise_max(top[p], (vi)*at & 0x7FFFFFFF);
        }
    for (size_t p = 0; p < vectors; p++) ((vf *)maxima)[p] = (vf)top[p];
}

static void NAME(int8_gelu_quantize)(float *y, size_t features, size_t tokens, const secateur_int8_panels *out,
                                     size_t panelBegin, size_t panelEnd) {
    for (size_t panel = panelBegin; panel < panelEnd; panel++) {
        const size_t first = panel * PANEL, width = panel_width(tokens, first);
        float maxima[PANEL] __attribute__((aligned(64)));
        if (width == PANEL) NAME(int8_gelu_rows)(y + first * features, features, PANEL, maxima);
        else
            NAME(int8_gelu_rows)(y + first * features, features, width, maxima);
        NAME(int8_quantize_panel)(y, features, tokens, maxima, out, panel);
    }
}
