// What attention needs on every instruction set: its scratch memory, and copies of unaligned sequences.
#include "attention.h"

#include <string.h>

#include "panels.h"

size_t secateur_attention_scratch(size_t length, size_t dimensions) {
    // Four matrices of an unaligned sequence, and the scores of one tile of queries.
    return 4 * dimensions * round_up(length, LANES) + round_up(length, LANES) * PANEL;
}

// Tokens from `token` of the sequence on that are side by side both in the activations and in own panels.
static size_t run_length(const secateur_attention *a, size_t token) {
    const size_t there = PANEL - (a->offset + token) % PANEL;
    const size_t here = PANEL - token % PANEL;
    return smaller(smaller(there, here), a->length - token);
}

static void copy_head(const secateur_attention *a, const float *from, float *to) {
    for (size_t token = 0; token < a->length;) {
        const size_t run = run_length(a, token);
        for (size_t d = 0; d < a->dimensions; d++)
            memcpy(to + panel_offset(a->dimensions, a->length, d, token),
                   from + panel_offset(a->features, a->tokens, a->first + d, a->offset + token),
                   run * sizeof(float));
        token += run;
    }
}

static void copy_head_back(const secateur_attention *a, const float *from) {
    for (size_t token = 0; token < a->length;) {
        const size_t run = run_length(a, token);
        for (size_t d = 0; d < a->dimensions; d++)
            memcpy(a->context + panel_offset(a->features, a->tokens, a->first + d, a->offset + token),
                   from + panel_offset(a->dimensions, a->length, d, token), run * sizeof(float));
        token += run;
    }
}

void secateur_attend_aligned(const secateur_attention *a, void (*attend)(const secateur_attention *)) {
    if (a->offset % PANEL == 0 && a->offset + a->length == a->tokens) return attend(a);
    const size_t size = a->dimensions * round_up(a->length, LANES);
    float *q = a->scratch, *k = q + size, *v = k + size, *context = v + size;
    copy_head(a, a->q, q);
    copy_head(a, a->k, k);
    copy_head(a, a->v, v);
    const secateur_attention own = {q, k, v, context, a->dimensions, a->length, 0, a->dimensions, 0,
                                    a->length, a->scale, context + size};
    attend(&own);
    copy_head_back(a, context);
}
