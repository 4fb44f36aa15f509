// Products of bytes in plain loops.
#pragma once

#include <stdint.h>
#include <string.h>

#include "vector.h"

typedef struct {
    uint8_t byte[64];
} bytes64;

INLINE bytes64 bytes_load(const uint8_t *from) {
    bytes64 bytes;
    memcpy(bytes.byte, from, sizeof bytes.byte);
    return bytes;
}

// The next kept byte where the mask has a bit, else 128, which stands for zero.
INLINE bytes64 bytes_expand(uint64_t mask, const uint8_t *from) {
    bytes64 bytes;
    for (int i = 0; i < 64; i++) bytes.byte[i] = mask >> i & 1 ? *from++ : 128;
    return bytes;
}

// Of sixty-four bytes the lower halves, and the upper ones: 128 more than the numbers.
INLINE bytes64 nibbles_low(const uint8_t *from) {
    bytes64 bytes;
    for (int i = 0; i < 64; i++) bytes.byte[i] = (uint8_t)((from[i] & 15) + 120);
    return bytes;
}

INLINE bytes64 nibbles_high(const uint8_t *from) {
    bytes64 bytes;
    for (int i = 0; i < 64; i++) bytes.byte[i] = (uint8_t)((from[i] >> 4) + 120);
    return bytes;
}

INLINE v16i products_start(int32_t offset) {
    (void)offset;
    return (v16i){0};
}

INLINE v16i products_add(v16i sum, bytes64 weights, const int8_t *four) {
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 4; column++)
            sum[row] += ((int32_t)weights.byte[4 * row + column] - 128) * four[column];
    return sum;
}
