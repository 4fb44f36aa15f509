// AVX2.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(x) secateur_avx2_##x
#define ISA_NAME "avx2"
#define INT8_DENSE_ROWS 4
#define INT8_DENSE_VECTORS 2
#define INT8_DENSE_FOURS 96
#define INT8_CHUNK_ROWS 96
#define INT8_GROUP_FOURS 40
#define INT8_GROUP_ROWS 4
#define INT8_GROUP_VECTORS 2
#define INT8_ATTENTION_VECTORS 2
#include "int8_avx2.h"
#include "int8.inc.h"
#pragma clang attribute pop
#endif
