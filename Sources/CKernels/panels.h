// Where things stand in panels of activations.
#pragma once

#include "CKernels.h"

#define LANES SECATEUR_LANES
#define PANEL SECATEUR_PANEL

static inline size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Floats of a row of the panel that starts at token `first`.
static inline size_t panel_width(size_t tokens, size_t first) {
    return smaller(PANEL, round_up(tokens - first, LANES));
}

// The same for a strip of 16 tokens: how far its rows stand apart.
static inline size_t strip_width(size_t tokens, size_t strip) {
    return panel_width(tokens, strip * LANES / PANEL * PANEL);
}

// Where the element of a feature and a token stands in panels of `features` features.
static inline size_t panel_offset(size_t features, size_t tokens, size_t feature, size_t token) {
    const size_t first = token / PANEL * PANEL;
    return first * features + feature * panel_width(tokens, first) + token % PANEL;
}

// Where a feature's row of a strip starts.
static inline size_t strip_offset(size_t features, size_t tokens, size_t feature, size_t strip) {
    return panel_offset(features, tokens, feature, strip * LANES);
}
