// AVX-512 without products of bfloat16.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), \
                             apply_to = function)
#define NAME(x) secateur_avx512_##x
#define ISA_NAME "avx512"
#define BF16_ROWS 8
#define BF16_VECTORS 2
#define BF16_BLOCK_COLUMNS 2
#define BF16_SUMS "bf16_expand.inc.h"
#include "bf16.inc.h"
#pragma clang attribute pop
#endif
