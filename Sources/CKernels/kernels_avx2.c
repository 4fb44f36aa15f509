// AVX2 and FMA: 16 registers of 8 floats; a panel row is two of them.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define NAME(x) secateur_avx2_##x
#define ISA SECATEUR_ISA_AVX2
#define ISA_NAME "avx2"
#define DENSE_ROWS 6
#define DENSE_VECTORS 1
#define ATTENTION_ROWS 4
#define ATTENTION_VECTORS 1
#define SPARSE_LANES 8
#define ROWBLOCK4_VECTORS 3
#define ROWBLOCK4_COPIED_COLUMNS 768 // of 24 tokens: 72 KB
#define BLOCK4_VECTORS 3
#define BLOCK4_COPIED_COLUMNS 768
#define ROWBLOCK6_VECTORS 2
#define ROWBLOCK6_COPIED_COLUMNS 768
#define ROWBLOCK8_VECTORS 0
#define UNSTRUCTURED_VECTORS 8
#define UNSTRUCTURED_SLOTS 1
#define FMA_REGISTERS 6
#define SPARSE_READ_AHEAD 0
#define SPARSE_PREFETCHED_SUMS 1
#include "kernels.inc.h"
#pragma clang attribute pop
#endif
