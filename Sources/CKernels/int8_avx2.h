// Products of bytes in registers of 32, without VNNI. Instructions that multiply bytes limit pairs of products to
// 16 bits, so they are extended to 16 bits when strips are made: of four columns, the first and the third share a
// register, and the second and the fourth. Giving the activations' signs to the weights would do with bytes, but the
// instruction for it has the units of the products (Zen 4).
#pragma once

#define INT8_STRIP_FLIP 128
#define INT8_OPERAND_BYTES 8
#define INT8_WEIGHT_BYTES 8

#include "int8_lanes256.h"

typedef struct {
    __m256i even, odd;
} operand;
typedef operand weight;

INLINE operand columns_extend(__m256i four) {
    return (operand){_mm256_srai_epi16(_mm256_slli_epi16(four, 8), 8), _mm256_srai_epi16(four, 8)};
}

INLINE operand operand_load(const uint8_t *strip) {
    return (operand){_mm256_load_si256((const __m256i *)strip), _mm256_load_si256((const __m256i *)(strip + 32))};
}

INLINE void operand_store(uint8_t *strip, bytes four) {
    const operand extended = columns_extend(four);
    _mm256_store_si256((__m256i *)strip, extended.even);
    _mm256_store_si256((__m256i *)(strip + 32), extended.odd);
}

INLINE weight weight_load(const int8_t *four) {
    int32_t pairs[2];
    memcpy(pairs, four, sizeof pairs);
    return (weight){_mm256_set1_epi32(pairs[0]), _mm256_set1_epi32(pairs[1])};
}

// `count` fours of weights.
INLINE void weights_widen(const int8_t *from, size_t count, int8_t *to) {
    for (size_t i = 0; i < count; i += 8) {
        __m256i four;
        if (i + 8 <= count) four = _mm256_loadu_si256((const __m256i *)(from + i * 4));
        else
            memcpy(&four, from + i * 4, (count - i) * 4);
        const operand extended = columns_extend(four);
        const __m256i low = _mm256_unpacklo_epi32(extended.even, extended.odd);
        const __m256i high = _mm256_unpackhi_epi32(extended.even, extended.odd);
        _mm256_store_si256((__m256i *)(to + i * 8), _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_store_si256((__m256i *)(to + i * 8 + 32), _mm256_permute2x128_si256(low, high, 0x31));
    }
}

INLINE vi sums_start(int32_t offset) {
    (void)offset;
    return (vi){0};
}

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    sum += (vi)_mm256_madd_epi16(activations.even, weights.even);
    return sum + (vi)_mm256_madd_epi16(activations.odd, weights.odd);
}
