// Bytes in registers of 32: what kernels with and without VNNI have in common. Rows of 48 tokens are aligned to 16
// bytes only.
#pragma once

#include <immintrin.h>

#include "int8_lanes.h"

#define INT8_TOKENS 8
#define INT8_LANES 2

typedef v8 vf;
typedef int32_t vi __attribute__((vector_size(32), aligned(32)));
typedef __m256i bytes;

INLINE void bytes_pack(const vi part[4], uint8_t *to) {
    const __m256i first = _mm256_packs_epi32((__m256i)part[0], (__m256i)part[1]);
    const __m256i second = _mm256_packs_epi32((__m256i)part[2], (__m256i)part[3]);
    _mm256_storeu_si256((__m256i *)to, _mm256_packus_epi16(first, second));
}

INLINE void bytes_interleave(const uint8_t *const column[4], bytes to[4]) {
    __m256i in[4];
    for (int i = 0; i < 4; i++)
        in[i] = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)column[i]),
                                 _mm256_set1_epi8((char)INT8_STRIP_FLIP));
    const __m256i low[2] = {_mm256_unpacklo_epi8(in[0], in[1]), _mm256_unpacklo_epi8(in[2], in[3])};
    const __m256i high[2] = {_mm256_unpackhi_epi8(in[0], in[1]), _mm256_unpackhi_epi8(in[2], in[3])};
    to[0] = _mm256_unpacklo_epi16(low[0], low[1]);
    to[1] = _mm256_unpackhi_epi16(low[0], low[1]);
    to[2] = _mm256_unpacklo_epi16(high[0], high[1]);
    to[3] = _mm256_unpackhi_epi16(high[0], high[1]);
}
