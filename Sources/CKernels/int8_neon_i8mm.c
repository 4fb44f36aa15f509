// NEON with matrix multiplications of bytes for dense products, with their dot products for the rest.
#if defined(__aarch64__)
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#define NAME(x) secateur_i8mm_##x
#define ISA_NAME "neon i8mm"
#define INT8_DENSE_TILE "int8_i8mm_tile.inc.h"
#define INT8_DENSE_ROWS 8
#define INT8_DENSE_VECTORS 2
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
