// Products of 4-bit weights with one token's activations, in whole numbers. Included by language.inc.h after
// eightbit.inc.h, whose registers these are: four columns of sixteen rows. Two such stand in the halves of as many bytes.

INLINE void NAME(fourbit_block)(const secateur_int4 *w, const secateur_quantized *x, float *y, size_t block) {
    const size_t groups = secateur_int4_groups(w->columns);
    const uint8_t *values = w->values + block * groups * SECATEUR_INT4_GROUP * BLOCK_ROWS / 2;
    const uint8_t *multipliers = w->multipliers + block * groups * BLOCK_ROWS;
    v16 total = v16_set(0.0f);
    for (size_t group = 0; group < groups / 2; group++) {
        v16i product = {0};
#pragma clang loop unroll(full)
        for (size_t half = 0; half < 2; half++) {
            const int8_t *activations = x->values + group * GROUP + half * SECATEUR_INT4_GROUP;
            // Eight instead of the 128 that is added to 8-bit weights.
            v16i sum[2] = {products_start(x->offsets[group * 2 + half] / 16), {0}};
#pragma clang loop unroll(full)
            for (int pair = 0; pair < SECATEUR_INT4_GROUP / 8; pair++) {
                __builtin_prefetch(values + PREFETCH_BYTES, 0, 3);
                sum[0] = products_add(sum[0], nibbles_low(values), activations + 8 * pair);
                sum[1] = products_add(sum[1], nibbles_high(values), activations + 8 * pair + 4);
                values += 64;
            }
            typedef uint8_t few __attribute__((vector_size(16), aligned(16)));
            product += (sum[0] + sum[1]) * __builtin_convertvector(*(const few *)multipliers, v16i);
            multipliers += BLOCK_ROWS;
        }
        total = v16_fma(__builtin_convertvector(product, v16), v16_set(x->scales[group]), total);
    }
    const size_t first = block * BLOCK_ROWS, count = smaller(BLOCK_ROWS, w->rows - first);
    for (size_t row = 0; row < count; row++) {
        const float scaled = total[row] * w->scales[first + row];
        y[first + row] = scaled + (w->bias ? w->bias[first + row] : 0.0f);
    }
}

static void NAME(fourbit)(const secateur_int4 *w, const secateur_quantized *x, float *y, size_t rowBegin,
                          size_t rowEnd) {
    for (size_t block = rowBegin / BLOCK_ROWS; block * BLOCK_ROWS < rowEnd; block++)
        NAME(fourbit_block)(w, x, y, block);
}
