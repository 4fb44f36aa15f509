// Attention with products of 8 bits: with VNNI half the time of that of floats (Zen 4). Included by int8.inc.h.
//
// Queries and keys are rounded by token, values by feature, and exp(score - top) to 254 steps, of which 127 are taken
// away so that a signed byte holds them. Both products have the form of dense ones: of keys and queries with keys as
// rows, of values and exponentials with features as rows.

#define ATTENTION_ROWS 8
#define EXPONENTIAL_STEPS 254
#define QUERY_TOKENS (INT8_ATTENTION_VECTORS * INT8_TOKENS)

// One sequence's keys and values of one head, as weights.
typedef struct {
    const int8_t *keys;   // [fours of dimensions][keyRows]
    const int8_t *values; // [fours of keys][valueRows]
    int32_t *keyOffsets, *valueOffsets, *valueSums;
    float *keyScales, *valueScales;
    size_t keyRows, valueRows, dimensionFours, keyFours;
} NAME(int8_head);

INLINE vi NAME(int8_number)(vf x, vf inverse) {
    return (vi)__builtin_elementwise_fma(x, inverse, (vf){0} + INT8_ROUNDER) - INT8_ROUNDER_BITS;
}

// The lowest bytes of four numbers.
INLINE vi NAME(int8_join)(const vi number[4]) {
    return (number[0] & 255) | (number[1] & 255) << 8 | (number[2] & 255) << 16 | number[3] << 24;
}

// Scales of a panel's tokens, and what they are multiplied by, over `dimensions` rows.
static void NAME(int8_head_inverses)(const float *x, size_t dimensions, size_t width, float *scales, float *inverses) {
    float maxima[PANEL] __attribute__((aligned(64))) = {0};
    NAME(int8_maxima)(x, dimensions, width, maxima, 0, dimensions);
    NAME(int8_inverses)(maxima, 1, 0, width, scales, inverses);
}

// Rounds four rows of a panel, those past `dimensions` being zero, of the tokens from `lane` on.
INLINE void NAME(int8_four_rows)(const float *x, size_t row, size_t dimensions, size_t width, size_t lane,
                                 const float *inverses, vi number[4]) {
    for (size_t i = 0; i < 4; i++)
        number[i] = row + i < dimensions ? NAME(int8_number)(*(const vf *)(x + (row + i) * width + lane),
                                                             *(const vf *)(inverses + lane))
                                         : (vi){0};
}

static void NAME(int8_keys)(const secateur_attention *a, NAME(int8_head) *head, int8_t *weights) {
    for (size_t first = 0; first < a->length; first += PANEL) {
        const size_t width = panel_width(a->tokens, a->offset + first);
        const size_t used = smaller(width, head->keyRows - first);
        const float *k = a->k + (a->offset + first) * a->features + a->first * width;
        float inverses[PANEL] __attribute__((aligned(64)));
        NAME(int8_head_inverses)(k, a->dimensions, width, head->keyScales + first, inverses);
        for (size_t lane = 0; lane < used; lane += INT8_TOKENS) {
            vi sum = {0};
            for (size_t four = 0; four < head->dimensionFours; four++) {
                vi number[4];
                NAME(int8_four_rows)(k, four * 4, a->dimensions, width, lane, inverses, number);
                sum += (number[0] + number[1]) + (number[2] + number[3]);
                *(vf *)(weights + (four * head->keyRows + first + lane) * 4) = (vf)NAME(int8_join)(number);
            }
            *(vf *)(head->keyOffsets + first + lane) = (vf)(sum * -128);
        }
    }
    // What is not there has scores that are not numbers: never the largest, and exponentials that round to zero.
    for (size_t key = a->length; key < head->keyRows; key++) head->keyScales[key] = int8_float(INT8_NAN_BITS);
}

// The values of 16 keys of a feature; zeros past the last key.
INLINE v16i NAME(int8_key_values)(const secateur_attention *a, size_t d, size_t key) {
    const v16i place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const float *v = a->v + panel_offset(a->features, a->tokens, a->first + d, a->offset + key);
    return (v16i)v16_load(v) & (place < (int32_t)smaller(a->length - key, LANES));
}

