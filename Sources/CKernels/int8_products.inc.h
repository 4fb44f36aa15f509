// Dense 8-bit products. Included by int8.inc.h.

INLINE NAME(int8_target) NAME(int8_panel)(const int32_t *offsets, const float *scales, const float *bias, size_t rows,
                                          const secateur_int8_panels *x, const secateur_int8_output *y, size_t tokens,
                                          size_t first) {
    return (NAME(int8_target)){offsets, scales, bias, x->scales + first, y->values + first * rows,
                               y->maxima ? y->maxima + first : NULL, rows, panel_width(tokens, first), y->appliesGelu};
}

// Four columns of a panel of 16 * strips tokens side by side.
INLINE void NAME(int8_interleave)(const uint8_t *const column[4], const size_t strips, uint8_t *to) {
#if INT8_LANES > 1
    if (strips == PANEL / LANES) {
        for (int half = 0; half < 4 / INT8_LANES; half++) {
            const size_t from = (size_t)half * 16 * INT8_LANES;
            const uint8_t *const part[4] = {column[0] + from, column[1] + from, column[2] + from, column[3] + from};
            operand side[4];
            bytes_interleave(part, side);
            for (int i = 0; i < 4; i++) operand_store(to + 64 * i + from, side[i]);
        }
        return;
    }
#endif
    for (size_t lane = 0; lane < strips; lane++) {
        const size_t from = 16 * lane;
        const uint8_t *const part[4] = {column[0] + from, column[1] + from, column[2] + from, column[3] + from};
        lane16 side[4];
        lane_interleave(part, INT8_STRIP_FLIP, side);
        for (size_t i = 0; i < 4; i++) *(lane16 *)(to + 16 * (strips * i + lane)) = side[i];
    }
}

// One tile of a block of columns: starts from what is there already if this is not the first, and leaves whole numbers
// there if it is not the last.
INLINE void NAME(int8_dense_tile)(const int8_t *w, const NAME(int8_target) *target, size_t row, const uint8_t *strip,
                                  size_t fours, size_t lane, int isFirst, int isLast, const int vectors) {
    vi sum[INT8_DENSE_ROWS][MAXIMUM_INT8_VECTORS];
    uint32_t rowOf[INT8_DENSE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < INT8_DENSE_ROWS; r++) rowOf[r] = (uint32_t)row + (uint32_t)r;
    if (isFirst) NAME(int8_start)(sum, INT8_DENSE_ROWS, vectors, target, rowOf);
    else
        NAME(int8_carry)(sum, INT8_DENSE_ROWS, vectors, target, row, lane, 0);
    NAME(int8_accumulate)(sum, INT8_DENSE_ROWS, vectors, w, INT8_DENSE_ROWS, strip + lane * 4, target->width * 4, fours);
    if (!isLast)
        NAME(int8_carry)(sum, INT8_DENSE_ROWS, vectors, target, row, lane, 1);
    else if (target->appliesGelu)
        NAME(int8_finish)(sum, INT8_DENSE_ROWS, vectors, target, rowOf, lane, 1);
    else
        NAME(int8_finish)(sum, INT8_DENSE_ROWS, vectors, target, rowOf, lane, 0);
}

// All row blocks of [blockBegin, blockEnd) for one panel.
static void NAME(int8_dense_panel)(const secateur_int8_dense *w, const NAME(int8_target) *target, const uint8_t *x,
                                   uint8_t *strip, size_t blockBegin, size_t blockEnd) {
    const size_t allFours = (w->columns + 3) / 4, width = target->width;
    for (size_t begin = 0; begin < allFours; begin += INT8_DENSE_FOURS) {
        const size_t fours = smaller(INT8_DENSE_FOURS, allFours - begin);
        const int isFirst = begin == 0, isLast = begin + fours == allFours;
        for (size_t four = 0; four < fours; four++) {
            const uint8_t *column[4];
            for (size_t i = 0; i < 4; i++) column[i] = x + smaller((begin + four) * 4 + i, w->columns - 1) * width;
            if (width == PANEL)
                NAME(int8_interleave)(column, PANEL / LANES, strip + four * PANEL * 4);
            else
                NAME(int8_interleave)(column, width / LANES, strip + four * width * 4);
        }
        const size_t full = INT8_DENSE_VECTORS * INT8_TOKENS;
        for (size_t lane = 0; lane < width; lane += full)
            for (size_t block = blockBegin; block < blockEnd; block++) {
                const int8_t *values = w->values + (block * allFours + begin) * INT8_DENSE_ROWS * 4;
                const size_t row = block * INT8_DENSE_ROWS;
                if (lane + full <= width)
                    NAME(int8_dense_tile)(values, target, row, strip, fours, lane, isFirst, isLast, INT8_DENSE_VECTORS);
                else
                    NAME(int8_dense_tile)(values, target, row, strip, fours, lane, isFirst, isLast, 1);
            }
    }
}

static void NAME(int8_dense)(const secateur_int8_dense *w, const secateur_int8_panels *x, const secateur_int8_output *y,
                             size_t tokens, size_t blockBegin, size_t blockEnd) {
    uint8_t strip[INT8_DENSE_FOURS * 4 * PANEL] __attribute__((aligned(64)));
    // As in dense.inc.h: a chunk of weights stays in the second-level cache while all tokens pass by it.
    const size_t chunk = 1 + INT8_CHUNK_BYTES / (w->columns * INT8_DENSE_ROWS);
    for (size_t begin = blockBegin; begin < blockEnd; begin += chunk)
        for (size_t first = 0; first < tokens; first += PANEL) {
            const NAME(int8_target) target =
                NAME(int8_panel)(w->offsets, w->scales, w->bias, w->rows, x, y, tokens, first);
            NAME(int8_dense_panel)(w, &target, x->values + first * w->columns, strip, begin,
                                   smaller(begin + chunk, blockEnd));
        }
}
