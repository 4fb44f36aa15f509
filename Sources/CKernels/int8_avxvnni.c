// AVX2 with VNNI, which processors without AVX-512 have. SECATEUR_AVXVNNI_BY_AVX512 makes a build that is tested where
// AVX-512 has the same instruction in another encoding.
#if defined(__x86_64__)
#ifdef SECATEUR_AVXVNNI_BY_AVX512
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#endif
#define NAME(x) secateur_avxvnni_##x
#define ISA_NAME "avxvnni"
#define INT8_DENSE_ROWS 6
#define INT8_DENSE_VECTORS 2
#define INT8_DENSE_FOURS 384
#define INT8_CHUNK_BYTES 262144
#define INT8_GROUP_FOURS 96
#define INT8_GROUP_ROWS 4
#define INT8_GROUP_VECTORS 2
#define INT8_ATTENTION_VECTORS 2
#include "int8_avxvnni.h"
#include "int8.inc.h"
#pragma clang attribute pop
#endif