// Rounds the values of each feature over all keys: 16 keys are four fours of a row of weights.
static void NAME(int8_values)(const secateur_attention *a, NAME(int8_head) *head, int8_t *weights, float *maxima,
                              float *inverses) {
    typedef uint8_t v16b __attribute__((vector_size(16)));
    memset(weights, 0, head->keyFours * head->valueRows * 4);
    memset(maxima, 0, head->valueRows * sizeof *maxima);
    memset(head->valueSums, 0, head->valueRows * sizeof *head->valueSums);
    for (size_t d = 0; d < a->dimensions; d++) {
        v16i top = {0};
        for (size_t key = 0; key < a->length; key += LANES)
            top = NAME(larger)(top, NAME(magnitude)((v16)NAME(int8_key_values)(a, d, key)));
        maxima[d] = int8_float(__builtin_reduce_max(top));
    }
    NAME(int8_inverses)(maxima, 1, 0, head->valueRows, head->valueScales, inverses);
    for (size_t d = 0; d < a->dimensions; d++) {
        v16i sum = {0};
        for (size_t key = 0; key < a->length; key += LANES) {
            const v16 value = (v16)NAME(int8_key_values)(a, d, key);
            const v16i number = (v16i)v16_fma(value, v16_set(inverses[d]), v16_set(INT8_ROUNDER)) - INT8_ROUNDER_BITS;
            // Of values that are not numbers, any byte will do.
            sum += number << 24 >> 24;
            const v16b four = __builtin_convertvector(number & 255, v16b);
            for (size_t i = 0; i < 4 && key / 4 + i < head->keyFours; i++)
                memcpy(weights + ((key / 4 + i) * head->valueRows + d) * 4, (const uint8_t *)&four + 4 * i, 4);
        }
        head->valueSums[d] = __builtin_reduce_add(sum);
    }
    for (size_t d = 0; d < head->valueRows; d++) head->valueOffsets[d] = -128 * head->valueSums[d];
}

// 2^x for x <= 0, as v16_exp2_of_nonpositive. Of negative floats, the larger whole number is the smaller.
INLINE vf NAME(int8_exp2)(vf x) {
    const vf zero = {0};
    x = (vf)__builtin_elementwise_min((vi)x | (vi)-zero, (vi)(zero - 126.0f));
    const vf shifted = x + INT8_ROUNDER, r = x - (shifted - INT8_ROUNDER);
    vf p = zero + 0.00132764713f;
    p = __builtin_elementwise_fma(p, r, zero + 0.00967554096f);
    p = __builtin_elementwise_fma(p, r, zero + 0.0555071309f);
    p = __builtin_elementwise_fma(p, r, zero + 0.240221202f);
    p = __builtin_elementwise_fma(p, r, zero + 0.693146944f);
    p = __builtin_elementwise_fma(p, r, zero + 1.00000012f);
    return (vf)((vi)p + ((vi)shifted << 23));
}

// sum[r][p] of `rows` rows of a product.
INLINE void NAME(int8_row_sums)(vi sum[][MAXIMUM_INT8_VECTORS], const int vectors, const int8_t *weights,
                                const int32_t *offsets, size_t blockRows, const uint8_t *strip, size_t fours) {
#pragma clang loop unroll(full)
    for (int r = 0; r < ATTENTION_ROWS; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < vectors; p++) sum[r][p] = sums_start(offsets[r]);
    NAME(int8_accumulate)(sum, ATTENTION_ROWS, vectors, weights, blockRows, strip, fours);
}

typedef struct {
    uint8_t *queries, *exponentials; // strips
    float *scores;                   // [keyRows][tokens of a tile]
} NAME(int8_attention_tile);

// One tile of queries, which begin at q, rows of `width` tokens.
INLINE void NAME(int8_attend_tile)(const secateur_attention *a, const NAME(int8_head) *head,
                                   const NAME(int8_attention_tile) *tile, const float *q, float *context, size_t width,
                                   const float *scales, const float *inverses, const int vectors) {
    const size_t tokens = (size_t)vectors * INT8_TOKENS, operandBytes = INT8_TOKENS * INT8_OPERAND_BYTES;
    const vf zero = {0};
    vi number[4];
    for (size_t four = 0; four < head->dimensionFours; four++)
        for (size_t p = 0; p < (size_t)vectors; p++) {
            NAME(int8_four_rows)(q, four * 4, a->dimensions, width, p * INT8_TOKENS, inverses, number);
            for (int i = 0; i < 4; i++) number[i] += 128 - INT8_STRIP_FLIP;
            operand_store(tile->queries + (four * (size_t)vectors + p) * operandBytes, (bytes)NAME(int8_join)(number));
        }
    vi sum[ATTENTION_ROWS][MAXIMUM_INT8_VECTORS];
    vf top[MAXIMUM_INT8_VECTORS], factor[MAXIMUM_INT8_VECTORS], inverse[MAXIMUM_INT8_VECTORS];
    for (int p = 0; p < vectors; p++) {
        top[p] = zero - 3e38f;
        factor[p] = *(const vf *)(scales + p * INT8_TOKENS) * (a->scale * 1.44269504f);
    }
    for (size_t key = 0; key < head->keyRows; key += ATTENTION_ROWS) {
        NAME(int8_row_sums)(sum, vectors, head->keys + key * INT8_WEIGHT_BYTES, head->keyOffsets + key, head->keyRows,
                            tile->queries, head->dimensionFours);
#pragma clang loop unroll(full)
        for (int r = 0; r < ATTENTION_ROWS; r++)
#pragma clang loop unroll(full)
            for (int p = 0; p < vectors; p++) {
                const vf scale = factor[p] * head->keyScales[key + (size_t)r];
                const vf score = __builtin_convertvector(sum[r][p], vf) * scale;
                *(vf *)(tile->scores + (key + (size_t)r) * tokens + p * INT8_TOKENS) = score;
                const vi isLarger = score > top[p];
                top[p] = (vf)((isLarger & (vi)score) | (~isLarger & (vi)top[p]));
            }
    }
    for (size_t p = 0; p < (size_t)vectors; p++) {
        vi total = {0};
        for (size_t four = 0; four < head->keyFours; four++) {
#pragma clang loop unroll(full)
            for (size_t i = 0; i < 4; i++) {
                const float *score = tile->scores + (four * 4 + i) * tokens + p * INT8_TOKENS;
                const vf power = NAME(int8_exp2)(*(const vf *)score - top[p]);
                const vi steps = NAME(int8_number)(power, zero + (float)EXPONENTIAL_STEPS);
                total += steps;
                number[i] = steps - EXPONENTIAL_STEPS / 2 + (128 - INT8_STRIP_FLIP);
            }
            operand_store(tile->exponentials + (four * (size_t)vectors + p) * operandBytes,
                          (bytes)NAME(int8_join)(number));
        }
        inverse[p] = 1.0f / __builtin_convertvector(total, vf);
    }
    for (size_t d = 0; d < a->dimensions; d += ATTENTION_ROWS) {
        NAME(int8_row_sums)(sum, vectors, head->values + d * INT8_WEIGHT_BYTES, head->valueOffsets + d, head->valueRows,
                            tile->exponentials, head->keyFours);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < ATTENTION_ROWS; r++)
            if (d + r < a->dimensions)
#pragma clang loop unroll(full)
                for (int p = 0; p < vectors; p++)
                    *(vf *)(context + (d + r) * width + p * INT8_TOKENS) =
                        __builtin_convertvector(sum[r][p] + EXPONENTIAL_STEPS / 2 * head->valueSums[d + r], vf) *
                        (inverse[p] * head->valueScales[d + r]);
    }
}

