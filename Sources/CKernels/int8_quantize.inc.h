// Rounding of activations to 8 bits. Included by int8.inc.h.

// The magnitude's bits: of whole numbers they have the same order, and what is no number is the largest.
INLINE v16i NAME(magnitude)(v16 x) { return (v16i)x & 0x7FFFFFFF; }

INLINE v16i NAME(larger)(v16i a, v16i b) { return __builtin_elementwise_max(a, b); }

static void NAME(int8_maxima)(const float *x, size_t features, size_t tokens, float *maxima, size_t featureBegin,
                              size_t featureEnd) {
    for (size_t strip = 0; strip * LANES < tokens; strip++) {
        const size_t width = strip_width(tokens, strip);
        const float *in = x + strip_offset(features, tokens, 0, strip);
        v16i top[2] = {(v16i)v16_load(maxima + strip * LANES), {0}};
#pragma clang loop unroll_count(2)
        for (size_t f = featureBegin; f < featureEnd; f++)
            top[f & 1] = NAME(larger)(top[f & 1], NAME(magnitude)(v16_load(in + f * width)));
        v16_store(maxima + strip * LANES, (v16)NAME(larger)(top[0], top[1]));
    }
}

// What a panel's tokens are multiplied by; writes their scales, unless that is NULL.
static void NAME(int8_inverses)(const float *maxima, size_t count, size_t stride, size_t width, float *scales,
                                float *inverses) {
    for (size_t lane = 0; lane < width; lane += LANES) {
        v16i top = {0};
        for (size_t i = 0; i < count; i++) top = NAME(larger)(top, (v16i)v16_load(maxima + i * stride + lane));
        const v16i isFinite = top < INT8_INFINITY_BITS, counts = isFinite & ((v16)top >= v16_set(1e-30f));
        const v16i scale = (v16i)((v16)top / v16_set(127.0f)) & counts;
        if (scales) v16_store(scales + lane, (v16)(scale | (~isFinite & INT8_NAN_BITS)));
        v16_store(inverses + lane, (v16)((v16i)(v16_set(127.0f) / (v16)top) & counts));
    }
}

// Rounds a feature of a part of 16 * strips tokens, `lanes` of its 16-byte lanes at a time.
#define ROUND(vector, whole, lanes, pack)                                                                      \
    for (size_t lane = 0; lane < strips; lane += lanes) {                                                      \
        whole part[4];                                                                                         \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {                                       \
            const size_t token = 4 * (strips * (size_t)i + lane);                                              \
            const vector rounder = (vector){0} + (INT8_ROUNDER + 128.0f);                                      \
            const vector shifted = __builtin_elementwise_fma(*(const vector *)(in + token),                    \
                                                             *(const vector *)(inverses + token), rounder);    \
            part[i] = (whole)shifted - INT8_ROUNDER_BITS;                                                      \
        }                                                                                                      \
        pack(part, out + 16 * lane);                                                                           \
    }

INLINE void NAME(int8_round)(const float *in, const float *inverses, const size_t strips, uint8_t *out) {
    if (strips % INT8_LANES)
        ROUND(v4, v4i, 1, lane_pack)
    else
        ROUND(vf, vi, INT8_LANES, bytes_pack)
}

static void NAME(int8_quantize)(const float *x, size_t features, size_t tokens, const float *maxima, size_t count,
                                const secateur_int8_panels *out, size_t featureBegin, size_t featureEnd) {
    for (size_t first = 0; first < tokens; first += PANEL) {
        const size_t width = panel_width(tokens, first);
        float inverses[PANEL] __attribute__((aligned(64)));
        float *scales = featureBegin == 0 ? out->scales + first : NULL;
        NAME(int8_inverses)(maxima + first, count, round_up(tokens, LANES), width, scales, inverses);
        for (size_t lane = 0, strips; lane < width; lane += strips * LANES) {
            strips = int8_part(width, lane);
            const float *in = x + first * features + lane;
            uint8_t *bytes = out->values + first * features + lane;
            for (size_t f = featureBegin; f < featureEnd; f++)
                if (strips == 4) NAME(int8_round)(in + f * PANEL, inverses, 4, bytes + f * PANEL);
                else if (strips == 2)
                    NAME(int8_round)(in + f * width, inverses + lane, 2, bytes + f * width);
                else
                    NAME(int8_round)(in + f * width, inverses + lane, 1, bytes + f * width);
        }
    }
}
