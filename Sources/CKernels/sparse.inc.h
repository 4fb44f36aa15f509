// Sparse products, one function for each shape of unit. Included by kernels.inc.h.
//
// Indices are read some steps before they are used: a load whose address comes straight from another load is
// started too early by the scheduler of several cores and is done twice, which costs a third of the throughput.
// For the same reason a block's sums start from zero and are added to those of the blocks before it at the end:
// products need not wait for them.

#define MAXIMUM_SPARSE_VECTORS 8

#if SPARSE_LANES == 8
#define SPARSE_VECTOR v8
#define SPARSE_SET v8_set
// Loads stay behind the product that a sum has come from: where the sums, a column's activations and one weight fill
// the registers, the compiler would load the weights of several rows at once, and spill.
#define SPARSE_IN_ORDER(sum) __asm__ volatile("" : "+x"(sum) : : "memory")
#else
#define SPARSE_VECTOR v16
#define SPARSE_SET v16_set
#define SPARSE_IN_ORDER(sum)
#endif

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
        __asm__("" : "+r"(result.word[0]));
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
    SPARSE_VECTOR value[MAXIMUM_SUMS];
} NAME(sums);

#define SUM(slot, row, vector) sums.value[((slot)*unitRows + (row)) * vectors + (vector)]

// Writes the sums of the first `count` rows of a unit, or adds them to those of the blocks before.
INLINE void NAME(write_unit)(const SPARSE_VECTOR *sum, float *y, size_t width, const float *bias, int adds,
                             size_t count, const int unitRows, const int vectors) {
#define EACH_VECTOR(ROW, EXPRESSION)                                                                           \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < unitRows; r++) if ((size_t)r < count) {             \
        ROW _Pragma("clang loop unroll(full)") for (int p = 0; p < vectors; p++) {                             \
            SPARSE_VECTOR *out = (SPARSE_VECTOR *)(y + r * width + p * SPARSE_LANES);                          \
            *out = sum[r * vectors + p] EXPRESSION;                                                            \
        }                                                                                                      \
    }
    if (adds) {
        EACH_VECTOR(, +*out)
    } else if (bias) {
        EACH_VECTOR(const SPARSE_VECTOR addend = SPARSE_SET(bias[r]);, +addend)
    } else {
        EACH_VECTOR(, )
    }
#undef EACH_VECTOR
}

