// Products of bytes in registers of 64, with VNNI: the unsigned side is the activations with 128 added.
#pragma once

#include "int8_lanes512.h"

#define INT8_STRIP_FLIP 0
#define INT8_OPERAND_BYTES 4
#define INT8_WEIGHT_BYTES 4

typedef __m512i operand;
typedef __m512i weight;

INLINE operand operand_load(const uint8_t *strip) { return _mm512_load_si512(strip); }

INLINE void operand_store(uint8_t *strip, bytes four) { _mm512_store_si512(strip, four); }

INLINE void operand_interleave(const uint8_t *const column[4], const int strips, operand to[4]) {
    part_interleave(column, strips, to);
}

INLINE weight weight_load(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, sizeof bits);
    return _mm512_set1_epi32(bits);
}

INLINE vi sums_start(int32_t offset) { return (vi)_mm512_set1_epi32(offset); }

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, activations, weights);
}
