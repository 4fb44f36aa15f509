// Dense products: tiles of rows x vectors in registers. Included by kernels.inc.h.

// sum[r][p] += sum over columns of w[c*columnStride + r*rowStride] * x[c*xStride + 16p]
INLINE void NAME(accumulate)(v16 sum[][MAXIMUM_VECTORS], const int rows, const int vectors, const float *w,
                             size_t rowStride, size_t columnStride, size_t columns, const float *x,
                             size_t xStride, const int prefetched) {
    ALIGNED_LOOP for (size_t c = 0; c < columns; c++) {
        if (prefetched) __builtin_prefetch(w + c * columnStride + prefetched);
        v16 input[MAXIMUM_VECTORS];
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) input[p] = v16_load(x + c * xStride + p * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const v16 weight = v16_set(w[c * columnStride + r * rowStride]);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) sum[r][p] = v16_fma(weight, input[p], sum[r][p]);
        }
    }
}

// One tile of one block of columns, `w` and `x` being those of its first column.
INLINE void NAME(dense_tile)(const float *w, const float *bias, size_t columns, int isFirst, const float *x, float *y,
                             size_t width, size_t validRows, const int vectors) {
    v16 sum[DENSE_ROWS][MAXIMUM_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < DENSE_ROWS; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) sum[r][p] = v16_set(0.0f);
    NAME(accumulate)(sum, DENSE_ROWS, vectors, w, 1, DENSE_ROWS, columns, x, width,
                     PREFETCHED_FLOATS);
#pragma clang loop unroll(full)
    for (int r = 0; r < DENSE_ROWS; r++)
        if ((size_t)r < validRows) {
            const v16 offset = v16_set(bias ? bias[r] : 0.0f);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) {
                float *out = y + r * width + p * LANES;
                v16_store(out, sum[r][p] + (isFirst ? offset : v16_load(out)));
            }
        }
}

// All blocks of columns of one tile's rows, one after the other.
INLINE void NAME(dense_rows)(const secateur_dense *w, size_t row, const float *x, float *y, size_t width,
                             const int vectors) {
    const size_t valid = smaller(w->rows - row, DENSE_ROWS);
    for (size_t first = 0; first < w->columns; first += w->blockColumns)
        NAME(dense_tile)(w->values + row * w->columns + first * DENSE_ROWS, w->bias ? w->bias + row : NULL,
                         smaller(w->columns - first, w->blockColumns), first == 0, x + first * width,
                         y + row * width, width, valid, vectors);
}

static void NAME(dense)(const secateur_dense *w, const float *x, float *y, size_t tokens, size_t blockBegin,
                        size_t blockEnd) {
    // A chunk of weights of about 256 KB stays in the second-level cache while all tokens pass by it. Tokens that do
    // not fit the cache are fetched again for each chunk.
    size_t chunk = 262144 / (w->columns * DENSE_ROWS * sizeof(float));
    if (chunk == 0) chunk = 1;
    for (size_t begin = blockBegin; begin < blockEnd; begin += chunk) {
        const size_t end = smaller(begin + chunk, blockEnd);
        for (size_t first = 0; first < tokens; first += PANEL) {
            const size_t width = panel_width(tokens, first);
            for (size_t lane = 0; lane < width;) {
                const int full = lane + DENSE_VECTORS * LANES <= width;
                const float *xs = x + first * w->columns + lane;
                float *ys = y + first * w->rows + lane;
                for (size_t block = begin; block < end; block++)
                    if (full)
                        NAME(dense_rows)(w, block * DENSE_ROWS, xs, ys, width, DENSE_VECTORS);
                    else
                        NAME(dense_rows)(w, block * DENSE_ROWS, xs, ys, width, 1);
                lane += full ? DENSE_VECTORS * LANES : LANES;
            }
        }
    }
}
