// Products of 8-bit weights with one token's activations, in whole numbers. Included by language.inc.h; the
// including file has chosen one of eightbit_*.h.
//
// A register holds four columns of sixteen rows, and every lane of the sums is a row: nothing is summed up across a
// register. The order of the floating point operations is the same for all instruction sets, and so are results.

#define GROUP SECATEUR_GROUP
#define BLOCK_ROWS SECATEUR_BLOCK_ROWS
#define QUADS (GROUP / 4)
// Weights are fetched once for a token and come from memory: this many bytes ahead hide its latency.
#define PREFETCH_BYTES 6144

typedef uint16_t v16h __attribute__((vector_size(32), aligned(2)));

static void NAME(quantize)(const float *x, size_t columns, secateur_quantized *out) {
    const v16 rounder = v16_set(12582912.0f); // 1.5 * 2^23: adding it rounds to the nearest integer
    for (size_t group = 0; group * GROUP < columns; group++) {
        float in[GROUP] __attribute__((aligned(64))) = {0};
        memcpy(in, x + group * GROUP, smaller(GROUP, columns - group * GROUP) * sizeof(float));
        v16 top = v16_set(0.0f);
        for (int i = 0; i < GROUP; i += LANES) top = v16_max(top, v16_max(v16_load(in + i), -v16_load(in + i)));
        float largest = 0.0f;
        for (int lane = 0; lane < LANES; lane++) largest = top[lane] > largest ? top[lane] : largest;
        // A group that is all but zero counts as zero: the inverse of its scale might not be finite.
        const float scale = largest < 1e-30f ? 0.0f : largest / 127.0f;
        const v16 inverse = v16_set(scale > 0.0f ? 1.0f / scale : 0.0f);
        v16i sum[2] = {{0}, {0}};
        for (int i = 0; i < GROUP; i += LANES) {
            const v16i steps = (v16i)(v16_load(in + i) * inverse + rounder) - (v16i)rounder;
            sum[i / (GROUP / 2)] += steps;
            typedef int8_t v16b __attribute__((vector_size(16), aligned(1)));
            *(v16b *)(out->values + group * GROUP + i) = __builtin_convertvector(steps, v16b);
        }
        out->scales[group] = scale;
        for (int half = 0; half < 2; half++) {
            int32_t total = 0;
            for (int lane = 0; lane < LANES; lane++) total += sum[half][lane];
            out->offsets[group * 2 + (size_t)half] = -128 * total;
        }
    }
}

INLINE v16 NAME(group_scales)(const uint16_t *scales) {
    return (v16)(__builtin_convertvector(*(const v16h *)scales, v16i) << 16);
}

INLINE void NAME(eightbit_block)(const secateur_eightbit *w, const secateur_quantized *x, float *y, size_t block,
                                 const int isSparse) {
    const uint8_t *values = w->values + (isSparse ? w->starts[block] : block * w->groups * GROUP * BLOCK_ROWS);
    const uint64_t *masks = isSparse ? w->masks + block * w->groups * QUADS : 0;
    const uint16_t *scales = w->scales + block * w->groups * BLOCK_ROWS;
    v16 total = v16_set(0.0f);
    for (size_t group = 0; group < w->groups; group++) {
        // Four sums at a time: one would wait for itself.
        v16i sum[4] = {products_start(x->offsets[group * 2] + x->offsets[group * 2 + 1]), {0}, {0}, {0}};
        const int8_t *activations = x->values + group * GROUP;
#pragma clang loop unroll(full)
        for (int quad = 0; quad < QUADS; quad++) {
            bytes64 weights;
            if (isSparse) {
                const uint64_t mask = masks[group * QUADS + (size_t)quad];
                weights = bytes_expand(mask, values);
                if (quad % 2 == 0) __builtin_prefetch(values + PREFETCH_BYTES, 0, 3);
                values += __builtin_popcountll(mask);
            } else {
                weights = bytes_load(values);
                __builtin_prefetch(values + PREFETCH_BYTES, 0, 3);
                values += sizeof weights;
            }
            sum[quad & 3] = products_add(sum[quad & 3], weights, activations + 4 * quad);
        }
        const v16 product = __builtin_convertvector((sum[0] + sum[1]) + (sum[2] + sum[3]), v16);
        const v16 scale = NAME(group_scales)(scales + group * BLOCK_ROWS) * v16_set(x->scales[group]);
        total = v16_fma(product, scale, total);
    }
    const size_t first = block * BLOCK_ROWS, count = smaller(BLOCK_ROWS, w->rows - first);
    for (size_t row = 0; row < count; row++) y[first + row] = total[row] + (w->bias ? w->bias[first + row] : 0.0f);
}

static void NAME(eightbit)(const secateur_eightbit *w, const secateur_quantized *x, float *y, size_t rowBegin,
                           size_t rowEnd) {
    for (size_t block = rowBegin / BLOCK_ROWS; block * BLOCK_ROWS < rowEnd; block++)
        if (w->masks)
            NAME(eightbit_block)(w, x, y, block, 1);
        else
            NAME(eightbit_block)(w, x, y, block, 0);
}
