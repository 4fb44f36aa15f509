// A tile of a dense 8-bit product by AMX: 32 rows, up to 32 tokens. Included by int8.inc.h.
//
// A register of weights has 16 rows of 64 columns, one of activations 16 fours of columns of 16 tokens, as strips have
// them; one of sums 16 rows of 16 tokens.

// Fours that a register holds.
#define INT8_BLOCK_FOURS 16
#define AMX_ROWS 16
#define AMX_WRITTEN_ROWS 8

INLINE void NAME(int8_dense_tile)(const NAME(int8_part) *part, const int8_t *w, size_t row, const uint8_t *strip,
                                  size_t fours, size_t lane, int isFirst, int isLast, const int vectors) {
    int32_t product[INT8_DENSE_ROWS][2 * INT8_TOKENS] __attribute__((aligned(64)));
    const size_t stripBytes = (size_t)vectors * INT8_TOKENS * 4, rowBytes = sizeof product[0];
    TILES
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (size_t four = 0; four < fours; four += INT8_BLOCK_FOURS) {
        const int8_t *weights = w + four * 4 * INT8_DENSE_ROWS;
        TILE_LOAD(4, weights, INT8_BLOCK_FOURS * 4);
        TILE_LOAD(5, weights + AMX_ROWS * INT8_BLOCK_FOURS * 4, INT8_BLOCK_FOURS * 4);
        TILE_LOAD(6, strip + four * stripBytes, stripBytes);
        TILE_MULTIPLY(0, 4, 6);
        TILE_MULTIPLY(1, 5, 6);
        if (vectors == 1) continue;
        TILE_LOAD(7, strip + four * stripBytes + INT8_TOKENS * 4, stripBytes);
        TILE_MULTIPLY(2, 4, 7);
        TILE_MULTIPLY(3, 5, 7);
    }
    TILE_STORE(0, product[0], rowBytes);
    TILE_STORE(1, product[AMX_ROWS], rowBytes);
    TILE_STORE(2, product[0] + INT8_TOKENS, rowBytes);
    TILE_STORE(3, product[AMX_ROWS] + INT8_TOKENS, rowBytes);
    for (size_t first = 0; first < INT8_DENSE_ROWS; first += AMX_WRITTEN_ROWS) {
        vi sum[AMX_WRITTEN_ROWS][MAXIMUM_INT8_VECTORS];
        uint32_t rowOf[AMX_WRITTEN_ROWS];
        for (size_t r = 0; r < AMX_WRITTEN_ROWS; r++) rowOf[r] = (uint32_t)(row + first + r);
        NAME(int8_begin)(sum, AMX_WRITTEN_ROWS, vectors, part, rowOf, lane, isFirst);
#pragma clang loop unroll(full)
        for (int r = 0; r < AMX_WRITTEN_ROWS; r++)
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) sum[r][p] += *(const vi *)&product[first + (size_t)r][p * INT8_TOKENS];
        NAME(int8_end)(sum, AMX_WRITTEN_ROWS, vectors, part, rowOf, lane, isLast);
    }
}
