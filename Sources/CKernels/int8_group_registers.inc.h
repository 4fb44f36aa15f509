// Groups of rows, in registers that hold the sums of several rows and four columns of a part. Included by int8.inc.h.
//
// Indices are read a step before they are used: a load whose address comes straight from another load is started too
// early by the scheduler of several cores and is done twice, which costs single rows a third of their speed (Zen 4).
//
// Every few rows the columns are interleaved again, on the way to the products: shuffles have a unit of their own,
// while copies of what they make would have to wait for the stores.

// The steps of a group from `first` on, up to one whose columns begin at `limit`: what is there already is carried on
// if these are not the group's first steps, and stays whole if they are not its last.
typedef struct {
    size_t group, first;
    uint32_t limit;
    int isFirst, isLast;
} NAME(int8_steps);

// Rows [row, row + rows) of a group; `vectors` is the part's strips. Returns the step at which it stopped.
INLINE size_t NAME(int8_group_rows)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w,
                                    const NAME(int8_steps) steps, const int groupRows, const int row, const int rows,
                                    const int vectors) {
    const uint32_t *rowOf = w->rowOf + steps.group * (size_t)groupRows + row;
    vi sum[MAXIMUM_INT8_ROWS][MAXIMUM_INT8_VECTORS];
    if (steps.isFirst) NAME(int8_start)(sum, rows, vectors, part, rowOf);
    else
        NAME(int8_carry)(sum, rows, vectors, part, rowOf, 0, 0);
    const int8_t *values = w->values + row * 4;
    const size_t width = vectors == 4 ? PANEL : part->width, end = w->starts[steps.group + 1];
    size_t four = steps.first;
    uint64_t kept = 0;
    if (four < end) memcpy(&kept, w->kept + four * 4, sizeof kept);
    ALIGNED_LOOP for (; four < end && (uint16_t)kept < steps.limit; four++) {
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
    if (steps.isLast) NAME(int8_finish)(sum, rows, vectors, part, rowOf, 0);
    else
        NAME(int8_carry)(sum, rows, vectors, part, rowOf, 0, 1);
    return four;
}

#define ALL_COLUMNS (SECATEUR_INT8_MAXIMUM_COLUMNS + 1)

INLINE void NAME(int8_whole_groups)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w, size_t groupBegin,
                                    size_t groupEnd, const int strips, const int groupRows) {
#define ROWS(row, rows) NAME(int8_group_rows)(part, w, steps, groupRows, row, rows, strips)
    for (size_t group = groupBegin; group < groupEnd; group++) {
        const NAME(int8_steps) steps = {group, w->starts[group], ALL_COLUMNS, 1, 1};
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
    }
#undef ROWS
}

// Columns of a panel that the first-level cache holds: 32 KB. Few rows share what is fetched, so that they would wait
// for the second-level cache.
#define BLOCK_COLUMNS 512
#define BLOCK_GROUPS 1024

// All groups block of columns by block.
INLINE void NAME(int8_blocked_groups)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w, size_t groupBegin,
                                      size_t groupEnd, const int strips, const int groupRows) {
    uint32_t next[BLOCK_GROUPS];
    for (size_t begin = groupBegin; begin < groupEnd; begin += BLOCK_GROUPS) {
        const size_t end = smaller(begin + BLOCK_GROUPS, groupEnd);
        memcpy(next, w->starts + begin, (end - begin) * sizeof *next);
        for (uint32_t limit = BLOCK_COLUMNS; limit - BLOCK_COLUMNS < w->columns; limit += BLOCK_COLUMNS)
            for (size_t group = begin; group < end; group++) {
                const int isLast = limit >= w->columns;
                const NAME(int8_steps) steps = {group, next[group - begin], isLast ? ALL_COLUMNS : limit,
                                                limit == BLOCK_COLUMNS, isLast};
                next[group - begin] =
                    (uint32_t)NAME(int8_group_rows)(part, w, steps, groupRows, 0, groupRows, strips);
            }
    }
}

INLINE void NAME(int8_groups)(const NAME(int8_part) *part, const secateur_int8_rowblocks *w, size_t groupBegin,
                              size_t groupEnd, const int strips, const int groupRows) {
    if (groupRows <= 2 && strips == 4) {
        const size_t fours = w->starts[groupEnd] - w->starts[groupBegin];
        // Where a quarter of the columns is kept, this costs less than it saves.
        if (w->columns > BLOCK_COLUMNS && fours * 16 >= (groupEnd - groupBegin) * w->columns)
            return NAME(int8_blocked_groups)(part, w, groupBegin, groupEnd, strips, groupRows);
    }
    NAME(int8_whole_groups)(part, w, groupBegin, groupEnd, strips, groupRows);
}
