// Products of bytes in two registers of 32. One side of the instruction is unsigned: it is given the activations'
// magnitude, and the weights their signs.
#pragma once

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "vector.h"

typedef struct {
    __m256i half[2]; // signed
} bytes64;

INLINE bytes64 bytes_load(const uint8_t *from) {
    const __m256i offset = _mm256_set1_epi8((char)128);
    return (bytes64){{_mm256_xor_si256(_mm256_loadu_si256((const __m256i *)from), offset),
                      _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(from + 32)), offset)}};
}

// The next kept byte where the mask has a bit, else zero: by the bit deposit of BMI2, eight at a time.
INLINE bytes64 bytes_expand(uint64_t mask, const uint8_t *from) {
    uint64_t words[8];
    for (int word = 0; word < 8; word++) {
        const uint64_t eight = mask >> (8 * word) & 0xFF;
        const uint64_t places = _pdep_u64(eight, 0x0101010101010101ull) * 0xFF;
        uint64_t kept;
        memcpy(&kept, from, sizeof kept);
        words[word] = _pdep_u64(kept ^ 0x8080808080808080ull, places);
        from += __builtin_popcountll(eight);
    }
    return (bytes64){{_mm256_set_epi64x((long long)words[3], (long long)words[2], (long long)words[1],
                                        (long long)words[0]),
                      _mm256_set_epi64x((long long)words[7], (long long)words[6], (long long)words[5],
                                        (long long)words[4])}};
}

// Of sixty-four bytes the lower halves, and the upper ones, as numbers.
INLINE bytes64 nibbles_shifted(const uint8_t *from, const int bits) {
    bytes64 numbers;
    for (int half = 0; half < 2; half++) {
        const __m256i both = _mm256_srli_epi16(_mm256_loadu_si256((const __m256i *)(from + 32 * half)), bits);
        numbers.half[half] = _mm256_sub_epi8(_mm256_and_si256(both, _mm256_set1_epi8(15)), _mm256_set1_epi8(8));
    }
    return numbers;
}

INLINE bytes64 nibbles_low(const uint8_t *from) { return nibbles_shifted(from, 0); }

INLINE bytes64 nibbles_high(const uint8_t *from) { return nibbles_shifted(from, 4); }

INLINE v16i products_start(int32_t offset) {
    (void)offset;
    return (v16i){0};
}

INLINE v16i products_add(v16i sum, bytes64 weights, const int8_t *four) {
    typedef int32_t v8i __attribute__((vector_size(32)));
    int32_t bits;
    memcpy(&bits, four, sizeof bits);
    const __m256i activations = _mm256_set1_epi32(bits), magnitudes = _mm256_abs_epi8(activations);
    const __m256i ones = _mm256_set1_epi16(1);
    v8i part[2];
    for (int half = 0; half < 2; half++) {
        // At most 2 * 127 * 127: sixteen bits hold it.
        const __m256i pairs =
            _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(weights.half[half], activations));
        part[half] = (v8i)_mm256_madd_epi16(pairs, ones);
    }
    return sum + __builtin_shufflevector(part[0], part[1], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
