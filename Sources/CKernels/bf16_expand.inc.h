// Sums of bfloat16 products by FMAs: a half of each word is a float already, the other one shift away. Included by
// bf16.inc.h.

// sum[r][p] = sum over pairs of columns of w[rows * pair + r] * x[width * pair + 16p], the upper halves first
INLINE void NAME(bf16_sums)(v16 sum[][BF16_VECTORS], const uint16_t *w, const uint32_t *x, size_t pairs, size_t width,
                            const int vectors) {
#pragma clang loop unroll(full)
    for (int r = 0; r < BF16_ROWS; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) sum[r][p] = v16_set(0.0f);
    const uint32_t *weights = (const uint32_t *)w;
    ALIGNED_LOOP for (size_t pair = 0; pair < pairs; pair++) {
        NAME(words) input[BF16_VECTORS];
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) input[p] = *(const NAME(words) *)(x + pair * width + p * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < BF16_ROWS; r++) {
            const v16 weight = v16_set(bf16_float(weights[pair * BF16_ROWS + (size_t)r] & 0xFFFF0000));
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++)
                sum[r][p] = v16_fma(weight, (v16)(input[p] & 0xFFFF0000), sum[r][p]);
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < BF16_ROWS; r++) {
            const v16 weight = v16_set(bf16_float(weights[pair * BF16_ROWS + (size_t)r] << 16));
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) sum[r][p] = v16_fma(weight, (v16)(input[p] << 16), sum[r][p]);
        }
    }
}
