// Layer normalization and GELU. Included by kernels.inc.h.

static void NAME(layernorm)(const secateur_layernorm *norm, const float *x, const float *residual, float *y,
                            size_t tokens, size_t stripBegin, size_t stripEnd) {
    const size_t features = norm->features;
    for (size_t strip = stripBegin; strip < stripEnd; strip++) {
        const size_t offset = panel_offset(features, tokens, 0, strip * LANES);
        const size_t width = panel_width(tokens, strip * LANES / PANEL * PANEL);
        const float *in = x + offset;
        const float *add = residual ? residual + offset : NULL;
        float *out = y + offset;
        v16 total[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
        // Sums that are told apart by the loop would be in memory.
#pragma clang loop unroll_count(4)
        for (size_t f = 0; f < features; f++) {
            v16 value = v16_load(in + f * width);
            if (add) value += v16_load(add + f * width);
            v16_store(out + f * width, value);
            total[f & 3] += value;
        }
        const v16 inverse = v16_set(1.0f / (float)features);
        const v16 mean = ((total[0] + total[1]) + (total[2] + total[3])) * inverse;
        v16 squares[4] = {v16_set(0), v16_set(0), v16_set(0), v16_set(0)};
#pragma clang loop unroll_count(4)
        for (size_t f = 0; f < features; f++) {
            const v16 difference = v16_load(out + f * width) - mean;
            squares[f & 3] = v16_fma(difference, difference, squares[f & 3]);
        }
        const v16 variance = ((squares[0] + squares[1]) + (squares[2] + squares[3])) * inverse;
        const v16 scale = v16_set(1.0f) / v16_sqrt(variance + v16_set(norm->epsilon));
        for (size_t f = 0; f < features; f++) {
            const v16 normalized = (v16_load(out + f * width) - mean) * scale;
            v16_store(out + f * width,
                      v16_fma(normalized, v16_set(norm->gamma[f]), v16_set(norm->beta[f])));
        }
    }
}

INLINE v16 NAME(gelu_of)(v16 x) {
    const v16 magnitude = v16_max(x, -x);
    const v16 half = v16_erf_of_nonnegative(magnitude * v16_set(0.70710678f)) * v16_set(0.5f);
    // x*Phi(x) = x/2 + |x|*erf(|x|/sqrt 2)/2
    return v16_fma(magnitude, half, x * v16_set(0.5f));
}

static void NAME(gelu)(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd) {
    for (size_t first = 0; first < tokens; first += PANEL) {
        const size_t width = panel_width(tokens, first);
        float *out = y + first * features;
        for (size_t i = rowBegin * width; i < rowEnd * width; i += LANES) {
            v16_store(out + i, NAME(gelu_of)(v16_load(out + i)));
        }
    }
}

static void NAME(relu)(float *y, size_t features, size_t tokens, size_t rowBegin, size_t rowEnd) {
    for (size_t first = 0; first < tokens; first += PANEL) {
        const size_t width = panel_width(tokens, first);
        float *out = y + first * features;
        for (size_t i = rowBegin * width; i < rowEnd * width; i += LANES) {
            v16_store(out + i, v16_max(v16_load(out + i), v16_set(0.0f)));
        }
    }
}

// The 16 floats from p on, of which `count` are there; zeros for the rest.
INLINE v16 NAME(some)(const float *p, size_t count) {
    if (count >= LANES) return *(const v16_anywhere *)p;
    v16 value = v16_set(0);
    for (size_t i = 0; i < count; i++) value[i] = p[i];
    return value;
}

INLINE void NAME(store_some)(float *p, v16 value, size_t count) {
    if (count >= LANES) *(v16_anywhere *)p = value;
    else
        for (size_t i = 0; i < count; i++) p[i] = value[i];
}

static void NAME(gelu_forward)(const float *x, float *y, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        NAME(store_some)(y + i, NAME(gelu_of)(NAME(some)(x + i, count - i)), count - i);
    }
}

static void NAME(gelu_backward)(const float *x, float *dy, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        const v16 value = NAME(some)(x + i, count - i);
        const v16 magnitude = v16_max(value, -value);
        // erf is odd: x*erf(x) = |x|*erf(|x|), so Phi follows the sign of x.
        const v16 half = v16_erf_of_nonnegative(magnitude * v16_set(0.70710678f)) * v16_set(0.5f);
        const v16i negative = (v16i)value & (v16i)v16_set(-0.0f);
        const v16 cumulative = v16_set(0.5f) + (v16)((v16i)half ^ negative);
        const v16 density = v16_set(0.39894228f) * v16_exp(value * value * v16_set(-0.5f));
        const v16 slope = v16_fma(value, density, cumulative);
        NAME(store_some)(dy + i, NAME(some)(dy + i, count - i) * slope, count - i);
    }
}
