// NEON with dot products of bytes.
#if defined(__aarch64__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define NAME(x) secateur_neon_##x
#define ISA_NAME "neon"
#define INT8_DENSE_ROWS 6
#define INT8_DENSE_VECTORS 4
#define INT8_DENSE_FOURS 384
#define INT8_CHUNK_BYTES 262144
#define INT8_GROUP_FOURS 96
#define INT8_GROUP_ROWS 4
#define INT8_GROUP_VECTORS 4
#define INT8_ATTENTION_VECTORS 4
#include "int8_neon.h"
#include "int8.inc.h"
#pragma clang attribute pop
#endif
