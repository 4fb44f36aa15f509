// Products of bytes in registers of 64, without VNNI. One side of the instruction is unsigned, and pairs of products
// are limited to 16 bits: it is given the activations' magnitudes, and the weights their signs.
#pragma once

#include "int8_lanes512.h"

#define INT8_STRIP_FLIP 0
#define INT8_OPERAND_BYTES 4
#define INT8_WEIGHT_BYTES 4

typedef struct {
    __m512i magnitude;
    __mmask64 isNegative;
} operand;
typedef __m512i weight;

INLINE operand operand_of(__m512i unsignedActivations) {
    const __m512i activations = _mm512_xor_si512(unsignedActivations, _mm512_set1_epi8((char)128));
    return (operand){_mm512_abs_epi8(activations), _mm512_movepi8_mask(activations)};
}

INLINE operand operand_load(const uint8_t *strip) { return operand_of(_mm512_load_si512(strip)); }

INLINE void operand_store(uint8_t *strip, bytes four) { _mm512_store_si512(strip, four); }

INLINE void operand_interleave(const uint8_t *const column[4], const int strips, operand to[4]) {
    bytes side[4];
    part_interleave(column, strips, side);
    for (int i = 0; i < strips; i++) to[i] = operand_of(side[i]);
}

INLINE weight weight_load(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, sizeof bits);
    return _mm512_set1_epi32(bits);
}

INLINE vi sums_start(int32_t offset) {
    (void)offset;
    return (vi){0};
}

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    const __m512i signedWeights =
        _mm512_mask_sub_epi8(weights, activations.isNegative, _mm512_setzero_si512(), weights);
    const __m512i pairs = _mm512_maddubs_epi16(activations.magnitude, signedWeights);
    return sum + (vi)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}
