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

// Where the element of a feature and a token stands in panels of `features` features.
static inline size_t panel_offset(size_t features, size_t tokens, size_t feature, size_t token) {
    const size_t first = token / PANEL * PANEL;
    return first * features + feature * panel_width(tokens, first) + token % PANEL;
}
