// The highest rates of products of whole numbers and of bfloat16, on registers alone.
#include <string.h>

#include "CKernels.h"

// Twelve instructions that do not wait for each other; what is in registers does not matter to them.
#define TWELVE(before, after)                                                                                  \
    before "0" after before "1" after before "2" after before "3" after before "4" after before "5" after      \
        before "6" after before "7" after before "8" after before "9" after before "10" after before "11" after

#define PEAK(name, instructions, ...)                                                                          \
    static void name(size_t rounds) {                                                                          \
        for (size_t round = 0; round < rounds; round++) __asm__ volatile(instructions ::: __VA_ARGS__);        \
    }

#if defined(__x86_64__)
#define REGISTERS                                                                                              \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm13"
PEAK(vnni512, TWELVE("vpdpbusd %%zmm15, %%zmm14, %%zmm", "\n\t"), REGISTERS)
PEAK(vnni256, TWELVE("%{vex%} vpdpbusd %%ymm15, %%ymm14, %%ymm", "\n\t"), REGISTERS)
// Pairs of products are extended to 16 bits beforehand, and added with another instruction.
PEAK(pairs512, TWELVE("vpmaddwd %%zmm15, %%zmm14, %%zmm13\n\tvpaddd %%zmm13, %%zmm12, %%zmm", "\n\t"), REGISTERS)
PEAK(pairs256, TWELVE("vpmaddwd %%ymm15, %%ymm14, %%ymm13\n\tvpaddd %%ymm13, %%ymm12, %%ymm", "\n\t"), REGISTERS)
PEAK(bf16, TWELVE("vdpbf16ps %%zmm15, %%zmm14, %%zmm", "\n\t"), REGISTERS)

#ifndef SECATEUR_AMX_EMULATED
#pragma clang attribute push(__attribute__((target("amx-tile,amx-int8,amx-bf16"))), apply_to = function)
#include "amx_tiles.h"
static void tiles(size_t rounds, int isBFloat16) {
    tiles_begin();
    TILES
    for (size_t round = 0; round < rounds; round++) {
        if (isBFloat16) {
            TILE_MULTIPLY_BF16(0, 4, 6);
            TILE_MULTIPLY_BF16(1, 5, 6);
            TILE_MULTIPLY_BF16(2, 4, 7);
            TILE_MULTIPLY_BF16(3, 5, 7);
        } else {
            TILE_MULTIPLY(0, 4, 6);
            TILE_MULTIPLY(1, 5, 6);
            TILE_MULTIPLY(2, 4, 7);
            TILE_MULTIPLY(3, 5, 7);
        }
    }
    tiles_end();
}
#pragma clang attribute pop
static void tiles_int8(size_t rounds) { tiles(rounds, 0); }
static void tiles_bf16(size_t rounds) { tiles(rounds, 1); }
#endif
#elif defined(__aarch64__)
#define REGISTERS "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11"
PEAK(dots, ".arch_extension dotprod\n\t" TWELVE("sdot v", ".4s, v14.16b, v15.16b\n\t"), REGISTERS)
PEAK(matrices, ".arch_extension i8mm\n\t" TWELVE("smmla v", ".4s, v14.16b, v15.16b\n\t"), REGISTERS)
#endif

typedef struct {
    const char *kernels;
    int isBFloat16;
    double operations; // of a round
    void (*run)(size_t rounds);
} peak;

double secateur_peak(const char *kernels, int isBFloat16, size_t rounds) {
    static const peak peaks[] = {
#if defined(__x86_64__)
        {"avx2", 0, 12 * 32, pairs256},         {"avxvnni", 0, 12 * 64, vnni256},
        {"avx512", 0, 12 * 64, pairs512},       {"avx512vnni", 0, 12 * 128, vnni512},
        {"avx512bf16", 1, 12 * 64, bf16},
#ifndef SECATEUR_AMX_EMULATED
        {"amx", 0, 4 * 2 * 16 * 16 * 64, tiles_int8}, {"amx", 1, 4 * 2 * 16 * 16 * 32, tiles_bf16},
#endif
#elif defined(__aarch64__)
        {"neon", 0, 12 * 32, dots},
        {"neon i8mm", 0, 12 * 64, matrices},
#endif
        {"", 0, 0, NULL},
    };
    for (const peak *p = peaks; p->run; p++)
        if (strcmp(p->kernels, kernels) == 0 && p->isBFloat16 == isBFloat16) {
            p->run(rounds);
            return p->operations * (double)rounds;
        }
    return 0;
}
