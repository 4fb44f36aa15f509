// AVX2 and FMA: 16 registers of 8 floats; a panel row is two of them.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2,popcnt"))), apply_to = function)
#define NAME(x) secateur_avx2_##x
#define ISA_NAME "avx2"
#define TILE_ROWS 3
#include "eightbit_avx2.h"
#include "language.inc.h"
#pragma clang attribute pop
#endif
