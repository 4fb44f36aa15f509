// The reference of attention with products of 8 bits: plain loops, the same operations as in int8_attention.inc.h.
#include <math.h>

#include "attention.h"
#include "int8_panels.h"

#pragma clang fp contract(off)

static float at(const secateur_attention *a, const float *x, size_t d, size_t token) {
    return x[panel_offset(a->features, a->tokens, a->first + d, a->offset + token)];
}

static float larger(float maximum, float x) {
    const int32_t bits = int8_bits(x) & 0x7FFFFFFF;
    return bits > int8_bits(maximum) ? int8_float(bits) : maximum;
}

static int32_t number(float x, float inverse) {
    return int8_bits(fmaf(x, inverse, INT8_ROUNDER)) - INT8_ROUNDER_BITS;
}

typedef struct {
    float scale, inverse;
} scaling;

// Of a token over its dimensions.
static scaling of_token(const secateur_attention *a, const float *x, size_t token) {
    float maximum = 0;
    for (size_t d = 0; d < a->dimensions; d++) maximum = larger(maximum, at(a, x, d, token));
    scaling s;
    s.inverse = int8_inverse(maximum, &s.scale);
    return s;
}

// Of a feature over all tokens.
static scaling of_feature(const secateur_attention *a, const float *x, size_t d) {
    float maximum = 0;
    for (size_t token = 0; token < a->length; token++) maximum = larger(maximum, at(a, x, d, token));
    scaling s;
    s.inverse = int8_inverse(maximum, &s.scale);
    return s;
}

static float exp2_of_nonpositive(float x) {
    const int32_t bits = int8_bits(x) | INT32_MIN, least = int8_bits(-126.0f);
    x = int8_float(bits < least ? bits : least);
    const float shifted = x + INT8_ROUNDER, r = x - (shifted - INT8_ROUNDER);
    float p = 0.00132764713f;
    p = fmaf(p, r, 0.00967554096f);
    p = fmaf(p, r, 0.0555071309f);
    p = fmaf(p, r, 0.240221202f);
    p = fmaf(p, r, 0.693146944f);
    p = fmaf(p, r, 1.00000012f);
    return int8_float(int8_bits(p) + (int32_t)((uint32_t)int8_bits(shifted) << 23));
}

void secateur_int8_attention_plain(const secateur_attention *a) {
    float *scores = a->scratch;
    for (size_t query = 0; query < a->length; query++) {
        const scaling q = of_token(a, a->q, query);
        const float factor = q.scale * (a->scale * 1.44269504f);
        float top = -3e38f;
        for (size_t key = 0; key < a->length; key++) {
            const scaling k = of_token(a, a->k, key);
            int32_t sum = 0;
            for (size_t d = 0; d < a->dimensions; d++)
                sum += (int8_t)number(at(a, a->q, d, query), q.inverse) *
                       (int8_t)number(at(a, a->k, d, key), k.inverse);
            scores[key] = (float)sum * (factor * k.scale);
            if (scores[key] > top) top = scores[key];
        }
        int32_t total = 0;
        for (size_t key = 0; key < a->length; key++)
            total += number(exp2_of_nonpositive(scores[key] - top), 254.0f);
        const float inverse = 1.0f / (float)total;
        for (size_t d = 0; d < a->dimensions; d++) {
            const scaling v = of_feature(a, a->v, d);
            int32_t sum = 0;
            for (size_t key = 0; key < a->length; key++)
                sum += number(exp2_of_nonpositive(scores[key] - top), 254.0f) *
                       (int8_t)number(at(a, a->v, d, key), v.inverse);
            a->context[panel_offset(a->features, a->tokens, a->first + d, a->offset + query)] =
                (float)sum * (inverse * v.scale);
        }
    }
}
