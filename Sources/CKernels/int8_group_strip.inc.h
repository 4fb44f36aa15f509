// Groups of rows, where registers do not hold four columns of a part beside the sums: columns are interleaved once for
// all rows of a group, into a strip in the first-level cache. Included by int8.inc.h.

// A group's steps [begin, begin + fours).
typedef struct {
    const int8_t *values;
    const uint16_t *kept;
    const uint32_t *rowOf;
    size_t fours;
    int isFirst, isLast;
} NAME(int8_steps);

// Sums that wait for the next steps.
typedef struct {
    vi value[MAXIMUM_INT8_ROWS][PANEL / INT8_TOKENS];
} NAME(int8_waiting);

// Rows [row, row + rows) of a group for the tokens from `lane` on.
INLINE void NAME(int8_group_tile)(const NAME(int8_part) *part, const NAME(int8_steps) *steps, NAME(int8_waiting) *waiting,
                                  const uint8_t *strip, const size_t strips, size_t lane, const int groupRows, int row) {
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
    NAME(int8_accumulate)(sum, rows, vectors, steps->values + row * 4, (size_t)groupRows, strip + lane * 4,
                          strips * LANES * 4, steps->fours);
    if (steps->isLast) NAME(int8_finish)(sum, rows, vectors, part, steps->rowOf + row, lane);
    else
        EACH_SUM kept[r][at + (size_t)p] = sum[r][p];
#undef EACH_SUM
}

INLINE void NAME(int8_groups)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w, size_t groupBegin,
                              size_t groupEnd, const size_t strips, const int groupRows) {
    uint8_t strip[INT8_GROUP_FOURS * 4 * PANEL] __attribute__((aligned(64)));
    NAME(int8_waiting) waiting;
    for (size_t group = groupBegin; group < groupEnd; group++) {
        const size_t begin = w->starts[group], end = w->starts[group + 1];
        for (size_t next, first = begin; first == begin || first < end; first = next) {
            next = smaller(first + INT8_GROUP_FOURS, end);
            const NAME(int8_steps) steps = {w->values + first * (size_t)groupRows * 4, w->kept + first * 4,
                                            w->rowOf + group * (size_t)groupRows, next - first, first == begin,
                                            next == end};
            for (size_t four = 0; four < steps.fours; four++) {
                const uint8_t *column[4];
                for (size_t i = 0; i < 4; i++) column[i] = part->x + steps.kept[four * 4 + i] * part->width;
                NAME(int8_interleave)(column, strips, strip + four * strips * LANES * 4);
            }
            for (size_t lane = 0; lane < strips * LANES; lane += INT8_GROUP_VECTORS * INT8_TOKENS)
                for (int row = 0; row < groupRows; row += INT8_GROUP_ROWS)
                    NAME(int8_group_tile)(part, &steps, &waiting, strip, strips, lane, groupRows, row);
            if (next == end) break;
        }
    }
}
