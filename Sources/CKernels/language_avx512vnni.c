// AVX-512 with VNNI, which multiplies bytes, and VBMI2, which expands kept ones in one instruction.
#if defined(__x86_64__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vnni,avx2,fma,bmi2,popcnt"))), \
    apply_to = function)
#define NAME(x) secateur_avx512vnni_##x
#define ISA_NAME "avx512vnni"
#define TILE_ROWS 8
#include "eightbit_avx512.h"
#include "language.inc.h"
#pragma clang attribute pop
#endif
