// Sums of bfloat16 products by AMX: 32 rows, up to 32 tokens. Included by bf16.inc.h.
//
// A register of weights has 16 rows of 32 columns, one of activations 16 pairs of columns of 16 tokens, as panels have
// them; one of sums 16 rows of 16 tokens.

#define AMX_ROWS 16
#define AMX_PAIRS 16

// sum[r][p] = sum over pairs of columns of w[r] * x[width * pair + 16p]
INLINE void NAME(bf16_sums)(v16 sum[][BF16_VECTORS], const uint16_t *w, const uint32_t *x, size_t pairs, size_t width,
                            const int vectors) {
    // The last pairs of columns, and zeros that fill up a register.
    uint32_t rest[AMX_PAIRS][2 * LANES] __attribute__((aligned(64))) = {{0}};
    const size_t whole = pairs / AMX_PAIRS * AMX_PAIRS;
    for (size_t pair = whole; pair < pairs; pair++)
        memcpy(rest[pair - whole], x + pair * width, (size_t)vectors * LANES * sizeof **rest);
    TILES
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (size_t pair = 0; pair < pairs; pair += AMX_PAIRS) {
        const uint16_t *weights = w + pair * 2 * BF16_ROWS;
        const uint32_t *input = pair < whole ? x + pair * width : rest[0];
        const size_t stride = (pair < whole ? width : 2 * LANES) * sizeof *x;
        TILE_LOAD(4, weights, BF16_BLOCK_COLUMNS * sizeof *w);
        TILE_LOAD(5, weights + AMX_ROWS * BF16_BLOCK_COLUMNS, BF16_BLOCK_COLUMNS * sizeof *w);
        TILE_LOAD(6, input, stride);
        TILE_MULTIPLY_BF16(0, 4, 6);
        TILE_MULTIPLY_BF16(1, 5, 6);
        if (vectors == 1) continue;
        TILE_LOAD(7, input + LANES, stride);
        TILE_MULTIPLY_BF16(2, 4, 7);
        TILE_MULTIPLY_BF16(3, 5, 7);
    }
    const size_t rowBytes = sizeof *sum;
    TILE_STORE(0, &sum[0][0], rowBytes);
    TILE_STORE(1, &sum[AMX_ROWS][0], rowBytes);
    TILE_STORE(2, &sum[0][1], rowBytes);
    TILE_STORE(3, &sum[AMX_ROWS][1], rowBytes);
}
