// Lanes of 16 bytes: four whole numbers, or a byte of each of sixteen tokens. For panels whose tokens fill no wider
// register, and for instruction sets that have none.
#pragma once

#include <stdint.h>
#include <string.h>

#include "vector.h"

typedef float v4 __attribute__((vector_size(16), aligned(16)));
typedef int32_t v4i __attribute__((vector_size(16), aligned(16)));
typedef uint8_t lane16 __attribute__((vector_size(16), aligned(16)));
typedef uint16_t lane8 __attribute__((vector_size(16), aligned(16)));

// The lowest bytes of four times four whole numbers, one after the other.
INLINE void lane_pack(const v4i part[4], uint8_t *to) {
    typedef uint8_t four __attribute__((vector_size(4)));
    for (int i = 0; i < 4; i++) {
        const four bytes = __builtin_convertvector(part[i], four);
        memcpy(to + 4 * i, &bytes, sizeof bytes);
    }
}

// Four columns of sixteen tokens side by side: to[4 * i + column] of four tokens at a time.
INLINE void lane_interleave(const uint8_t *const column[4], uint8_t flip, lane16 to[4]) {
#define LOAD(i) (*(const lane16 *)column[i] ^ flip)
#define TURNS_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define TURNS_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
    const lane8 low[2] = {(lane8)__builtin_shufflevector(LOAD(0), LOAD(1), TURNS_LOW),
                          (lane8)__builtin_shufflevector(LOAD(2), LOAD(3), TURNS_LOW)};
    const lane8 high[2] = {(lane8)__builtin_shufflevector(LOAD(0), LOAD(1), TURNS_HIGH),
                           (lane8)__builtin_shufflevector(LOAD(2), LOAD(3), TURNS_HIGH)};
    to[0] = (lane16)__builtin_shufflevector(low[0], low[1], 0, 8, 1, 9, 2, 10, 3, 11);
    to[1] = (lane16)__builtin_shufflevector(low[0], low[1], 4, 12, 5, 13, 6, 14, 7, 15);
    to[2] = (lane16)__builtin_shufflevector(high[0], high[1], 0, 8, 1, 9, 2, 10, 3, 11);
    to[3] = (lane16)__builtin_shufflevector(high[0], high[1], 4, 12, 5, 13, 6, 14, 7, 15);
#undef LOAD
#undef TURNS_LOW
#undef TURNS_HIGH
}
