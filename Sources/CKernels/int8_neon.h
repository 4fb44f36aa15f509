// Products of bytes in registers of 16, with the dot products of Armv8.2.
#pragma once

#include <arm_neon.h>

#include "int8_lanes.h"

#define INT8_TOKENS 4
#define INT8_LANES 1
#define INT8_STRIP_FLIP 128
#define INT8_OPERAND_BYTES 4
#define INT8_WEIGHT_BYTES 4

typedef v4 vf;
typedef v4i vi;
typedef lane16 bytes;
typedef int8x16_t operand;
typedef int8x16_t weight;

INLINE operand operand_load(const uint8_t *strip) { return vreinterpretq_s8_u8(vld1q_u8(strip)); }

INLINE void operand_store(uint8_t *strip, bytes four) { *(bytes *)strip = four; }

INLINE weight weight_load(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, sizeof bits);
    return vreinterpretq_s8_s32(vdupq_n_s32(bits));
}

INLINE vi sums_start(int32_t offset) {
    (void)offset;
    return (vi){0};
}

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    return (vi)vdotq_s32((int32x4_t)sum, activations, weights);
}

#define bytes_pack lane_pack
#define bytes_interleave(column, to) lane_interleave(column, INT8_STRIP_FLIP, to)
