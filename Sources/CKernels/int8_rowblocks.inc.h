// 8-bit products of row blocks. Included by int8.inc.h.
//
// The four columns of a step are interleaved once for all rows of a group. Where they fit the registers beside the
// sums, the first rows multiply them on the way, which costs next to nothing: shuffles and products have units of
// their own. The other rows find them in a strip in the first-level cache.

// Sums that wait for the next block of columns.
typedef struct {
    vi value[MAXIMUM_INT8_ROWS][PANEL / INT8_TOKENS];
} NAME(int8_waiting);

// A group's steps [begin, begin + fours), for a panel.
typedef struct {
    const int8_t *values;
    const uint16_t *kept;
    const uint32_t *rowOf;
    size_t fours;
    int isFirst, isLast;
} NAME(int8_steps);

#if INT8_INTERLEAVES_IN_REGISTERS
// Interleaves and multiplies; `keeps` says whether there are more rows.
INLINE void NAME(int8_accumulate_first)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const NAME(int8_steps) *steps,
                                        const size_t groupRows, const uint8_t *x, uint8_t *strip, const int keeps) {
    ALIGNED_LOOP for (size_t four = 0; four < steps->fours; four++) {
        const uint8_t *column[4];
        for (int i = 0; i < 4; i++) column[i] = x + (size_t)steps->kept[four * 4 + (size_t)i] * PANEL;
        operand input[4];
        bytes_interleave(column, input);
        for (int i = 0; keeps && i < 4; i++) operand_store(strip + four * 4 * PANEL + 64 * i, input[i]);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const weight weights = weight_load(steps->values + (four * groupRows + (size_t)r) * 4);
#pragma clang loop unroll(full)
            for (int p = 0; p < 4; p++) sum[r][p] = sums_add(sum[r][p], input[p], weights);
        }
    }
}
#endif

// `rows` rows of a group from `row` on, for `vectors` vectors of tokens from `lane` on.
INLINE void NAME(int8_group_tile)(const NAME(int8_steps) *steps, const NAME(int8_target) *target,
                                  NAME(int8_waiting) *waiting, const uint8_t *x, uint8_t *strip, const int groupRows,
                                  const int row, const int rows, size_t lane, const int vectors, const int interleaves) {
    vi sum[MAXIMUM_INT8_ROWS][MAXIMUM_INT8_VECTORS];
    if (steps->isFirst) NAME(int8_start)(sum, rows, vectors, target, steps->rowOf + row);
    else
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) sum[r][p] = waiting->value[row + r][lane / INT8_TOKENS + (size_t)p];
#if INT8_INTERLEAVES_IN_REGISTERS
    if (interleaves) NAME(int8_accumulate_first)(sum, rows, steps, (size_t)groupRows, x, strip, rows < groupRows);
    else
#else
    (void)x, (void)interleaves;
#endif
        NAME(int8_accumulate)(sum, rows, vectors, steps->values + row * 4, (size_t)groupRows, strip + lane * 4,
                              target->width * 4, steps->fours);
    if (!steps->isLast)
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) waiting->value[row + r][lane / INT8_TOKENS + (size_t)p] = sum[r][p];
    else if (target->appliesGelu)
        NAME(int8_finish)(sum, rows, vectors, target, steps->rowOf + row, lane, 1);
    else
        NAME(int8_finish)(sum, rows, vectors, target, steps->rowOf + row, lane, 0);
}

INLINE void NAME(int8_fill_strip)(const NAME(int8_steps) *steps, const uint8_t *x, const size_t strips, uint8_t *strip) {
    for (size_t four = 0; four < steps->fours; four++) {
        const uint8_t *column[4];
        for (size_t i = 0; i < 4; i++) column[i] = x + steps->kept[four * 4 + i] * strips * LANES;
        NAME(int8_interleave)(column, strips, strip + four * strips * LANES * 4);
    }
}

