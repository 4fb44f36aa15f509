// Parts of panels, and strips: copies of activations with four columns side by side. Included by int8.inc.h.

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
