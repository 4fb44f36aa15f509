// Dense 8-bit products. Included by int8.inc.h, after int8_dense_tile.inc.h or int8_amx_tile.inc.h.

// What a block of columns is multiplied from: activations in tiles of tokens, and weights as weight_load wants them.
typedef struct {
    uint8_t strip[INT8_DENSE_FOURS * PANEL * INT8_OPERAND_BYTES] __attribute__((aligned(64)));
#if INT8_WEIGHT_BYTES > 4
    int8_t weights[INT8_DENSE_FOURS * INT8_CHUNK_ROWS * INT8_WEIGHT_BYTES] __attribute__((aligned(64)));
#endif
} NAME(int8_scratch);

// All row blocks of [blockBegin, blockEnd) for one part.
INLINE void NAME(int8_dense_part)(const NAME(int8_part) *part, const secateur_int8_dense *w,
                                  NAME(int8_scratch) *scratch, size_t blockBegin, size_t blockEnd,
                                  const size_t strips) {
    const size_t allFours = round_up((w->columns + 3) / 4, INT8_BLOCK_FOURS), tokens = strips * LANES;
    const size_t tile = smaller(INT8_DENSE_VECTORS * INT8_TOKENS, tokens);
    for (size_t begin = 0; begin < allFours; begin += INT8_DENSE_FOURS) {
        const size_t fours = smaller(INT8_DENSE_FOURS, allFours - begin);
        const size_t tileBytes = fours * tile * INT8_OPERAND_BYTES;
        for (size_t four = 0; four < fours; four++) {
            const uint8_t *column[4];
            // Past the last column weights are zero.
            for (size_t i = 0; i < 4; i++)
                column[i] = part->x + smaller((begin + four) * 4 + i, w->columns - 1) * part->width;
            NAME(int8_interleave)(column, strips, scratch->strip, four, tile, tileBytes);
        }
#if INT8_WEIGHT_BYTES > 4
        for (size_t block = blockBegin; block < blockEnd; block++)
            weights_widen(w->values + ((block - w->firstBlock) * allFours + begin) * INT8_DENSE_ROWS * 4,
                          fours * INT8_DENSE_ROWS,
                          scratch->weights + (block - blockBegin) * fours * INT8_DENSE_ROWS * INT8_WEIGHT_BYTES);
#endif
        for (size_t lane = 0; lane < tokens; lane += tile)
            for (size_t block = blockBegin; block < blockEnd; block++) {
#if INT8_WEIGHT_BYTES > 4
                const int8_t *values =
                    scratch->weights + (block - blockBegin) * fours * INT8_DENSE_ROWS * INT8_WEIGHT_BYTES;
#else
                const int8_t *values = w->values + ((block - w->firstBlock) * allFours + begin) * INT8_DENSE_ROWS * 4;
#endif
                NAME(int8_dense_tile)(part, values, block * INT8_DENSE_ROWS, scratch->strip + lane / tile * tileBytes,
                                      fours, lane, begin == 0, begin + fours == allFours, (int)(tile / INT8_TOKENS));
            }
    }
}

static void NAME(int8_dense)(const secateur_int8_dense *w, const secateur_int8_panels *x, const secateur_int8_output *y,
                             size_t tokens, size_t blockBegin, size_t blockEnd) {
    NAME(int8_scratch) scratch;
#if INT8_WEIGHT_BYTES > 4
    const size_t chunk = INT8_CHUNK_ROWS / INT8_DENSE_ROWS;
#else
    // As in dense.inc.h: a chunk of weights stays in the second-level cache while all tokens pass by it.
    const size_t chunk = 1 + INT8_CHUNK_BYTES / (w->columns * INT8_DENSE_ROWS);
#endif
#ifdef INT8_AMX
    tiles_begin();
#endif
    for (size_t begin = blockBegin; begin < blockEnd; begin += chunk) {
        const size_t end = smaller(begin + chunk, blockEnd);
        NAME(int8_part) part;
        for (size_t first = 0; first < tokens; first += part.strips * LANES) {
            part = NAME(int8_part_at)(x, y, tokens, first, w->rows, w->columns);
            part.offsets = w->offsets, part.scales = w->scales, part.bias = w->bias;
            if (part.strips == 4) NAME(int8_dense_part)(&part, w, &scratch, begin, end, 4);
            else if (part.strips == 2)
                NAME(int8_dense_part)(&part, w, &scratch, begin, end, 2);
            else
                NAME(int8_dense_part)(&part, w, &scratch, begin, end, 1);
        }
    }
#ifdef INT8_AMX
    tiles_end();
#endif
}
