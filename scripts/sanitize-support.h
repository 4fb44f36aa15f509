// What the checks of kernels share: random numbers, buffers of an exact size, comparison.
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "panels.h"

static uint64_t state = 1;

static inline double uniform(void) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(state >> 11) * 0x1p-53;
}

static inline void *allocate(size_t bytes) {
    void *memory = aligned_alloc(64, round_up(bytes ? bytes : 1, 64));
    memset(memory, 0, bytes);
    return memory;
}

static inline size_t panel_floats(size_t features, size_t tokens) { return features * round_up(tokens, LANES); }

static inline float *panels(size_t features, size_t tokens) {
    const size_t count = panel_floats(features, tokens);
    float *values = allocate(count * sizeof(float));
    for (size_t i = 0; i < count; i++) values[i] = (float)(uniform() - 0.5);
    return values;
}

static inline void compare(const char *what, const char *isa, const float *a, const float *b, size_t features,
                    size_t tokens) {
    for (size_t f = 0; f < features; f++)
        for (size_t t = 0; t < tokens; t++) {
            const size_t i = panel_offset(features, tokens, f, t);
            if (fabsf(a[i] - b[i]) <= 1e-4f) continue;
            fprintf(stderr, "%s %s: found %g, allowed %g at feature %zu, token %zu\n", isa, what, a[i], b[i], f, t);
            exit(1);
        }
}
