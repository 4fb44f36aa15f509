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

// Four columns of 16 * strips tokens side by side.
INLINE void NAME(int8_interleave)(const uint8_t *const column[4], const size_t strips, uint8_t *to) {
    const size_t lanes = strips % INT8_LANES ? 1 : INT8_LANES;
    for (size_t lane = 0; lane < strips; lane += lanes) {
        const size_t from = 16 * lane;
        const uint8_t *const in[4] = {column[0] + from, column[1] + from, column[2] + from, column[3] + from};
        if (lanes == 1) {
            lane16 side[4];
            lane_interleave(in, INT8_STRIP_FLIP, side);
            for (size_t i = 0; i < 4; i++) *(lane16 *)(to + 16 * (strips * i + lane)) = side[i];
        } else {
            bytes side[4];
            bytes_interleave(in, side);
            for (size_t i = 0; i < 4; i++) *(bytes *)(to + 16 * (strips * i + lane)) = side[i];
        }
    }
}

// One tile of a block of columns: starts from what is there already if this is not the first, and leaves whole numbers
// there if it is not the last.
INLINE void NAME(int8_dense_tile)(const NAME(int8_part) *part, const int8_t *w, size_t row, const uint8_t *strip,
                                  size_t stripBytes, size_t fours, size_t lane, int isFirst, int isLast,
                                  const int vectors) {
    vi sum[INT8_DENSE_ROWS][MAXIMUM_INT8_VECTORS];
    uint32_t rowOf[INT8_DENSE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < INT8_DENSE_ROWS; r++) rowOf[r] = (uint32_t)row + (uint32_t)r;
    if (isFirst) NAME(int8_start)(sum, INT8_DENSE_ROWS, vectors, part, rowOf);
    else
        NAME(int8_carry)(sum, INT8_DENSE_ROWS, vectors, part, row, lane, 0);
    NAME(int8_accumulate)(sum, INT8_DENSE_ROWS, vectors, w, INT8_DENSE_ROWS, strip + lane * 4, stripBytes, fours);
    if (!isLast)
        NAME(int8_carry)(sum, INT8_DENSE_ROWS, vectors, part, row, lane, 1);
    else
        NAME(int8_finish)(sum, INT8_DENSE_ROWS, vectors, part, rowOf, lane);
}

// All row blocks of [blockBegin, blockEnd) for one part.
INLINE void NAME(int8_dense_part)(const NAME(int8_part) *part, const secateur_int8_dense *w, uint8_t *strip,
                                  size_t blockBegin, size_t blockEnd, const size_t strips) {
    const size_t allFours = (w->columns + 3) / 4, tokens = strips * LANES;
    const size_t full = smaller(INT8_DENSE_VECTORS * INT8_TOKENS, tokens);
    for (size_t begin = 0; begin < allFours; begin += INT8_DENSE_FOURS) {
        const size_t fours = smaller(INT8_DENSE_FOURS, allFours - begin);
        for (size_t four = 0; four < fours; four++) {
            const uint8_t *column[4];
            // Past the last column weights are zero.
            for (size_t i = 0; i < 4; i++)
                column[i] = part->x + smaller((begin + four) * 4 + i, w->columns - 1) * part->width;
            NAME(int8_interleave)(column, strips, strip + four * tokens * 4);
        }
        for (size_t lane = 0; lane < tokens; lane += full)
            for (size_t block = blockBegin; block < blockEnd; block++)
                NAME(int8_dense_tile)(part, w->values + (block * allFours + begin) * INT8_DENSE_ROWS * 4,
                                      block * INT8_DENSE_ROWS, strip, tokens * 4, fours, lane, begin == 0,
                                      begin + fours == allFours, (int)(full / INT8_TOKENS));
    }
}

static void NAME(int8_dense)(const secateur_int8_dense *w, const secateur_int8_panels *x, const secateur_int8_output *y,
                             size_t tokens, size_t blockBegin, size_t blockEnd) {
    uint8_t strip[INT8_DENSE_FOURS * 4 * PANEL] __attribute__((aligned(64)));
    // As in dense.inc.h: a chunk of weights stays in the second-level cache while all tokens pass by it.
    const size_t chunk = 1 + INT8_CHUNK_BYTES / (w->columns * INT8_DENSE_ROWS);
    for (size_t begin = blockBegin; begin < blockEnd; begin += chunk) {
        const size_t end = smaller(begin + chunk, blockEnd);
        NAME(int8_part) part;
        for (size_t first = 0; first < tokens; first += part.strips * LANES) {
            part = NAME(int8_part_at)(x, y, tokens, first, w->rows, w->columns);
            part.offsets = w->offsets, part.scales = w->scales, part.bias = w->bias;
            if (part.strips == 4) NAME(int8_dense_part)(&part, w, strip, begin, end, 4);
            else if (part.strips == 2)
                NAME(int8_dense_part)(&part, w, strip, begin, end, 2);
            else
                NAME(int8_dense_part)(&part, w, strip, begin, end, 1);
        }
    }
}
