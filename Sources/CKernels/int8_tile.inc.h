// A tile of 8-bit products: rows x vectors of tokens, in registers. Included by int8.inc.h.

#define MAXIMUM_INT8_VECTORS 4
#define MAXIMUM_INT8_ROWS 16
// Weights are read ahead by so much: the processor's own prefetching stops where a page ends.
#define PREFETCHED_INT8_BYTES 4096

// A part of a panel and what its products have in common: activations and results of tokens that stand `width` apart
// from column to column and from row to row.
typedef struct {
    const int32_t *offsets;
    const float *scales, *bias, *tokenScales;
    const uint8_t *x;
    float *values, *maxima;
    size_t rows, width, strips;
    int appliesGelu;
} NAME(int8_part);

GELU_OF_VECTORS(NAME(int8_gelu), vf, vi)

// sum[r][p] += sum over fours of columns of w[blockRows * four + r] * strip[four][token]
INLINE void NAME(int8_accumulate)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const int vectors, const int8_t *w,
                                  const size_t blockRows, const uint8_t *strip, size_t fours) {
    const size_t operandBytes = INT8_TOKENS * INT8_OPERAND_BYTES;
    ALIGNED_LOOP for (size_t four = 0; four < fours; four++) {
        __builtin_prefetch(w + four * blockRows * INT8_WEIGHT_BYTES + PREFETCHED_INT8_BYTES);
        operand input[MAXIMUM_INT8_VECTORS];
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++)
            input[p] = operand_load(strip + (four * (size_t)vectors + (size_t)p) * operandBytes);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const weight weights = weight_load(w + (four * blockRows + (size_t)r) * INT8_WEIGHT_BYTES);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) sum[r][p] = sums_add(sum[r][p], input[p], weights);
        }
    }
}

INLINE void NAME(int8_start)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const int vectors,
                             const NAME(int8_part) *part, const uint32_t *rowOf) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        const vi start = sums_start(rowOf[r] < part->rows ? part->offsets[rowOf[r]] : 0);
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) sum[r][p] = start;
    }
}

// Scales the sums of `vectors` vectors of tokens from `lane` on and writes them.
INLINE void NAME(int8_write)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const int vectors,
                              const NAME(int8_part) *part, const uint32_t *rowOf, size_t lane, const int gelu) {
    vi top[MAXIMUM_INT8_VECTORS] = {{0}};
    vf tokenScale[MAXIMUM_INT8_VECTORS];
#pragma clang loop unroll(full)
    for (int p = 0; p < vectors; p++) tokenScale[p] = *(const vf *)(part->tokenScales + lane + p * INT8_TOKENS);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        if (rowOf[r] < part->rows) {
            float *out = part->values + rowOf[r] * part->width + lane;
            const vf scale = (vf){0} + part->scales[rowOf[r]];
            const vf bias = (vf){0} + (part->bias ? part->bias[rowOf[r]] : 0.0f);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) {
                vf value = __builtin_convertvector(sum[r][p], vf);
                value = __builtin_elementwise_fma(value, scale * tokenScale[p], bias);
                if (gelu) value = NAME(int8_gelu)(value);
                *(vf *)(out + p * INT8_TOKENS) = value;
                top[p] = __builtin_elementwise_max(top[p], (vi)value & 0x7FFFFFFF);
            }
        }
    if (part->maxima)
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) {
            vf *maximum = (vf *)(part->maxima + lane + p * INT8_TOKENS);
            *maximum = (vf)__builtin_elementwise_max((vi)*maximum, top[p]);
        }
}

INLINE void NAME(int8_finish)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const int vectors,
                              const NAME(int8_part) *part, const uint32_t *rowOf, size_t lane) {
    if (part->appliesGelu) NAME(int8_write)(sum, rows, vectors, part, rowOf, lane, 1);
    else
        NAME(int8_write)(sum, rows, vectors, part, rowOf, lane, 0);
}

// Keeps whole sums where their results will be, or fetches them.
INLINE void NAME(int8_carry)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const int vectors,
                             const NAME(int8_part) *part, const uint32_t *rowOf, size_t lane, const int keeps) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        if (rowOf[r] < part->rows) {
            vf *at = (vf *)(part->values + rowOf[r] * part->width + lane);
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++)
                if (keeps) at[p] = (vf)sum[r][p];
                else
                    sum[r][p] = (vi)at[p];
        }
}

// Sums of a block of columns start from a row's offset if it is the first, else from what is there already.
INLINE void NAME(int8_begin)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const int vectors,
                             const NAME(int8_part) *part, const uint32_t *rowOf, size_t lane, int isFirst) {
    if (isFirst) NAME(int8_start)(sum, rows, vectors, part, rowOf);
    else
        NAME(int8_carry)(sum, rows, vectors, part, rowOf, lane, 0);
}

// They become results if it is the last, else they wait there.
INLINE void NAME(int8_end)(vi sum[][MAXIMUM_INT8_VECTORS], const int rows, const int vectors,
                           const NAME(int8_part) *part, const uint32_t *rowOf, size_t lane, int isLast) {
    if (isLast) NAME(int8_finish)(sum, rows, vectors, part, rowOf, lane);
    else
        NAME(int8_carry)(sum, rows, vectors, part, rowOf, lane, 1);
}
