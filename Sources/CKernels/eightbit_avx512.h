// Products of bytes in registers of 64, with VNNI; kept bytes are expanded by VBMI2.
#pragma once

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "vector.h"

typedef __m512i bytes64;

INLINE bytes64 bytes_load(const uint8_t *from) { return _mm512_loadu_si512(from); }

// The next kept byte where the mask has a bit, else 128, which stands for zero.
INLINE bytes64 bytes_expand(uint64_t mask, const uint8_t *from) {
    return _mm512_mask_expand_epi8(_mm512_set1_epi8((char)128), mask, _mm512_loadu_si512(from));
}

// Of sixty-four bytes the lower halves, and the upper ones: 8 more than the numbers.
INLINE bytes64 nibbles_low(const uint8_t *from) {
    return _mm512_and_si512(_mm512_loadu_si512(from), _mm512_set1_epi8(15));
}

INLINE bytes64 nibbles_high(const uint8_t *from) {
    return _mm512_and_si512(_mm512_srli_epi16(_mm512_loadu_si512(from), 4), _mm512_set1_epi8(15));
}

// What sums of products start from: weights are multiplied with 128 added.
INLINE v16i products_start(int32_t offset) { return (v16i)_mm512_set1_epi32(offset); }

INLINE v16i products_add(v16i sum, bytes64 weights, const int8_t *four) {
    int32_t activations;
    memcpy(&activations, four, sizeof activations);
    return (v16i)_mm512_dpbusd_epi32((__m512i)sum, weights, _mm512_set1_epi32(activations));
}
