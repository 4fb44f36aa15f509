// AVX2.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(x) secateur_avx2_##x
#define ISA_NAME "avx2"
#define BF16_ROWS 6
#define BF16_VECTORS 1
#define BF16_BLOCK_COLUMNS 2
#define BF16_SUMS "bf16_expand.inc.h"
#include "bf16.inc.h"
#pragma clang attribute pop
#endif
