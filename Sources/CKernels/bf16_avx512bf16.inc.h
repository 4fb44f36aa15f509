// Sums of bfloat16 products by VDPBF16PS. Included by bf16.inc.h.

#include <immintrin.h>

// sum[r][p] = sum over pairs of columns of w[rows * pair + r] * x[width * pair + 16p], the upper halves first
INLINE void NAME(bf16_sums)(v16 sum[][BF16_VECTORS], const uint16_t *w, const uint32_t *x, size_t pairs, size_t width,
                            const int vectors) {
#pragma clang loop unroll(full)
    for (int r = 0; r < BF16_ROWS; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) sum[r][p] = v16_set(0.0f);
    const uint32_t *weights = (const uint32_t *)w;
    ALIGNED_LOOP for (size_t pair = 0; pair < pairs; pair++) {
        __builtin_prefetch(weights + pair * BF16_ROWS + PREFETCHED_BF16_PAIRS);
        __m512bh input[BF16_VECTORS];
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) input[p] = (__m512bh)_mm512_load_si512(x + pair * width + p * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < BF16_ROWS; r++) {
            const __m512bh weight = (__m512bh)_mm512_set1_epi32((int)weights[pair * BF16_ROWS + (size_t)r]);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) sum[r][p] = (v16)_mm512_dpbf16_ps((__m512)sum[r][p], input[p], weight);
        }
    }
}
