// AMX.
#if defined(__x86_64__)
#ifdef SECATEUR_AMX_EMULATED
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), \
                             apply_to = function)
#else
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,amx-tile,amx-bf16"))), apply_to = function)
#endif
#include "amx_tiles.h"
#define NAME(x) secateur_amx_##x
#define ISA_NAME "amx"
#define BF16_ROWS 32
#define BF16_VECTORS 2
#define BF16_BLOCK_COLUMNS 32
#define BF16_SUMS "bf16_amx_tile.inc.h"
#define BF16_BEGIN tiles_begin()
#define BF16_END tiles_end()
#include "bf16.inc.h"
#pragma clang attribute pop
#endif