// Adds a block of columns, whose activations begin at x, `stride` floats from column to column, to rows of y that are
// `width` floats apart.
INLINE void NAME(sparse_bundles)(const secateur_sparse *w, size_t block, const float *x, size_t stride, float *y,
                                 size_t width, size_t bundleBegin, size_t bundleEnd, const int unitRows,
                                 const int unitColumns, const int slots, const int vectors) {
    const uint32_t *starts = w->starts + block * w->bundles;
    const uint32_t *units = w->units + block * w->bundles * slots;
    const char *base = (const char *)x;
    const size_t scale = stride * unitColumns * sizeof(float);
    const uint16_t *index = w->indices + (size_t)starts[bundleBegin] * slots;
    const float *value = w->values + (size_t)starts[bundleBegin] * slots * unitRows * unitColumns;
    NAME(indices) next = NAME(read_indices)(index, slots);
    index += slots;

    for (size_t bundle = bundleBegin; bundle < bundleEnd; bundle++) {
        NAME(sums) sums;
#pragma clang loop unroll(full)
        for (int i = 0; i < slots * unitRows * vectors; i++) sums.value[i] = SPARSE_SET(0.0f);
        if (SPARSE_PREFETCHED_SUMS) {
#pragma clang loop unroll(full)
            for (int i = 0; i < slots * unitRows; i++) {
                const float *out = y + ((size_t)units[bundle * slots + i / unitRows] * unitRows + i % unitRows) * width;
#pragma clang loop unroll(full)
                for (int p = 0; p < vectors * SPARSE_LANES; p += LANES) __builtin_prefetch(out + p, 1);
            }
        }
        if (SPARSE_READ_AHEAD) {
            // As many weights as the bundle has are read ahead, a cache line at a time.
            const size_t weights = (size_t)(starts[bundle + 1] - starts[bundle]) * slots * unitColumns * unitRows;
            for (size_t i = 0; i < weights; i += LANES) __builtin_prefetch(value + PREFETCHED_FLOATS + i);
        }
        ALIGNED_LOOP for (size_t step = starts[bundle]; step < starts[bundle + 1]; step++) {
            const NAME(indices) present = next;
            next = NAME(read_indices)(index, slots);
#pragma clang loop unroll(full)
            for (int slot = 0; slot < slots; slot++) {
                const float *column = (const float *)(base + NAME(index)(&present, slot, slots) * scale);
#pragma clang loop unroll(full)
                for (int c = 0; c < unitColumns; c++) {
                    SPARSE_VECTOR input[MAXIMUM_SPARSE_VECTORS];
#pragma clang loop unroll(full)
                    for (int p = 0; p < vectors; p++)
                        input[p] = *(const SPARSE_VECTOR *)(column + c * stride + p * SPARSE_LANES);
#pragma clang loop unroll(full)
                    for (int r = 0; r < unitRows; r++) {
                        const SPARSE_VECTOR weight = SPARSE_SET(value[(slot * unitColumns + c) * unitRows + r]);
#pragma clang loop unroll(full)
                        for (int p = 0; p < vectors; p++)
                            SUM(slot, r, p) = __builtin_elementwise_fma(weight, input[p], SUM(slot, r, p));
                        if (unitColumns > 1) {
#pragma clang loop unroll(full)
                            for (int p = 0; p < vectors; p++) SPARSE_IN_ORDER(SUM(slot, r, p));
                        }
                    }
                }
            }
            index += slots;
            value += slots * unitColumns * unitRows;
        }
#pragma clang loop unroll(full)
        for (int slot = 0; slot < slots; slot++) {
            const size_t row = (size_t)units[bundle * slots + slot] * unitRows;
            const SPARSE_VECTOR *sum = &SUM(slot, 0, 0);
            const float *bias = w->bias ? w->bias + row : NULL;
            if (row + unitRows <= w->rows)
                NAME(write_unit)(sum, y + row * width, width, bias, block > 0, unitRows, unitRows, vectors);
            else if (row < w->rows)
                NAME(write_unit)(sum, y + row * width, width, bias, block > 0, w->rows - row, unitRows, vectors);
        }
    }
}

#undef SUM

INLINE uint32_t NAME(read_two_indices)(const uint16_t *index) {
    uint32_t result;
    __builtin_memcpy(&result, index, sizeof result);
    __asm__("" : "+r"(result));
    return result;
}

// Two weights, each in all lanes of its own vector.
INLINE void NAME(set_two)(const float *value, SPARSE_VECTOR *first, SPARSE_VECTOR *second) {
#if SPARSE_LANES == 8
    // One load and two shuffles; the compiler would load each by itself.
    double two;
    __builtin_memcpy(&two, value, sizeof two);
    double __attribute__((vector_size(32))) both = {two, two, two, two};
    __asm__("" : "+x"(both));
    *first = __builtin_shufflevector((v8)both, (v8)both, 0, 0, 2, 2, 4, 4, 6, 6);
    *second = __builtin_shufflevector((v8)both, (v8)both, 1, 1, 3, 3, 5, 5, 7, 7);
#else
    *first = SPARSE_SET(value[0]);
    *second = SPARSE_SET(value[1]);
#endif
}

INLINE void NAME(add_column)(SPARSE_VECTOR *sum, const SPARSE_VECTOR weight, const char *column, const int vectors) {
#pragma clang loop unroll(full)
    for (int p = 0; p < vectors; p++)
        sum[p] = __builtin_elementwise_fma(weight, ((const SPARSE_VECTOR *)column)[p], sum[p]);
}

