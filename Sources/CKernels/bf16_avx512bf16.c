// AVX-512 with products of bfloat16.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), \
                             apply_to = function)
#define NAME(x) secateur_avx512bf16_##x
#define ISA_NAME "avx512bf16"
#define BF16_ROWS 12
#define BF16_VECTORS 2
#define BF16_BLOCK_COLUMNS 2
#define PREFETCHED_BF16_PAIRS 1024
#define BF16_SUMS "bf16_avx512bf16.inc.h"
#include "bf16.inc.h"
#pragma clang attribute pop
#endif
