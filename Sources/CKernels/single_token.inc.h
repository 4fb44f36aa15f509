// What a single token needs besides matrix products, its features side by side. Included by language.inc.h.

typedef float v4 __attribute__((vector_size(16), aligned(4)));

// The sums of four vectors, with a fifth of the additions of four sums by themselves.
INLINE v4 NAME(four_sums)(v16 a, v16 b, v16 c, v16 d) {
    typedef float v8 __attribute__((vector_size(32)));
    const v16 ab = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
                   __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    const v16 cd = __builtin_shufflevector(c, d, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
                   __builtin_shufflevector(c, d, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    // Of each four lanes: a, b, a, b and c, d, c, d.
    const v16 all = __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
                    __builtin_shufflevector(ab, cd, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const v8 eight = __builtin_shufflevector(all, all, 0, 1, 2, 3, 4, 5, 6, 7) +
                     __builtin_shufflevector(all, all, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
}

static void NAME(normalize_one)(const float *gamma, const float *beta, float epsilon, size_t features,
                                const float *x, float *y) {
    const size_t whole = features / LANES * LANES;
    float mean = 0.0f;
    if (beta) {
        v16 sum = v16_set(0.0f);
        for (size_t f = 0; f < whole; f += LANES) sum += v16_load_unaligned(x + f);
        mean = v16_sum(sum);
        for (size_t f = whole; f < features; f++) mean += x[f];
        mean /= (float)features;
    }
    v16 squares = v16_set(0.0f);
    for (size_t f = 0; f < whole; f += LANES) {
        const v16 difference = v16_load_unaligned(x + f) - v16_set(mean);
        squares = v16_fma(difference, difference, squares);
    }
    float square = v16_sum(squares);
    for (size_t f = whole; f < features; f++) square += (x[f] - mean) * (x[f] - mean);
    const float scale = 1.0f / sqrtf(square / (float)features + epsilon);
    for (size_t f = 0; f < features; f++) y[f] = (x[f] - mean) * scale * gamma[f] + (beta ? beta[f] : 0.0f);
}

static void NAME(rotate_one)(const float *x, size_t dimensions, const float *cosines, const float *sines,
                             float *y) {
    const size_t half = dimensions / 2;
    for (size_t d = 0; d < half; d++) {
        const float low = x[d], high = x[half + d];
        y[d] = low * cosines[d] - high * sines[d];
        y[half + d] = high * cosines[d] + low * sines[d];
    }
}

// scores[key - keyBegin] for one query.
INLINE void NAME(score_query)(const secateur_head *head, const float *query, size_t keyBegin, size_t keyEnd,
                              float *scores) {
    const size_t parts = (head->dimensions + LANES - 1) / LANES;
    for (size_t key = keyBegin; key < keyEnd; key += 4) {
        // Keys past the last repeat it; what they score is not used.
        const float *rows[4];
        v16 sum[4];
#pragma clang loop unroll(full)
        for (size_t i = 0; i < 4; i++) {
            rows[i] = head->keys + smaller(key + i, keyEnd - 1) * head->stride;
            sum[i] = v16_set(0.0f);
        }
        for (size_t part = 0; part < parts; part++) {
            const v16 input = v16_load(query + part * LANES);
#pragma clang loop unroll(full)
            for (size_t i = 0; i < 4; i++) sum[i] = v16_fma(v16_load(rows[i] + part * LANES), input, sum[i]);
        }
        *(v4 *)(scores + key - keyBegin) = NAME(four_sums)(sum[0], sum[1], sum[2], sum[3]);
    }
}

// exp(scale * score - top) in place, zeros up to a whole vector; the top and the sum.
INLINE void NAME(exponentials_one)(float *scores, size_t count, float scale, float *top, float *total) {
    for (size_t i = count; i % LANES != 0; i++) scores[i] = -INFINITY;
    v16 largest = v16_set(-INFINITY);
    for (size_t i = 0; i < count; i += LANES) {
        const v16 score = v16_load(scores + i) * v16_set(scale);
        v16_store(scores + i, score);
        largest = v16_max(largest, score);
    }
    float found = -INFINITY;
    for (int lane = 0; lane < LANES; lane++) found = largest[lane] > found ? largest[lane] : found;
    v16 sum = v16_set(0.0f);
    for (size_t i = 0; i < count; i += LANES) {
        v16_store(scores + i, v16_exp(v16_load(scores + i) - v16_set(found)));
        for (size_t past = count; past < i + LANES; past++) scores[past] = 0.0f;
        sum += v16_load(scores + i);
    }
    *top = found;
    *total = v16_sum(sum);
}

// The weighted sums of four vectors of the values from dimension `first` on, for `queries` queries.
INLINE void NAME(weigh_values)(const secateur_head *head, const secateur_attention_part *a, size_t query,
                               size_t first, size_t scoreStride, const int queries) {
    const size_t vectors = smaller(4, (head->dimensions - first + LANES - 1) / LANES);
    v16 sum[SECATEUR_QUERIES][4];
#pragma clang loop unroll(full)
    for (int q = 0; q < queries; q++)
#pragma clang loop unroll(full)
        for (int v = 0; v < 4; v++) sum[q][v] = v16_set(0.0f);
    for (size_t key = a->keyBegin; key < a->keyEnd; key++) {
        const float *row = head->values + key * head->stride + first;
        v16 value[4];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < 4; v++) value[v] = v < vectors ? v16_load(row + v * LANES) : v16_set(0.0f);
#pragma clang loop unroll(full)
        for (int q = 0; q < queries; q++) {
            const v16 weight = v16_set(a->scratch[(size_t)q * scoreStride + key - a->keyBegin]);
#pragma clang loop unroll(full)
            for (int v = 0; v < 4; v++) sum[q][v] = v16_fma(weight, value[v], sum[q][v]);
        }
    }
#pragma clang loop unroll(full)
    for (int q = 0; q < queries; q++)
#pragma clang loop unroll(full)
        for (size_t v = 0; v < 4; v++)
            if (v < vectors)
                v16_store(a->context + (query + (size_t)q) * head->stride + first + v * LANES, sum[q][v]);
}

static void NAME(attend_part)(const secateur_head *head, const secateur_attention_part *a) {
    const size_t count = a->keyEnd - a->keyBegin, scoreStride = (count + LANES - 1) / LANES * LANES;
    for (size_t first = 0; first < a->queryCount; first += SECATEUR_QUERIES) {
        const size_t queries = smaller(SECATEUR_QUERIES, a->queryCount - first);
        for (size_t q = 0; q < queries; q++) {
            float query[LARGEST_HEAD] __attribute__((aligned(64))) = {0};
            memcpy(query, a->queries + (first + q) * head->dimensions, head->dimensions * sizeof(float));
            float *scores = a->scratch + q * scoreStride;
            NAME(score_query)(head, query, a->keyBegin, a->keyEnd, scores);
            NAME(exponentials_one)(scores, count, head->scale, a->top + first + q, a->total + first + q);
        }
        for (size_t d = 0; d < head->dimensions; d += 4 * LANES)
            switch (queries) {
            case 1: NAME(weigh_values)(head, a, first, d, scoreStride, 1); break;
            case 2: NAME(weigh_values)(head, a, first, d, scoreStride, 2); break;
            case 3: NAME(weigh_values)(head, a, first, d, scoreStride, 3); break;
            default: NAME(weigh_values)(head, a, first, d, scoreStride, SECATEUR_QUERIES);
            }
    }
}
