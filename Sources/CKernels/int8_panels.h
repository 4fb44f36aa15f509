// What all kernels of 8-bit products have in common: where bytes stand, and the constants of what is computed.
#pragma once

#include <string.h>

#include "CInt8Kernels.h"
#include "panels.h"

// Adding 1.5 * 2^23 rounds to the nearest whole number, the even one of two; the lowest bits hold it.
#define INT8_ROUNDER 12582912.0f
#define INT8_ROUNDER_BITS 0x4B400000
#define INT8_INFINITY_BITS 0x7F800000
#define INT8_NAN_BITS 0x7FC00000

// x * Phi(x) within 3e-6 for |x| < 60. Phi(x) = 1/2 + x * P(2x^2/25 - 1) for |x| <= 5, where it ends in 0 and 1 within
// 1e-7; the polynomial of degree 11 has the least largest error of x * Phi(x) (Remez's exchange, by reweighting).
// Exponential functions and divisions would take three times as long.
#define INT8_GELU_LIMIT 5.0f
#define INT8_GELU_SLOPE 0.08f
#define INT8_GELU_COEFFICIENTS                                                                                 \
    -0.00104483368f, 0.0031737485f, -0.0040079332f, 0.00515576452f, -0.0100634908f, 0.0168802943f,             \
        -0.023661878f, 0.031365037f, -0.0403866433f, 0.0515246168f, -0.0702984408f, 0.141363755f

static inline int32_t int8_bits(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float int8_float(int32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Strips of 16 tokens of the part of a panel that begins at token `lane`: four, two or one.
static inline size_t int8_part(size_t width, size_t lane) {
    const size_t strips = (width - lane) / LANES;
    return strips >= 4 ? 4 : strips >= 2 ? 2 : 1;
}

// Where the byte of a feature and a token stands in panels of `features` features.
static inline size_t int8_panel_offset(size_t features, size_t tokens, size_t feature, size_t token) {
    const size_t first = token / PANEL * PANEL, width = panel_width(tokens, first);
    size_t lane = 0;
    while (lane + int8_part(width, lane) * LANES <= token - first) lane += int8_part(width, lane) * LANES;
    const size_t run = 4 * int8_part(width, lane), in = token - first - lane;
    return first * features + feature * width + lane + in % run / 4 * 16 + in / run * 4 + in % 4;
}
