// 8-bit products of row blocks. Included by int8.inc.h, after int8_group_registers.inc.h or int8_group_strip.inc.h: how
// the four columns of a step are interleaved for the rows of a group.

INLINE void NAME(int8_rowblocks)(const secateur_int8_rowblocks *w, const secateur_int8_panels *x,
                                 const secateur_int8_output *y, size_t tokens, size_t groupBegin, size_t groupEnd,
                                 const int groupRows) {
    NAME(int8_part) part;
    for (size_t first = 0; first < tokens; first += part.strips * LANES) {
        part = NAME(int8_part_at)(x, y, tokens, first, w->rows, w->columns);
        part.offsets = w->offsets, part.scales = w->scales, part.bias = w->bias;
        if (part.strips == 4) NAME(int8_groups)(&part, w, groupBegin, groupEnd, 4, groupRows);
        else if (part.strips == 2)
            NAME(int8_groups)(&part, w, groupBegin, groupEnd, 2, groupRows);
        else
            NAME(int8_groups)(&part, w, groupBegin, groupEnd, 1, groupRows);
    }
}

#define ROWBLOCK_KERNEL(count)                                                                                 \
    static void NAME(int8_rowblocks_##count)(const secateur_int8_rowblocks *w, const secateur_int8_panels *x,  \
                                             const secateur_int8_output *y, size_t tokens, size_t groupBegin,  \
                                             size_t groupEnd) {                                                \
        NAME(int8_rowblocks)(w, x, y, tokens, groupBegin, groupEnd, count);                                    \
    }
ROWBLOCK_KERNEL(1)
ROWBLOCK_KERNEL(2)
ROWBLOCK_KERNEL(4)
ROWBLOCK_KERNEL(8)
ROWBLOCK_KERNEL(16)

static const secateur_int8_rowblock_kernel NAME(int8_rowblock_kernels)[] = {
    {1, NAME(int8_rowblocks_1)}, {2, NAME(int8_rowblocks_2)},   {4, NAME(int8_rowblocks_4)},
    {8, NAME(int8_rowblocks_8)}, {16, NAME(int8_rowblocks_16)},
};