// The same for single weights, where bundles are single rows. One load brings two weights, and one two indices, which
// are read two pairs before they are used.
INLINE void NAME(sparse_rows)(const secateur_sparse *w, size_t block, const float *x, size_t stride, float *y,
                              size_t width, size_t begin, size_t end, const int vectors) {
    const uint32_t *starts = w->starts + block * w->bundles;
    const uint32_t *rows = w->units + block * w->bundles;
    const char *base = (const char *)x;
    const size_t scale = stride * sizeof(float);
    const uint16_t *index = w->indices + starts[begin];
    const float *value = w->values + starts[begin];
    uint32_t next = NAME(read_two_indices)(index), afterNext = NAME(read_two_indices)(index + 2);
    index += 4;

    for (size_t i = begin; i < end; i++) {
        SPARSE_VECTOR sum[MAXIMUM_SPARSE_VECTORS];
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) sum[p] = SPARSE_SET(0.0f);
        const size_t count = starts[i + 1] - starts[i];
        if (SPARSE_READ_AHEAD)
            for (size_t ahead = 0; ahead < count; ahead += LANES) __builtin_prefetch(value + PREFETCHED_FLOATS + ahead);
        ALIGNED_LOOP for (const float *last = value + count / 2 * 2; value < last; value += 2) {
            const uint32_t present = next;
            next = afterNext;
            afterNext = NAME(read_two_indices)(index);
            index += 2;
            SPARSE_VECTOR first, second;
            NAME(set_two)(value, &first, &second);
            NAME(add_column)(sum, first, base + (uint16_t)present * scale, vectors);
            NAME(add_column)(sum, second, base + (present >> 16) * scale, vectors);
        }
        if (count % 2) {
            NAME(add_column)(sum, SPARSE_SET(*value), base + (uint16_t)next * scale, vectors);
            next = next >> 16 | afterNext << 16;
            index += 1;
            value += 1;
            afterNext = NAME(read_two_indices)(index - 2);
        }
        NAME(write_unit)(sum, y + rows[i] * width, width, w->bias ? w->bias + rows[i] : NULL, block > 0, 1, 1, vectors);
    }
}

// Bundles whose weights take about 256 KB: they stay in the second-level cache while all tokens pass by. With
// several blocks of columns a bundle's rows are others in each block, and only a whole segment's the same: there
// all bundles are taken, and the caller passes as many segments as fit. Copied activations are taken all the way too:
// they would be copied again for each chunk.
static size_t NAME(sparse_chunk)(const secateur_sparse *w, int copies) {
    const size_t blocks = (w->columns + w->blockColumns - 1) / w->blockColumns;
    if (blocks > 1 || copies) return w->bundles;
    const size_t stepBytes = w->bundleUnits * (w->unitRows * w->unitColumns * sizeof(float) + sizeof(uint16_t));
    const size_t bytes = w->starts[blocks * w->bundles] * stepBytes;
    return bytes <= 262144 ? w->bundles : w->bundles * 262144 / bytes + 1;
}

// Vectors of the next tile when `left` are left of a panel: `vectors`, but where that would leave half of 16 tokens,
// and in what is narrower 32 tokens or 16.
INLINE int NAME(tile_vectors)(const size_t left, const int vectors) {
    const size_t narrowest = LANES / SPARSE_LANES;
    if (left >= (size_t)vectors && (left - vectors == 0 || left - vectors >= narrowest)) return vectors;
    return (int)(2 * narrowest < (size_t)vectors && left >= 2 * narrowest ? 2 * narrowest : narrowest);
}

// One block of columns for `tile` vectors of tokens. Where there is a strip, the activations are copied there first:
// as rows of a panel they are a power of two apart, and few sets of the first-level cache would have to hold them all.
INLINE void NAME(sparse_tile)(const secateur_sparse *w, size_t block, const float *x, float *y, size_t width,
                              size_t bundleBegin, size_t bundleEnd, float *strip, const int unitRows,
                              const int unitColumns, const int slots, const int tile) {
    const size_t first = block * w->blockColumns;
    const float *columns = x + first * width;
    size_t stride = width;
    if (strip) {
        stride = tile * SPARSE_LANES;
        const size_t count = smaller(w->blockColumns, w->columns - first);
        for (size_t column = 0; column < count; column++)
#pragma clang loop unroll(full)
            for (int p = 0; p < tile * SPARSE_LANES; p += SPARSE_LANES)
                *(SPARSE_VECTOR *)(strip + column * tile * SPARSE_LANES + p) =
                    *(const SPARSE_VECTOR *)(columns + column * width + p);
        columns = strip;
    }
    if (unitRows * unitColumns * slots == 1)
        NAME(sparse_rows)(w, block, columns, stride, y, width, bundleBegin, bundleEnd, tile);
    else
        NAME(sparse_bundles)(w, block, columns, stride, y, width, bundleBegin, bundleEnd, unitRows, unitColumns,
                             slots, tile);
}

