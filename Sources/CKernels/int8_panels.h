// What all kernels of 8-bit products have in common: where bytes stand, and the constants of what is computed.
#pragma once

#include <string.h>

#include "CInt8Kernels.h"
#include "gelu.h"
#include "panels.h"

// Adding 1.5 * 2^23 rounds to the nearest whole number, the even one of two; the lowest bits hold it.
#define INT8_ROUNDER 12582912.0f
#define INT8_ROUNDER_BITS 0x4B400000
#define INT8_INFINITY_BITS 0x7F800000
#define INT8_NAN_BITS 0x7FC00000

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

// What activations with this largest magnitude are multiplied by, and their scale.
static inline float int8_inverse(float maximum, float *scale) {
    const int isFinite = int8_bits(maximum) < INT8_INFINITY_BITS, counts = isFinite && maximum >= 1e-30f;
    *scale = counts ? maximum / 127.0f : isFinite ? 0.0f : int8_float(INT8_NAN_BITS);
    return counts ? 127.0f / maximum : 0.0f;
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
