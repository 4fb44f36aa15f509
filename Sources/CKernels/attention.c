// Attention of one head of one sequence, by the dense kernels: the keys and values of the sequence are
// packed as weights, its queries as panels.
#include <string.h>

#include "CKernels.h"

#define PANEL SECATEUR_PANEL

static size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

size_t secateur_attention_scratch(const secateur_kernels *kernels, size_t length, size_t dimensions) {
    const size_t panels = round_up(length, PANEL);
    const size_t block = kernels->denseBlockRows;
    return round_up(panels * dimensions, PANEL)                        // queries, then context
           + round_up(round_up(length, block) * dimensions, PANEL)     // keys
           + round_up(round_up(dimensions, block) * length, PANEL)     // values
           + round_up(panels * length, PANEL);                         // scores
}

void secateur_attention(const secateur_kernels *kernels, const float *q, const float *k, const float *v,
                        float *context, size_t features, size_t offset, size_t length, size_t head,
                        size_t dimensions, float scale, float *scratch) {
    const size_t block = kernels->denseBlockRows;
    const size_t panels = round_up(length, PANEL) / PANEL;
    const size_t stride = features * PANEL;
    const size_t first = head * dimensions * PANEL;
    float *queries = scratch;
    float *keys = queries + round_up(panels * PANEL * dimensions, PANEL);
    float *values = keys + round_up(round_up(length, block) * dimensions, PANEL);
    float *scores = values + round_up(round_up(dimensions, block) * length, PANEL);

    memset(keys, 0, sizeof(float) * round_up(length, block) * dimensions);
    memset(values, 0, sizeof(float) * round_up(dimensions, block) * length);
    memset(queries + (panels - 1) * dimensions * PANEL, 0, sizeof(float) * dimensions * PANEL);
    for (size_t t = 0; t < length; t++) {
        const size_t token = offset + t;
        const size_t source = token / PANEL * stride + first + token % PANEL;
        float *query = queries + t / PANEL * dimensions * PANEL + t % PANEL;
        float *key = keys + t / block * dimensions * block + t % block;
        float *value = values + t * block;
        for (size_t d = 0; d < dimensions; d++) {
            query[d * PANEL] = q[source + d * PANEL];
            key[d * block] = k[source + d * PANEL];
        }
        for (size_t base = 0, rest = 0; base < dimensions; base += block, rest += block * length)
            for (size_t d = base; d < base + block && d < dimensions; d++)
                value[rest + d - base] = v[source + d * PANEL];
    }

    const secateur_dense keyWeights = {keys, NULL, length, dimensions, block};
    kernels->dense(&keyWeights, queries, scores, 0, panels, 0, round_up(length, block) / block);
    for (size_t panel = 0; panel < panels; panel++)
        kernels->softmax(scores + panel * length * PANEL, length, scale);
    const secateur_dense valueWeights = {values, NULL, dimensions, length, block};
    kernels->dense(&valueWeights, scores, queries, 0, panels, 0, round_up(dimensions, block) / block);

    for (size_t t = 0; t < length; t++) {
        const size_t token = offset + t;
        float *out = context + token / PANEL * stride + first + token % PANEL;
        const float *in = queries + t / PANEL * dimensions * PANEL + t % PANEL;
        for (size_t d = 0; d < dimensions; d++) out[d * PANEL] = in[d * PANEL];
    }
}
