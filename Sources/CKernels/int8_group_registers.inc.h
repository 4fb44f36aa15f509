// Groups of rows, in registers that hold the sums of several rows and four columns of a part. Included by int8.inc.h.
//
// Indices are read a step before they are used: a load whose address comes straight from another load is started too
// early by the scheduler of several cores and is done twice, which costs single rows a third of their speed (Zen 4).
//
// Every few rows the columns are interleaved again, on the way to the products: shuffles have a unit of their own,
// while copies of what they make would have to wait for the stores.

// Rows [row, row + rows) of a group; `vectors` is the part's strips.
INLINE void NAME(int8_group_rows)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w, size_t group,
                                  const int groupRows, const int row, const int rows, const int vectors) {
    const uint32_t *rowOf = w->rowOf + group * (size_t)groupRows + row;
    vi sum[MAXIMUM_INT8_ROWS][MAXIMUM_INT8_VECTORS];
    NAME(int8_start)(sum, rows, vectors, part, rowOf);
    const int8_t *values = w->values + row * 4;
    const size_t width = vectors == 4 ? PANEL : part->width, end = w->starts[group + 1];
    uint64_t kept = 0;
    if (w->starts[group] < end) memcpy(&kept, w->kept + (size_t)w->starts[group] * 4, sizeof kept);
    ALIGNED_LOOP for (size_t four = w->starts[group]; four < end; four++) {
        if (row == 0) {
            __builtin_prefetch(values + four * (size_t)groupRows * 4 + PREFETCHED_INT8_BYTES);
            if (groupRows <= 4) __builtin_prefetch((const uint8_t *)(w->kept + four * 4) + PREFETCHED_INT8_BYTES / 2);
        }
        const uint8_t *column[4];
        for (size_t i = 0; i < 4; i++) column[i] = part->x + (uint16_t)(kept >> 16 * i) * width;
        memcpy(&kept, w->kept + (four + (four + 1 < end)) * 4, sizeof kept);
        operand input[MAXIMUM_INT8_VECTORS];
        operand_interleave(column, vectors, input);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const weight weights = weight_load(values + (four * (size_t)groupRows + (size_t)r) * 4);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) sum[r][p] = sums_add(sum[r][p], input[p], weights);
        }
    }
    NAME(int8_finish)(sum, rows, vectors, part, rowOf, 0);
}

INLINE void NAME(int8_groups)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w, size_t groupBegin,
                              size_t groupEnd, const int strips, const int groupRows) {
#define ROWS(row, rows) NAME(int8_group_rows)(part, w, group, groupRows, row, rows, strips)
    for (size_t group = groupBegin; group < groupEnd; group++)
        if (groupRows == 16 && strips == 4) {
            // With 24 sums the registers are full.
            ROWS(0, 6);
            ROWS(6, 5);
            ROWS(11, 5);
        } else if (groupRows == 16 && strips == 2) {
            ROWS(0, 8);
            ROWS(8, 8);
        } else if (groupRows == 8 && strips == 4) {
            ROWS(0, 4);
            ROWS(4, 4);
        } else {
            ROWS(0, groupRows);
        }
#undef ROWS
}
