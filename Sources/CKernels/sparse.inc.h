// Sparse products, one function for each shape of unit. Included by kernels.inc.h.
//
// Indices are read some steps before they are used: a load whose address comes straight from another load is
// started too early by the scheduler of several cores and is done twice, which costs a third of the throughput.
// For the same reason a block's sums start from zero and are added to those of the blocks before it at the end:
// products need not wait for them.

#define MAXIMUM_LOOKAHEAD 2
// Loads are what limits single weights: four indices are one of them.
#define WORD_INDICES 4

// The indices of one step, those of several slots one after the other in words, the last of which
// may hold some of the next step too.
typedef struct {
    uint64_t word[MAXIMUM_SLOTS / WORD_INDICES];
} NAME(indices);

INLINE NAME(indices) NAME(read_indices)(const uint16_t *index, const int slots) {
    NAME(indices) result;
    if (slots == 1) {
        result.word[0] = *index;
        return result;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i * WORD_INDICES < slots; i++) {
        __builtin_memcpy(&result.word[i], index + i * WORD_INDICES, sizeof result.word[i]);
        // The vector units have enough to do without taking words apart.
        __asm__("" : "+r"(result.word[i]));
    }
    return result;
}

INLINE size_t NAME(index)(const NAME(indices) *indices, const int slot, const int slots) {
    return slots == 1 ? indices->word[0]
                      : (uint16_t)(indices->word[slot / WORD_INDICES] >> (16 * (slot % WORD_INDICES)));
}

// The sums of one bundle: `slots` units of `unitRows` rows, `vectors` vectors of tokens.
typedef struct {
    v16 value[MAXIMUM_SUMS];
} NAME(sums);

#define SUM(slot, row, vector) sums.value[((slot)*unitRows + (row)) * vectors + (vector)]

INLINE void NAME(sparse_bundles)(const secateur_sparse *w, size_t block, const float *x, float *y, size_t width,
                                 size_t bundleBegin, size_t bundleEnd, const int unitRows,
                                 const int unitColumns, const int slots, const int vectors,
                                 const int lookahead) {
    const uint32_t *starts = w->starts + block * w->bundles;
    const uint32_t *units = w->units + block * w->bundles * slots;
    const char *base = (const char *)(x + block * w->blockColumns * width);
    const size_t scale = width * unitColumns * sizeof(float);
    const uint16_t *index = w->indices + (size_t)starts[bundleBegin] * slots;
    const float *value = w->values + (size_t)starts[bundleBegin] * slots * unitRows * unitColumns;
    NAME(indices) ahead[MAXIMUM_LOOKAHEAD];
#pragma clang loop unroll(full)
    for (int step = 0; step < lookahead; step++, index += slots) ahead[step] = NAME(read_indices)(index, slots);

    for (size_t bundle = bundleBegin; bundle < bundleEnd; bundle++) {
        NAME(sums) sums;
#pragma clang loop unroll(full)
        for (int i = 0; i < slots * unitRows * vectors; i++) sums.value[i] = v16_set(0.0f);
        if (UNSTRUCTURED_PREFETCHED_SUMS && unitRows == 1) {
#pragma clang loop unroll(full)
            for (int i = 0; i < slots * vectors; i++)
                __builtin_prefetch(y + units[bundle * slots + i / vectors] * width + i % vectors * LANES, 1);
        }
        if (SPARSE_READ_AHEAD) {
            // As many weights as the bundle has are read ahead, a cache line at a time.
            const size_t weights = (size_t)(starts[bundle + 1] - starts[bundle]) * slots * unitColumns * unitRows;
            for (size_t i = 0; i < weights; i += LANES) __builtin_prefetch(value + PREFETCHED_FLOATS + i);
        }
        ALIGNED_LOOP for (size_t step = starts[bundle]; step < starts[bundle + 1]; step++) {
            const NAME(indices) present = ahead[0];
#pragma clang loop unroll(full)
            for (int later = 0; later + 1 < lookahead; later++) ahead[later] = ahead[later + 1];
            ahead[lookahead - 1] = NAME(read_indices)(index, slots);
#pragma clang loop unroll(full)
            for (int slot = 0; slot < slots; slot++) {
                const float *column = (const float *)(base + NAME(index)(&present, slot, slots) * scale);
#pragma clang loop unroll(full)
                for (int c = 0; c < unitColumns; c++) {
                    v16 input[MAXIMUM_VECTORS];
#pragma clang loop unroll(full)
                    for (int p = 0; p < vectors; p++) input[p] = v16_load(column + c * width + p * LANES);
#pragma clang loop unroll(full)
                    for (int r = 0; r < unitRows; r++) {
                        const v16 weight = v16_set(value[(slot * unitColumns + c) * unitRows + r]);
#pragma clang loop unroll(full)
                        for (int p = 0; p < vectors; p++)
                            SUM(slot, r, p) = v16_fma(weight, input[p], SUM(slot, r, p));
                    }
                }
            }
            index += slots;
            value += slots * unitColumns * unitRows;
        }
#pragma clang loop unroll(full)
        for (int slot = 0; slot < slots; slot++) {
            const size_t row = (size_t)units[bundle * slots + slot] * unitRows;
#pragma clang loop unroll(full)
            for (int r = 0; r < unitRows; r++)
                if (row + r < w->rows) {
                    const v16 bias = v16_set(w->bias ? w->bias[row + r] : 0.0f);
#pragma clang loop unroll(full)
                    for (int p = 0; p < vectors; p++) {
                        float *out = y + (row + r) * width + p * LANES;
                        v16_store(out, SUM(slot, r, p) + (block == 0 ? bias : v16_load(out)));
                    }
                }
        }
    }
}

