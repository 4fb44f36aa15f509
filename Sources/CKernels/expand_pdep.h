// Expands kept bytes with the bit deposit instruction of BMI2, eight at a time.
#pragma once

#include <stdint.h>
#include <string.h>

#define EXPAND(mask, from, to)                                                                        \
    do {                                                                                              \
        const int8_t *next = (from);                                                                  \
        for (int part = 0; part < 8; part++) {                                                        \
            const uint64_t bits = (mask) >> (8 * part) & 0xFF;                                        \
            uint64_t kept;                                                                            \
            memcpy(&kept, next, 8);                                                                   \
            const uint64_t bytes = __builtin_ia32_pdep_di(bits, 0x0101010101010101ull) * 0xFF;        \
            kept = __builtin_ia32_pdep_di(kept, bytes);                                               \
            memcpy((to) + 8 * part, &kept, 8);                                                        \
            next += __builtin_popcountll(bits);                                                       \
        }                                                                                             \
    } while (0)
