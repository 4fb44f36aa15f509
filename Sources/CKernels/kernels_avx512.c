// AVX-512: 32 registers of 16 floats; a panel row is one of them.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), \
                             apply_to = function)
#define NAME(x) secateur_avx512_##x
#define ISA SECATEUR_ISA_AVX512
#define ISA_NAME "avx512"
#define DENSE_ROWS 12
#define DENSE_VECTORS 2
#define ATTENTION_ROWS 8
#define ATTENTION_VECTORS 2
#define SPARSE_LANES 16
#define ROWBLOCK4_VECTORS 4
#define ROWBLOCK4_COPIED_COLUMNS 0
#define BLOCK4_VECTORS 4
#define BLOCK4_COPIED_COLUMNS 0
#define ROWBLOCK6_VECTORS 4
#define ROWBLOCK6_COPIED_COLUMNS 0
#define ROWBLOCK8_VECTORS 2
#define UNSTRUCTURED_VECTORS 4
#define UNSTRUCTURED_SLOTS 7
#define FMA_REGISTERS 12
#define SPARSE_READ_AHEAD 1
#define SPARSE_PREFETCHED_SUMS 0
#include "kernels.inc.h"
#pragma clang attribute pop
#endif
