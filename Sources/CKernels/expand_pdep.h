// Expands kept bytes with the bit deposit instruction of BMI2, eight at a time.
#pragma once

#include <stdint.h>
#include <string.h>

#define EXPAND(bits, from, to)                                                                        \
    do {                                                                                              \
        const int8_t *next = (from);                                                                  \
        for (int half = 0; half < 2; half++) {                                                        \
            const uint64_t eight = (uint64_t)(bits) >> (8 * half) & 0xFF;                             \
            const uint64_t places = __builtin_ia32_pdep_di(eight, 0x0101010101010101ull) * 0xFF;      \
            uint64_t bytes;                                                                           \
            memcpy(&bytes, next, 8);                                                                  \
            bytes = __builtin_ia32_pdep_di(bytes, places);                                            \
            memcpy((char *)(to) + 8 * half, &bytes, 8);                                               \
            next += __builtin_popcountll(eight);                                                      \
        }                                                                                             \
    } while (0)