#undef SUM

// Bundles whose weights take about 256 KB: they stay in the second-level cache while all tokens pass by. With
// several blocks of columns a bundle's rows are others in each block, and only a whole segment's the same: there
// all bundles are taken, and the caller passes as many segments as fit.
static size_t NAME(sparse_chunk)(const secateur_sparse *w) {
    const size_t blocks = (w->columns + w->blockColumns - 1) / w->blockColumns;
    if (blocks > 1) return w->bundles;
    const size_t stepBytes = w->bundleUnits * (w->unitRows * w->unitColumns * sizeof(float) + sizeof(uint16_t));
    const size_t bytes = w->starts[blocks * w->bundles] * stepBytes;
    return bytes <= 262144 ? w->bundles : w->bundles * 262144 / bytes + 1;
}

// All tokens, `vectors` vectors of them at a time, or in a narrow panel two, or one where fewer are left.
INLINE void NAME(sparse_product)(const secateur_sparse *w, const float *x, float *y, size_t tokens,
                                 size_t bundleBegin, size_t bundleEnd, const int unitRows,
                                 const int unitColumns, const int slots, const int vectors,
                                 const int lookahead) {
    const size_t chunk = NAME(sparse_chunk)(w);
    for (size_t begin = bundleBegin; begin < bundleEnd; begin += chunk) {
        const size_t end = smaller(begin + chunk, bundleEnd);
        for (size_t first = 0; first < tokens; first += PANEL) {
            const size_t width = panel_width(tokens, first);
            const int fewer = vectors > 2 ? 2 : vectors;
            for (size_t lane = 0, step; lane < width; lane += step) {
                const int several = lane + fewer * LANES <= width;
                step = LANES * (width == PANEL ? vectors : several ? fewer : 1);
                for (size_t block = 0; block * w->blockColumns < w->columns; block++) {
                    const float *xs = x + first * w->columns + lane;
                    float *ys = y + first * w->rows + lane;
                    if (width == PANEL)
                        NAME(sparse_bundles)(w, block, xs, ys, PANEL, begin, end, unitRows, unitColumns, slots,
                                             vectors, lookahead);
                    else if (several)
                        NAME(sparse_bundles)(w, block, xs, ys, width, begin, end, unitRows, unitColumns, slots,
                                             fewer, lookahead);
                    else
                        NAME(sparse_bundles)(w, block, xs, ys, width, begin, end, unitRows, unitColumns, slots,
                                             1, lookahead);
                }
            }
        }
    }
}

#define SPARSE_KERNEL(name, unitRows, unitColumns, slots, vectors, lookahead)                                  \
    static void NAME(name)(const secateur_sparse *w, const float *x, float *y, size_t tokens,                  \
                           size_t bundleBegin, size_t bundleEnd) {                                             \
        NAME(sparse_product)(w, x, y, tokens, bundleBegin, bundleEnd, unitRows, unitColumns, slots, vectors,   \
                             lookahead);                                                                       \
    }

SPARSE_KERNEL(sparse_1x1, 1, 1, UNSTRUCTURED_SLOTS, UNSTRUCTURED_VECTORS, UNSTRUCTURED_LOOKAHEAD)
SPARSE_KERNEL(sparse_4x1, 4, 1, 1, ROWBLOCK4_VECTORS, 1)
SPARSE_KERNEL(sparse_4x4, 4, 4, 1, ROWBLOCK4_VECTORS, 1)
#if ROWBLOCK8_VECTORS
SPARSE_KERNEL(sparse_8x1, 8, 1, 1, ROWBLOCK8_VECTORS, 1)
#endif

static const secateur_sparse_kernel NAME(sparse_kernels)[] = {
    {1, 1, UNSTRUCTURED_SLOTS, NAME(sparse_1x1)},
    {4, 1, 1, NAME(sparse_4x1)},
#if ROWBLOCK8_VECTORS
    {8, 1, 1, NAME(sparse_8x1)},
#endif
    {4, 4, 1, NAME(sparse_4x4)},
};
