// A tile of a dense 8-bit product by matrix multiplications of Arm's I8MM: 8 rows, 8 tokens. Included by int8.inc.h.
//
// An instruction multiplies eight columns of two rows with those of two tokens. Strips have four columns of four tokens
// in a register, so that those of two fours are interleaved.

// Fours that stand side by side in a row of weights.
#define INT8_BLOCK_FOURS 2

INLINE void NAME(int8_dense_tile)(const NAME(int8_part) *part, const int8_t *w, size_t row, const uint8_t *strip,
                                  size_t fours, size_t lane, int isFirst, int isLast, const int vectors) {
    int32x4_t product[INT8_DENSE_ROWS / 2][INT8_DENSE_VECTORS][2];
#define EACH_PRODUCT                                                                                           \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < INT8_DENSE_ROWS / 2; r++)                           \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < vectors; p++)
    EACH_PRODUCT product[r][p][0] = product[r][p][1] = vdupq_n_s32(0);
    for (size_t four = 0; four < fours; four += INT8_BLOCK_FOURS) {
        int8x16_t tokens[INT8_DENSE_VECTORS][2];
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) {
            const size_t next = (size_t)vectors * INT8_TOKENS * 4;
            const uint8_t *from = strip + four * next + (size_t)p * INT8_TOKENS * 4;
            const int32x4_t even = vreinterpretq_s32_u8(vld1q_u8(from));
            const int32x4_t odd = vreinterpretq_s32_u8(vld1q_u8(from + next));
            tokens[p][0] = vreinterpretq_s8_s32(vzip1q_s32(even, odd));
            tokens[p][1] = vreinterpretq_s8_s32(vzip2q_s32(even, odd));
        }
        const int8_t *weights = w + four * INT8_DENSE_ROWS * 4;
#pragma clang loop unroll(full)
        for (int r = 0; r < INT8_DENSE_ROWS / 2; r++) {
            const int8x16_t rows = vld1q_s8(weights + r * 16);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++)
#pragma clang loop unroll(full)
                for (int half = 0; half < 2; half++)
                    product[r][p][half] = vmmlaq_s32(product[r][p][half], rows, tokens[p][half]);
        }
    }
    vi sum[INT8_DENSE_ROWS][MAXIMUM_INT8_VECTORS];
    uint32_t rowOf[INT8_DENSE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < INT8_DENSE_ROWS; r++) rowOf[r] = (uint32_t)row + (uint32_t)r;
    NAME(int8_begin)(sum, INT8_DENSE_ROWS, vectors, part, rowOf, lane, isFirst);
    EACH_PRODUCT {
        const int64x2_t first = vreinterpretq_s64_s32(product[r][p][0]);
        const int64x2_t second = vreinterpretq_s64_s32(product[r][p][1]);
        sum[2 * r][p] += (vi)vtrn1q_s64(first, second);
        sum[2 * r + 1][p] += (vi)vtrn2q_s64(first, second);
    }
#undef EACH_PRODUCT
    NAME(int8_end)(sum, INT8_DENSE_ROWS, vectors, part, rowOf, lane, isLast);
}
