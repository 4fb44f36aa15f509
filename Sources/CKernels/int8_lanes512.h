// Bytes in registers of 64: what kernels with and without VNNI have in common.
#pragma once

#include <immintrin.h>

#include "int8_lanes.h"

#define INT8_TOKENS 16
#define INT8_LANES 4

typedef v16 vf;
typedef v16i vi;
typedef __m512i bytes;

INLINE void bytes_pack(const vi part[4], uint8_t *to) {
    const __m512i first = _mm512_packs_epi32((__m512i)part[0], (__m512i)part[1]);
    const __m512i second = _mm512_packs_epi32((__m512i)part[2], (__m512i)part[3]);
    _mm512_store_si512(to, _mm512_packus_epi16(first, second));
}

// Four columns of 64 tokens side by side, 16 tokens to a register.
INLINE void bytes_interleave(const uint8_t *const column[4], bytes to[4]) {
    __m512i in[4];
    for (int i = 0; i < 4; i++) in[i] = _mm512_load_si512(column[i]);
    const __m512i low[2] = {_mm512_unpacklo_epi8(in[0], in[1]), _mm512_unpacklo_epi8(in[2], in[3])};
    const __m512i high[2] = {_mm512_unpackhi_epi8(in[0], in[1]), _mm512_unpackhi_epi8(in[2], in[3])};
    to[0] = _mm512_unpacklo_epi16(low[0], low[1]);
    to[1] = _mm512_unpackhi_epi16(low[0], low[1]);
    to[2] = _mm512_unpacklo_epi16(high[0], high[1]);
    to[3] = _mm512_unpackhi_epi16(high[0], high[1]);
}

// The same for 32 tokens: columns 0 and 2 in the halves of a register, 1 and 3 in another.
INLINE void halves_interleave(const uint8_t *const column[4], bytes to[2]) {
#define HALF(i) _mm256_loadu_si256((const __m256i *)column[i])
#define BOTH(i) _mm512_inserti64x4(_mm512_castsi256_si512(HALF(i)), HALF(i + 2), 1)
#define PAIR(lane, i) (short)(8 * (lane) + (i)), (short)(8 * (lane) + (i) + 16)
#define FOUR(lane, i) PAIR(lane, i), PAIR(lane, i + 1), PAIR(lane, i + 2), PAIR(lane, i + 3)
    typedef int16_t words __attribute__((vector_size(64)));
    const words order = {FOUR(0, 0), FOUR(1, 0), FOUR(0, 4), FOUR(1, 4)};
    const __m512i even = BOTH(0), odd = BOTH(1);
    to[0] = _mm512_permutexvar_epi16((__m512i)order, _mm512_unpacklo_epi8(even, odd));
    to[1] = _mm512_permutexvar_epi16((__m512i)order, _mm512_unpackhi_epi8(even, odd));
#undef HALF
#undef BOTH
#undef PAIR
#undef FOUR
}

// The same for 16 tokens: a column to a quarter of a register.
INLINE bytes quarters_interleave(const uint8_t *const column[4]) {
#define QUARTER(i) _mm_load_si128((const __m128i *)column[i])
    __m512i all = _mm512_castsi128_si512(QUARTER(0));
    all = _mm512_inserti32x4(all, QUARTER(1), 1);
    all = _mm512_inserti32x4(all, QUARTER(2), 2);
    all = _mm512_inserti32x4(all, QUARTER(3), 3);
#undef QUARTER
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m128i turns = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(order, all), _mm512_broadcast_i32x4(turns));
}

// A part of 16 * strips tokens.
INLINE void part_interleave(const uint8_t *const column[4], const int strips, bytes to[4]) {
    if (strips == 4) bytes_interleave(column, to);
    else if (strips == 2)
        halves_interleave(column, to);
    else
        to[0] = quarters_interleave(column);
}
