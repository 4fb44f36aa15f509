// Bytes in registers of 16: what signed activations have in common, with dot products and without.
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

INLINE void operand_store(uint8_t *strip, bytes four) { *(bytes *)strip = four; }

INLINE vi sums_start(int32_t offset) {
    (void)offset;
    return (vi){0};
}

#define bytes_pack lane_pack
#define bytes_interleave(column, to) lane_interleave(column, INT8_STRIP_FLIP, to)
