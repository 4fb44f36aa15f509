// 4-bit weights as 8-bit ones in the blocks of a dense product. Included by int8.inc.h, after the dense tile.

typedef int8_t NAME(numbers) __attribute__((vector_size(64), aligned(16)));
typedef uint8_t NAME(halves) __attribute__((vector_size(64), aligned(16)));

// Rows of a block that stay together: four columns of them are side by side in both layouts.
#define INT4_PIECE_ROWS (INT8_BLOCK_FOURS > 1 ? 1 : INT8_DENSE_ROWS % 4 == 0 ? 4 : 2)
#define INT4_PIECES (SECATEUR_INT4_ROWS / INT4_PIECE_ROWS)

static void NAME(int4_expand)(const secateur_int4 *w, size_t rowBegin, size_t rowEnd, int8_t *to) {
    const size_t groups = secateur_int4_groups(w->columns), pieceBytes = INT4_PIECE_ROWS * 4;
    const size_t fours = (w->columns + 3) / 4, allFours = round_up(fours, INT8_BLOCK_FOURS);
    for (size_t row = rowBegin; row < rowEnd; row += SECATEUR_INT4_ROWS) {
        const size_t block = row / SECATEUR_INT4_ROWS * groups;
        int8_t *piece[INT4_PIECES];
        for (size_t i = 0; i < INT4_PIECES; i++) {
            const size_t place = row - rowBegin + i * INT4_PIECE_ROWS;
            piece[i] = to + place / INT8_DENSE_ROWS * allFours * INT8_DENSE_ROWS * 4 +
                       place % INT8_DENSE_ROWS * INT8_BLOCK_FOURS * 4;
        }
        for (size_t group = 0; group < groups; group++) {
            typedef uint8_t few __attribute__((vector_size(16), aligned(16)));
            const few multipliers = *(const few *)(w->multipliers + (block + group) * SECATEUR_INT4_ROWS);
            // One for each of a row's four columns.
            const NAME(numbers) times = (NAME(numbers))(__builtin_convertvector(multipliers, v16i) * 0x01010101);
            for (size_t pair = 0; pair < 4; pair++) {
                const NAME(halves) both = *(const NAME(halves) *)(w->values + ((block + group) * 4 + pair) * 64);
                const NAME(numbers) side[2] = {((NAME(numbers))(both & 15) - 8) * times,
                                               ((NAME(numbers))(both >> 4) - 8) * times};
#pragma clang loop unroll(full)
                for (size_t i = 0; i < 2; i++) {
                    const size_t four = group * 8 + pair * 2 + i;
                    if (four >= allFours) break;
                    const size_t step = four / INT8_BLOCK_FOURS * INT8_BLOCK_FOURS * INT8_DENSE_ROWS * 4 +
                                        four % INT8_BLOCK_FOURS * 4;
#pragma clang loop unroll(full)
                    for (size_t p = 0; p < INT4_PIECES; p++)
                        memcpy(piece[p] + step, (const int8_t *)&side[i] + p * pieceBytes, pieceBytes);
                }
            }
        }
    }
}
