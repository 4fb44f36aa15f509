// Dense 8-bit products. Included by int8.inc.h.

// The part of a panel that begins at token `first`.
INLINE NAME(int8_part) NAME(int8_part_at)(const secateur_int8_panels *x, const secateur_int8_output *y, size_t tokens,
                                          size_t first, size_t rows, size_t columns) {
    const size_t panel = first / PANEL * PANEL, lane = first - panel, width = panel_width(tokens, panel);
    return (NAME(int8_part)){.tokenScales = x->scales + first,
                             .x = x->values + panel * columns + lane,
                             .values = y->values + panel * rows + lane,
                             .maxima = y->maxima ? y->maxima + first : NULL,
                             .rows = rows,
                             .width = width,
                             .strips = int8_part(width, lane),
                             .appliesGelu = y->appliesGelu};
}

// Puts four columns of 16 * strips tokens side by side into a strip: [tiles][fours][tokens of a tile], tiles being
// `tileBytes` apart.
INLINE void NAME(int8_interleave)(const uint8_t *const column[4], const size_t strips, uint8_t *strip, size_t four,
                                  const size_t tileTokens, size_t tileBytes) {
    const size_t lanes = strips % INT8_LANES ? 1 : INT8_LANES;
#define PLACE(token)                                                                                           \
    (strip + (token) / tileTokens * tileBytes + (four * tileTokens + (token) % tileTokens) * INT8_OPERAND_BYTES)
    bytes side[PANEL / INT8_TOKENS];
    for (size_t lane = 0; lane < strips; lane += lanes) {
        const size_t from = 16 * lane;
        const uint8_t *const in[4] = {column[0] + from, column[1] + from, column[2] + from, column[3] + from};
        if (lanes == INT8_LANES) {
            bytes_interleave(in, side);
            for (size_t i = 0; i < 4; i++) operand_store(PLACE(4 * (strips * i + lane)), side[i]);
        } else {
            lane16 quarter[4];
            lane_interleave(in, INT8_STRIP_FLIP, quarter);
            for (size_t i = 0; i < 4; i++) ((lane16 *)side)[strips * i + lane] = quarter[i];
        }
    }
    if (lanes != INT8_LANES)
        for (size_t i = 0; i < strips * LANES / INT8_TOKENS; i++) operand_store(PLACE(i * INT8_TOKENS), side[i]);
#undef PLACE
}

// One tile of a block of columns: starts from what is there already if this is not the first, and leaves whole numbers
// there if it is not the last.
INLINE void NAME(int8_dense_tile)(const NAME(int8_part) *part, const int8_t *w, size_t row, const uint8_t *strip,
                                  size_t fours, size_t lane, int isFirst, int isLast, const int vectors) {
    vi sum[INT8_DENSE_ROWS][MAXIMUM_INT8_VECTORS];
    uint32_t rowOf[INT8_DENSE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < INT8_DENSE_ROWS; r++) rowOf[r] = (uint32_t)row + (uint32_t)r;
    if (isFirst) NAME(int8_start)(sum, INT8_DENSE_ROWS, vectors, part, rowOf);
    else
        NAME(int8_carry)(sum, INT8_DENSE_ROWS, vectors, part, row, lane, 0);
    NAME(int8_accumulate)(sum, INT8_DENSE_ROWS, vectors, w, INT8_DENSE_ROWS, strip, fours);
    if (!isLast)
        NAME(int8_carry)(sum, INT8_DENSE_ROWS, vectors, part, row, lane, 1);
    else
        NAME(int8_finish)(sum, INT8_DENSE_ROWS, vectors, part, rowOf, lane);
}

// What a block of columns is multiplied from: activations in tiles of tokens, and weights as weight_load wants them.
typedef struct {
    uint8_t strip[INT8_DENSE_FOURS * PANEL * INT8_OPERAND_BYTES] __attribute__((aligned(64)));
#if INT8_WEIGHT_BYTES > 4
    int8_t weights[INT8_DENSE_FOURS * INT8_CHUNK_ROWS * INT8_WEIGHT_BYTES] __attribute__((aligned(64)));
#endif
} NAME(int8_scratch);

// All row blocks of [blockBegin, blockEnd) for one part.
INLINE void NAME(int8_dense_part)(const NAME(int8_part) *part, const secateur_int8_dense *w, NAME(int8_scratch) *scratch,
                                  size_t blockBegin, size_t blockEnd, const size_t strips) {
    const size_t allFours = (w->columns + 3) / 4, tokens = strips * LANES;
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
            weights_widen(w->values + (block * allFours + begin) * INT8_DENSE_ROWS * 4, fours * INT8_DENSE_ROWS,
                          scratch->weights + (block - blockBegin) * fours * INT8_DENSE_ROWS * INT8_WEIGHT_BYTES);
#endif
        for (size_t lane = 0; lane < tokens; lane += tile)
            for (size_t block = blockBegin; block < blockEnd; block++) {
#if INT8_WEIGHT_BYTES > 4
                const int8_t *values =
                    scratch->weights + (block - blockBegin) * fours * INT8_DENSE_ROWS * INT8_WEIGHT_BYTES;
#else
                const int8_t *values = w->values + (block * allFours + begin) * INT8_DENSE_ROWS * 4;
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
}
