// AVX-512 with VBMI2, which expands 64 kept bytes in one instruction.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,fma,bmi2,popcnt"))), \
    apply_to = function)
#define NAME(x) secateur_avx512vbmi2_##x
#define ISA_NAME "avx512vbmi2"
#define TILE_ROWS 8
#define EXPAND(mask, from, to) \
    _mm512_store_si512((to), _mm512_maskz_expand_epi8((mask), _mm512_loadu_si512(from)))
#include "language.inc.h"
#pragma clang attribute pop
#endif
