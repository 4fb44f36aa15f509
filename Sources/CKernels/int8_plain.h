// Products of bytes in whatever the compiler has: bytes are taken out of whole numbers by shifts.
#pragma once

#include "int8_lanes.h"

#define INT8_TOKENS 4
#define INT8_LANES 1
#define INT8_STRIP_FLIP 128
#define INT8_OPERAND_BYTES 4
#define INT8_WEIGHT_BYTES 4

typedef v4 vf;
typedef v4i vi;
typedef lane16 bytes;
typedef v4i operand;
typedef struct {
    int32_t column[4];
} weight;

INLINE operand operand_load(const uint8_t *strip) { return (operand)*(const lane16 *)strip; }

INLINE void operand_store(uint8_t *strip, bytes four) { *(bytes *)strip = four; }

INLINE weight weight_load(const int8_t *four) { return (weight){{four[0], four[1], four[2], four[3]}}; }

INLINE vi sums_start(int32_t offset) {
    (void)offset;
    return (vi){0};
}

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    sum += (activations << 24 >> 24) * weights.column[0];
    sum += (activations << 16 >> 24) * weights.column[1];
    sum += (activations << 8 >> 24) * weights.column[2];
    return sum + (activations >> 24) * weights.column[3];
}

#define bytes_pack lane_pack
#define bytes_interleave(column, to) lane_interleave(column, INT8_STRIP_FLIP, to)
