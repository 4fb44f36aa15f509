// AVX-512 with VNNI.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), \
                             apply_to = function)
#define NAME(x) secateur_avx512vnni_##x
#define ISA_NAME "avx512vnni"
#define INT8_DENSE_ROWS 12
#define INT8_DENSE_VECTORS 2
#define INT8_DENSE_FOURS 384
#define INT8_CHUNK_BYTES 262144
#define INT8_ATTENTION_VECTORS 2
#include "int8_avx512vnni.h"
#include "int8.inc.h"
#pragma clang attribute pop
#endif