// All rows of a group for the tokens from `lane` on; the fewer vectors a tile has, the more rows.
#define GROUP_TILES(ROWS, VECTORS, INTERLEAVES)                                                                \
    _Pragma("clang loop unroll(full)") for (int row = 0; row < groupRows; row += ROWS)                         \
        NAME(int8_group_tile)(steps, target, waiting, x, strip, groupRows, row, ROWS, lane, VECTORS,           \
                              INTERLEAVES && row == 0)
#define AT_MOST(rows) (groupRows < (rows) ? groupRows : (rows))

INLINE void NAME(int8_group)(const NAME(int8_steps) *steps, const NAME(int8_target) *target,
                             NAME(int8_waiting) *waiting, const uint8_t *x, uint8_t *strip, const int groupRows) {
    const size_t width = target->width;
#if INT8_INTERLEAVES_IN_REGISTERS
    if (width == PANEL) {
        const size_t lane = 0;
        GROUP_TILES(4, 4, 1);
        return;
    }
#endif
    if (width == PANEL) NAME(int8_fill_strip)(steps, x, PANEL / LANES, strip);
    else if (width == LANES)
        NAME(int8_fill_strip)(steps, x, 1, strip);
    else
        NAME(int8_fill_strip)(steps, x, width / LANES, strip);
    const size_t full = INT8_GROUP_VECTORS * INT8_TOKENS;
    for (size_t lane = 0; lane < width; lane += full)
        if (lane + full <= width)
            GROUP_TILES(AT_MOST(INT8_GROUP_ROWS), INT8_GROUP_VECTORS, 0);
        else
            GROUP_TILES(groupRows, 1, 0);
}

// Groups [groupBegin, groupEnd) for one panel. The steps of a group are cut so that a strip fits the first-level cache.
INLINE void NAME(int8_groups)(const secateur_int8_rowblocks *w, const NAME(int8_target) *target, const uint8_t *x,
                              size_t groupBegin, size_t groupEnd, const int groupRows) {
    uint8_t strip[INT8_GROUP_FOURS * 4 * PANEL] __attribute__((aligned(64)));
    NAME(int8_waiting) waiting;
    for (size_t group = groupBegin; group < groupEnd; group++) {
        const size_t begin = w->starts[group], end = w->starts[group + 1];
        const size_t parts = end == begin ? 1 : (end - begin + INT8_GROUP_FOURS - 1) / INT8_GROUP_FOURS;
        const size_t most = (end - begin + parts - 1) / parts;
        for (size_t part = 0; part < parts; part++) {
            const size_t first = smaller(begin + part * most, end), fours = smaller(most, end - first);
            const NAME(int8_steps) steps = {w->values + first * (size_t)groupRows * 4, w->kept + first * 4,
                                            w->rowOf + group * (size_t)groupRows, fours, part == 0, part + 1 == parts};
            NAME(int8_group)(&steps, target, &waiting, x, strip, groupRows);
        }
    }
}

#define ROWBLOCK_KERNEL(count)                                                                                 \
    static void NAME(int8_rowblocks_##count)(const secateur_int8_rowblocks *w, const secateur_int8_panels *x,  \
                                             const secateur_int8_output *y, size_t tokens, size_t groupBegin,  \
                                             size_t groupEnd) {                                                \
        for (size_t first = 0; first < tokens; first += PANEL) {                                               \
            const NAME(int8_target) target =                                                                   \
                NAME(int8_panel)(w->offsets, w->scales, w->bias, w->rows, x, y, tokens, first);                \
            NAME(int8_groups)(w, &target, x->values + first * w->columns, groupBegin, groupEnd, count);        \
        }                                                                                                      \
    }
ROWBLOCK_KERNEL(4)
ROWBLOCK_KERNEL(8)
ROWBLOCK_KERNEL(16)

static const secateur_int8_rowblock_kernel NAME(int8_rowblock_kernels)[] = {
    {4, NAME(int8_rowblocks_4)}, {8, NAME(int8_rowblocks_8)}, {16, NAME(int8_rowblocks_16)}};
