// Products of bytes in registers of 32, with VNNI.
#pragma once

#define INT8_STRIP_FLIP 0
#define INT8_OPERAND_BYTES 4
#define INT8_WEIGHT_BYTES 4

#include "int8_lanes256.h"

typedef __m256i operand;
typedef __m256i weight;

INLINE operand operand_load(const uint8_t *strip) { return _mm256_load_si256((const __m256i *)strip); }

INLINE void operand_store(uint8_t *strip, bytes four) { _mm256_store_si256((__m256i *)strip, four); }

INLINE weight weight_load(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, sizeof bits);
    return _mm256_set1_epi32(bits);
}

INLINE vi sums_start(int32_t offset) { return (vi)_mm256_set1_epi32(offset); }

INLINE vi sums_add(vi sum, operand activations, weight weights) {
#ifdef SECATEUR_AVXVNNI_BY_AVX512
    return (vi)_mm256_dpbusd_epi32((__m256i)sum, activations, weights);
#else
    return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, activations, weights);
#endif
}
