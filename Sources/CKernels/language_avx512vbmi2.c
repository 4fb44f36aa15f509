// AVX-512 with VBMI2, which expands kept bytes in one instruction.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,fma,bmi2,popcnt"))), \
    apply_to = function)
#define NAME(x) secateur_avx512vbmi2_##x
#define ISA_NAME "avx512vbmi2"
#define TILE_ROWS 8
#define EXPAND(bits, from, to) \
    *(to) = (v16b)_mm_maskz_expand_epi8((__mmask16)(bits), _mm_loadu_si128((const __m128i *)(from)))
#include "language.inc.h"
#pragma clang attribute pop
#endif
