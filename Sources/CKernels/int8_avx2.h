// Products of bytes in registers of 32, without VNNI: as in int8_avx512.h, the activations' signs go to the weights.
#pragma once

#define INT8_STRIP_FLIP 128

#include "int8_lanes256.h"

typedef struct {
    __m256i activations, magnitude;
} operand;

INLINE operand operand_load(const uint8_t *strip) {
    const __m256i activations = _mm256_load_si256((const __m256i *)strip);
    return (operand){activations, _mm256_abs_epi8(activations)};
}

INLINE vi sums_start(int32_t offset) {
    (void)offset;
    return (vi){0};
}

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    // At most 2 * 127 * 127: sixteen bits hold it.
    const __m256i pairs =
        _mm256_maddubs_epi16(activations.magnitude, _mm256_sign_epi8(weights, activations.activations));
    return sum + (vi)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
