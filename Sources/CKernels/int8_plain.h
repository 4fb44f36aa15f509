// Products of bytes in whatever the compiler has: bytes are taken out of whole numbers by shifts.
#pragma once

#include "int8_lanes128.h"

typedef v4i operand;
typedef struct {
    int32_t column[4];
} weight;

INLINE operand operand_load(const uint8_t *strip) { return (operand)*(const lane16 *)strip; }

INLINE weight weight_load(const int8_t *four) { return (weight){{four[0], four[1], four[2], four[3]}}; }

INLINE vi sums_add(vi sum, operand activations, weight weights) {
    sum += (activations << 24 >> 24) * weights.column[0];
    sum += (activations << 16 >> 24) * weights.column[1];
    sum += (activations << 8 >> 24) * weights.column[2];
    return sum + (activations >> 24) * weights.column[3];
}
