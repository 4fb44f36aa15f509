// Copies of one head of a sequence that does not start with a panel.
#pragma once

#include "CKernels.h"

// Any sequence: one that does not start with a panel, or whose last tile would reach into the next sequence, is copied to
// panels of its own and back. `attend` takes sequences that start with a panel and end with the last.
void secateur_attend_aligned(const secateur_attention *, void (*attend)(const secateur_attention *));
// The reference of attention in 8 bits.
void secateur_int8_attention_plain(const secateur_attention *);
