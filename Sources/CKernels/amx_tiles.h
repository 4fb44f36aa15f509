// The eight registers of AMX, 16 rows of 64 bytes each, or what stands for them where SECATEUR_AMX_EMULATED is defined:
// so kernels are tested on processors that have none.
//
//   TILES                    declares them in a function, before the others
//   TILE_ZERO(n), TILE_LOAD(n, from, stride), TILE_STORE(n, to, stride)
//   TILE_MULTIPLY(c, a, b)   c[row][column] += sum of the four products of signed bytes a[row][4k ..< 4k + 4] and
//                            unsigned bytes b[k][4 * column ..< 4 * column + 4], over k
//   TILE_MULTIPLY_BF16(c, a, b)   c[row][column] += sum of the products of bfloat16 a[row][2k] and b[k][2 * column], over
//                            k, plus that of a[row][2k + 1] and b[k][2 * column + 1], each from zero by FMAs
//   tiles_begin, tiles_end   before the first use by a thread, and after the last
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "vector.h"

#ifdef SECATEUR_AMX_EMULATED
typedef struct {
    uint8_t byte[16][64];
} amx_tile;

#define TILES amx_tile tile[8];
#define TILE_ZERO(n) memset(&tile[n], 0, sizeof tile[n])
#define TILE_LOAD(n, from, stride) tile_load(&tile[n], (const uint8_t *)(from), stride)
#define TILE_STORE(n, to, stride) tile_store(&tile[n], (uint8_t *)(to), stride)
#define TILE_MULTIPLY(c, a, b) tile_multiply(&tile[c], &tile[a], &tile[b])
#define TILE_MULTIPLY_BF16(c, a, b) tile_multiply_bf16(&tile[c], &tile[a], &tile[b])

INLINE void tile_load(amx_tile *tile, const uint8_t *from, size_t stride) {
    for (size_t row = 0; row < 16; row++) memcpy(tile->byte[row], from + row * stride, 64);
}

INLINE void tile_store(const amx_tile *tile, uint8_t *to, size_t stride) {
    for (size_t row = 0; row < 16; row++) memcpy(to + row * stride, tile->byte[row], 64);
}

INLINE void tile_multiply(amx_tile *c, const amx_tile *a, const amx_tile *b) {
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 16; column++) {
            int32_t sum;
            memcpy(&sum, &c->byte[row][4 * column], sizeof sum);
            for (int k = 0; k < 16; k++)
                for (int i = 0; i < 4; i++) sum += (int8_t)a->byte[row][4 * k + i] * b->byte[k][4 * column + i];
            memcpy(&c->byte[row][4 * column], &sum, sizeof sum);
        }
}

INLINE float tile_bf16(const uint8_t *at) {
    const uint32_t bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 24;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INLINE void tile_multiply_bf16(amx_tile *c, const amx_tile *a, const amx_tile *b) {
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 16; column++) {
            float sum, part[2] = {0, 0};
            for (int k = 0; k < 16; k++)
                for (int i = 0; i < 2; i++)
                    part[i] = fmaf(tile_bf16(&a->byte[row][4 * k + 2 * i]), tile_bf16(&b->byte[k][4 * column + 2 * i]),
                                   part[i]);
            memcpy(&sum, &c->byte[row][4 * column], sizeof sum);
            sum += part[0] + part[1];
            memcpy(&c->byte[row][4 * column], &sum, sizeof sum);
        }
}

INLINE void tiles_begin(void) {}
INLINE void tiles_end(void) {}
#else
#include <immintrin.h>

#define TILES
#define TILE_ZERO(n) _tile_zero(n)
#define TILE_LOAD(n, from, stride) _tile_loadd(n, from, stride)
#define TILE_STORE(n, to, stride) _tile_stored(n, to, stride)
#define TILE_MULTIPLY(c, a, b) _tile_dpbsud(c, a, b)
#define TILE_MULTIPLY_BF16(c, a, b) _tile_dpbf16ps(c, a, b)

// Palette 1: the bytes of a row and the rows of each register.
INLINE void tiles_begin(void) {
    struct {
        uint8_t palette, firstRow, reserved[14];
        uint16_t rowBytes[16];
        uint8_t rows[16];
    } configuration __attribute__((aligned(64))) = {.palette = 1};
    for (int i = 0; i < 8; i++) configuration.rowBytes[i] = 64, configuration.rows[i] = 16;
    _tile_loadconfig(&configuration);
}

INLINE void tiles_end(void) { _tile_release(); }
#endif
