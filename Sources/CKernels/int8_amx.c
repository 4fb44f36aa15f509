// AMX for dense products, AVX-512 with VNNI for the rest: few columns of weights do not fill tiles.
#if defined(__x86_64__)
#ifdef SECATEUR_AMX_EMULATED
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), \
                             apply_to = function)
#else
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,amx-tile,amx-int8"))), \
    apply_to = function)
#endif
#define NAME(x) secateur_amx_##x
#define ISA_NAME "amx"
#define INT8_AMX
#define INT8_DENSE_TILE "int8_amx_tile.inc.h"
#define INT8_DENSE_ROWS 32
#define INT8_DENSE_VECTORS 2
#define INT8_DENSE_FOURS 384
#define INT8_CHUNK_BYTES 262144
#define INT8_ATTENTION_VECTORS 2
#include "amx_tiles.h"
#include "int8_avx512vnni.h"
#include "int8.inc.h"
#pragma clang attribute pop
#endif
