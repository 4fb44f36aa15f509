// Groups of rows, where registers do not hold four columns of a part along with the sums: columns are interleaved once for
// all rows of a group, into a strip in the first-level cache. Included by int8.inc.h.

// A group's steps [begin, begin + fours).
typedef struct {
    const int8_t *weights; // as weight_load wants them
    const uint8_t *strip;
    const uint32_t *rowOf;
    size_t fours;
    int isFirst, isLast;
} NAME(int8_steps);

// Sums that wait for the next steps.
typedef struct {
    vi value[MAXIMUM_INT8_ROWS][PANEL / INT8_TOKENS];
} NAME(int8_waiting);

// Rows [row, row + rows) of a group for the tokens from `lane` on.
INLINE void NAME(int8_group_tile)(const NAME(int8_part) *part, const NAME(int8_steps) *steps,
                                  NAME(int8_waiting) *waiting, size_t lane, const int groupRows, int row) {
    const int rows = INT8_GROUP_ROWS < groupRows ? INT8_GROUP_ROWS : groupRows, vectors = INT8_GROUP_VECTORS;
    vi sum[MAXIMUM_INT8_ROWS][MAXIMUM_INT8_VECTORS];
#define EACH_SUM                                                                                               \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++)                                          \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < vectors; p++)
    vi(*kept)[PANEL / INT8_TOKENS] = &waiting->value[row];
    const size_t at = lane / INT8_TOKENS;
    if (steps->isFirst) NAME(int8_start)(sum, rows, vectors, part, steps->rowOf + row);
    else
        EACH_SUM sum[r][p] = kept[r][at + (size_t)p];
    NAME(int8_accumulate)(sum, rows, vectors, steps->weights + row * INT8_WEIGHT_BYTES, (size_t)groupRows,
                          steps->strip + lane * steps->fours * INT8_OPERAND_BYTES, steps->fours);
    if (steps->isLast) NAME(int8_finish)(sum, rows, vectors, part, steps->rowOf + row, lane);
    else
        EACH_SUM kept[r][at + (size_t)p] = sum[r][p];
#undef EACH_SUM
}

INLINE void NAME(int8_groups)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w, size_t groupBegin,
                              size_t groupEnd, const size_t strips, const int groupRows) {
    const size_t tile = INT8_GROUP_VECTORS * INT8_TOKENS;
    uint8_t strip[INT8_GROUP_FOURS * PANEL * INT8_OPERAND_BYTES] __attribute__((aligned(64)));
#if INT8_WEIGHT_BYTES > 4
    int8_t weights[INT8_GROUP_FOURS * MAXIMUM_INT8_ROWS * INT8_WEIGHT_BYTES] __attribute__((aligned(64)));
#endif
    NAME(int8_waiting) waiting;
    for (size_t group = groupBegin; group < groupEnd; group++) {
        const size_t begin = w->starts[group], end = w->starts[group + 1];
        for (size_t next, first = begin; first == begin || first < end; first = next) {
            next = smaller(first + INT8_GROUP_FOURS, end);
            const size_t fours = next - first;
            for (size_t four = 0; four < fours; four++) {
                const uint8_t *column[4];
                for (size_t i = 0; i < 4; i++) column[i] = part->x + w->kept[(first + four) * 4 + i] * part->width;
                NAME(int8_interleave)(column, strips, strip, four, tile, fours * tile * INT8_OPERAND_BYTES);
            }
            const int8_t *values = w->values + first * (size_t)groupRows * 4;
#if INT8_WEIGHT_BYTES > 4
            weights_widen(values, fours * (size_t)groupRows, weights);
            values = weights;
#endif
            const NAME(int8_steps) steps = {values, strip, w->rowOf + group * (size_t)groupRows, fours, first == begin,
                                            next == end};
            for (size_t lane = 0; lane < strips * LANES; lane += tile)
                for (int row = 0; row < groupRows; row += INT8_GROUP_ROWS)
                    NAME(int8_group_tile)(part, &steps, &waiting, lane, groupRows, row);
            if (next == end) break;
        }
    }
}