// A sequence that starts with a panel and ends with the last.
static void NAME(int8_attend)(const secateur_attention *a) {
    float *scratch = a->scratch;
    NAME(int8_head) head = {.keyRows = round_up(a->length, LANES), .valueRows = round_up(a->dimensions, LANES),
                            .dimensionFours = (a->dimensions + 3) / 4, .keyFours = (a->length + 3) / 4};
    const size_t keyCount = head.dimensionFours * head.keyRows, valueCount = head.keyFours * head.valueRows;
#define TAKE(count) (scratch += round_up(count, LANES), scratch - round_up(count, LANES))
    int8_t *keys = (int8_t *)TAKE(keyCount), *values = (int8_t *)TAKE(valueCount);
    head.keyOffsets = (int32_t *)TAKE(head.keyRows), head.keyScales = TAKE(head.keyRows);
    head.valueOffsets = (int32_t *)TAKE(head.valueRows), head.valueSums = (int32_t *)TAKE(head.valueRows);
    head.valueScales = TAKE(head.valueRows);
    NAME(int8_keys)(a, &head, keys);
    float *maxima = TAKE(head.valueRows), *inverses = TAKE(head.valueRows);
    NAME(int8_values)(a, &head, values, maxima, inverses);
    head.keys = keys, head.values = values;
#if INT8_WEIGHT_BYTES > 4
    int8_t *wideKeys = (int8_t *)TAKE(2 * keyCount), *wideValues = (int8_t *)TAKE(2 * valueCount);
    weights_widen(keys, keyCount, wideKeys);
    weights_widen(values, valueCount, wideValues);
    head.keys = wideKeys, head.values = wideValues;
#endif
    NAME(int8_attention_tile) tile;
    tile.queries = (uint8_t *)TAKE(head.dimensionFours * QUERY_TOKENS * INT8_OPERAND_BYTES / 4);
    tile.exponentials = (uint8_t *)TAKE(head.keyFours * QUERY_TOKENS * INT8_OPERAND_BYTES / 4);
    tile.scores = TAKE(head.keyRows * QUERY_TOKENS);
#undef TAKE
    for (size_t first = 0; first < a->length; first += PANEL) {
        const size_t width = panel_width(a->tokens, a->offset + first);
        const size_t start = (a->offset + first) * a->features + a->first * width;
        float scales[PANEL] __attribute__((aligned(64))), queryInverses[PANEL] __attribute__((aligned(64)));
        NAME(int8_head_inverses)(a->q + start, a->dimensions, width, scales, queryInverses);
        for (size_t lane = 0; lane < width; lane += QUERY_TOKENS) {
            const float *q = a->q + start + lane;
            float *context = a->context + start + lane;
            if (lane + QUERY_TOKENS <= width)
                NAME(int8_attend_tile)(a, &head, &tile, q, context, width, scales + lane, queryInverses + lane,
                                       INT8_ATTENTION_VECTORS);
            else
                NAME(int8_attend_tile)(a, &head, &tile, q, context, width, scales + lane, queryInverses + lane,
                                       LANES / INT8_TOKENS);
        }
    }
}

static void NAME(int8_attention)(const secateur_attention *a) { secateur_attend_aligned(a, NAME(int8_attend)); }
