// What all kernels of bfloat16 products have in common: how numbers are rounded, and where they stand.
#pragma once

#include <string.h>

#include "CBFloat16Kernels.h"
#include "panels.h"

#define BF16_INFINITY 0x7F800000
#define BF16_QUIET 0x00400000
#define BF16_LEAST 0x23800000 // 2^-56

static inline uint32_t bf16_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float bf16_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// A number rounded to bfloat16, as the upper half of a word; the lower one is whatever it is.
static inline uint32_t bf16_rounded(float x) {
    const uint32_t bits = bf16_bits(x), magnitude = bits & 0x7FFFFFFF;
    if (magnitude > BF16_INFINITY) return bits | BF16_QUIET;
    return magnitude < BF16_LEAST ? 0 : bits + 0x7FFF + (bits >> 16 & 1);
}

static inline size_t bf16_pairs(size_t features) { return (features + 1) / 2; }
