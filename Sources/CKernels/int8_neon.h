// Products of bytes in registers of 16, with the dot products of Armv8.2.
#pragma once

#include <arm_neon.h>

#include "int8_lanes128.h"

typedef int8x16_t operand;
typedef int8x16_t weight;

INLINE operand operand_load(const uint8_t *strip) { return vreinterpretq_s8_u8(vld1q_u8(strip)); }

INLINE weight weight_load(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, sizeof bits);
    return vreinterpretq_s8_s32(vdupq_n_s32(bits));
}

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    return (vi)vdotq_s32((int32x4_t)sum, activations, weights);
}
