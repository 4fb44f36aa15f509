// Dense products: tiles of rows x vectors in registers. Included by kernels.inc.h.

// sum[r][p] += sum over columns of w[c*columnStride + r*rowStride] * x[c*xStride + 16p]
INLINE void NAME(accumulate)(v16 sum[][MAXIMUM_VECTORS], const int rows, const int vectors, const float *w,
                             size_t rowStride, size_t columnStride, size_t columns, const float *x,
                             size_t xStride, const int prefetched) {
    for (size_t c = 0; c < columns; c++) {
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

INLINE void NAME(dense_tile)(const float *w, const float *bias, size_t columns, const float *x, float *y,
                             size_t width, size_t validRows, const int vectors) {
    v16 sum[DENSE_ROWS][MAXIMUM_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < DENSE_ROWS; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++)
            sum[r][p] = v16_set((size_t)r < validRows && bias ? bias[r] : 0.0f);
    NAME(accumulate)(sum, DENSE_ROWS, vectors, w, 1, DENSE_ROWS, columns, x, width,
                     PREFETCHED_FLOATS);
#pragma clang loop unroll(full)
    for (int r = 0; r < DENSE_ROWS; r++)
        if ((size_t)r < validRows)
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) v16_store(y + r * width + p * LANES, sum[r][p]);
}

static void NAME(dense)(const secateur_dense *w, const float *x, float *y, size_t tokens, size_t blockBegin,
                        size_t blockEnd) {
    // A chunk of weights of about 256 KB stays in the second-level cache while all tokens pass by it. Tokens that do
    // not fit the cache are fetched anew for each chunk.
    size_t chunk = 262144 / (w->columns * DENSE_ROWS * sizeof(float));
    if (chunk == 0) chunk = 1;
    for (size_t begin = blockBegin; begin < blockEnd; begin += chunk) {
        const size_t end = smaller(begin + chunk, blockEnd);
        for (size_t first = 0; first < tokens; first += PANEL) {
            const size_t width = panel_width(tokens, first);
            for (size_t lane = 0; lane < width;) {
                const int full = lane + DENSE_VECTORS * LANES <= width;
                const float *xs = x + first * w->columns + lane;
                for (size_t block = begin; block < end; block++) {
                    const size_t row = block * DENSE_ROWS;
                    const size_t valid = smaller(w->rows - row, DENSE_ROWS);
                    const float *weights = w->values + row * w->columns;
                    const float *bias = w->bias ? w->bias + row : NULL;
                    float *ys = y + first * w->rows + row * width + lane;
                    if (full)
                        NAME(dense_tile)(weights, bias, w->columns, xs, ys, width, valid, DENSE_VECTORS);
                    else
                        NAME(dense_tile)(weights, bias, w->columns, xs, ys, width, valid, 1);
                }
                lane += full ? DENSE_VECTORS * LANES : LANES;
            }
        }
    }
}
