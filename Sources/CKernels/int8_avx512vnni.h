// Products of bytes in registers of 64, with VNNI: the unsigned side is the activations with 128 added.
#pragma once

#include <immintrin.h>

#include "int8_lanes.h"

#define INT8_TOKENS 16
#define INT8_LANES 4
#define INT8_STRIP_FLIP 0

typedef v16 vf;
typedef v16i vi;
typedef __m512i operand;
typedef __m512i weight;

INLINE operand operand_load(const uint8_t *strip) { return _mm512_load_si512(strip); }

INLINE weight weight_load(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, sizeof bits);
    return _mm512_set1_epi32(bits);
}

INLINE vi sums_start(int32_t offset) { return (vi)_mm512_set1_epi32(offset); }

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, activations, weights);
}

INLINE void bytes_pack(const vi part[4], uint8_t *to) {
    const __m512i first = _mm512_packs_epi32((__m512i)part[0], (__m512i)part[1]);
    const __m512i second = _mm512_packs_epi32((__m512i)part[2], (__m512i)part[3]);
    _mm512_store_si512(to, _mm512_packus_epi16(first, second));
}

// Four columns of 64 tokens side by side, 16 tokens to a register.
INLINE void bytes_interleave(const uint8_t *const column[4], operand to[4]) {
    __m512i in[4];
    for (int i = 0; i < 4; i++) in[i] = _mm512_load_si512(column[i]);
    const __m512i low[2] = {_mm512_unpacklo_epi8(in[0], in[1]), _mm512_unpacklo_epi8(in[2], in[3])};
    const __m512i high[2] = {_mm512_unpackhi_epi8(in[0], in[1]), _mm512_unpackhi_epi8(in[2], in[3])};
    to[0] = _mm512_unpacklo_epi16(low[0], low[1]);
    to[1] = _mm512_unpackhi_epi16(low[0], low[1]);
    to[2] = _mm512_unpacklo_epi16(high[0], high[1]);
    to[3] = _mm512_unpackhi_epi16(high[0], high[1]);
}

INLINE void operand_store(uint8_t *strip, operand bytes) { _mm512_store_si512(strip, bytes); }