// All tokens, `vectors` vectors of them at a time, or fewer where a panel ends.
INLINE void NAME(sparse_product)(const secateur_sparse *w, const float *x, float *y, size_t tokens,
                                 size_t bundleBegin, size_t bundleEnd, float *strip, const int unitRows,
                                 const int unitColumns, const int slots, const int vectors) {
#define TILE(WIDTH, VECTORS)                                                                                   \
    NAME(sparse_tile)(w, block, xs, ys, WIDTH, begin, end, strip, unitRows, unitColumns, slots, VECTORS)
    const int narrowest = LANES / SPARSE_LANES;
    const size_t chunk = NAME(sparse_chunk)(w, strip != NULL);
    for (size_t begin = bundleBegin; begin < bundleEnd; begin += chunk) {
        const size_t end = smaller(begin + chunk, bundleEnd);
        for (size_t first = 0; first < tokens; first += PANEL) {
            const size_t width = panel_width(tokens, first);
            int tile;
            for (size_t lane = 0; lane < width; lane += tile * SPARSE_LANES) {
                tile = NAME(tile_vectors)((width - lane) / SPARSE_LANES, vectors);
                const float *xs = x + first * w->columns + lane;
                float *ys = y + first * w->rows + lane;
                for (size_t block = 0; block * w->blockColumns < w->columns; block++) {
                    if (tile == vectors && width == PANEL)
                        TILE(PANEL, vectors);
                    else if (tile == vectors)
                        TILE(width, vectors);
                    else if (2 * narrowest < vectors && tile == 2 * narrowest)
                        TILE(width, 2 * narrowest);
                    else
                        TILE(width, narrowest);
                }
            }
        }
    }
#undef TILE
}

#define SPARSE_PRODUCT(strip, unitRows, unitColumns, slots, vectors)                                           \
    NAME(sparse_product)(w, x, y, tokens, bundleBegin, bundleEnd, strip, unitRows, unitColumns, slots, vectors)

#define SPARSE_KERNEL(name, unitRows, unitColumns, slots, copiedColumns, vectors)                              \
    static void NAME(name)(const secateur_sparse *w, const float *x, float *y, size_t tokens,                  \
                           size_t bundleBegin, size_t bundleEnd) {                                             \
        float strip[copiedColumns * vectors * SPARSE_LANES + 1] __attribute__((aligned(64)));                  \
        if (copiedColumns && w->copies && w->blockColumns <= copiedColumns)                                    \
            SPARSE_PRODUCT(strip, unitRows, unitColumns, slots, vectors);                                      \
        else                                                                                                   \
            SPARSE_PRODUCT(NULL, unitRows, unitColumns, slots, vectors);                                       \
    }

SPARSE_KERNEL(sparse_1x1, 1, 1, UNSTRUCTURED_SLOTS, 0, UNSTRUCTURED_VECTORS)
SPARSE_KERNEL(sparse_4x1, 4, 1, 1, ROWBLOCK4_COPIED_COLUMNS, ROWBLOCK4_VECTORS)
#if ROWBLOCK6_VECTORS
SPARSE_KERNEL(sparse_6x1, 6, 1, 1, ROWBLOCK6_COPIED_COLUMNS, ROWBLOCK6_VECTORS)
#endif
#if ROWBLOCK8_VECTORS
SPARSE_KERNEL(sparse_8x1, 8, 1, 1, 0, ROWBLOCK8_VECTORS)
#endif
SPARSE_KERNEL(sparse_4x4, 4, 4, 1, BLOCK4_COPIED_COLUMNS, BLOCK4_VECTORS)

static const secateur_sparse_kernel NAME(sparse_kernels)[] = {
    {1, 1, UNSTRUCTURED_SLOTS, 0, NAME(sparse_1x1)},
    {4, 1, 1, ROWBLOCK4_COPIED_COLUMNS, NAME(sparse_4x1)},
#if ROWBLOCK6_VECTORS
    {6, 1, 1, ROWBLOCK6_COPIED_COLUMNS, NAME(sparse_6x1)},
#endif
#if ROWBLOCK8_VECTORS
    {8, 1, 1, 0, NAME(sparse_8x1)},
#endif
    {4, 4, 1, BLOCK4_COPIED_COLUMNS, NAME(sparse_4x4)},
};
