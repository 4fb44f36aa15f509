// AVX-512 without products of bytes (VNNI) or their expansion (VBMI2).
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2,popcnt"))), \
                             apply_to = function)
#define NAME(x) secateur_avx512_##x
#define ISA_NAME "avx512"
#define TILE_ROWS 8
#include "eightbit_avx2.h"
#include "language.inc.h"
#pragma clang attribute pop
#endif
