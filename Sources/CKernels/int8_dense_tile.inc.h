// A tile of a dense 8-bit product in vector registers. Included by int8.inc.h.

// One tile of a block of columns: starts from what is there already if this is not the first, and leaves whole numbers
// there if it is not the last.
INLINE void NAME(int8_dense_tile)(const NAME(int8_part) *part, const int8_t *w, size_t row, const uint8_t *strip,
                                  size_t fours, size_t lane, int isFirst, int isLast, const int vectors) {
    vi sum[INT8_DENSE_ROWS][MAXIMUM_INT8_VECTORS];
    uint32_t rowOf[INT8_DENSE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < INT8_DENSE_ROWS; r++) rowOf[r] = (uint32_t)row + (uint32_t)r;
    NAME(int8_begin)(sum, INT8_DENSE_ROWS, vectors, part, rowOf, lane, isFirst);
    NAME(int8_accumulate)(sum, INT8_DENSE_ROWS, vectors, w, INT8_DENSE_ROWS, strip, fours);
    NAME(int8_end)(sum, INT8_DENSE_ROWS, vectors, part, rowOf, lane, isLast);
}
