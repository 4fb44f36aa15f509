// Copies of one head of a sequence that does not start with a panel.
#pragma once

#include "CKernels.h"

// From panels of activations to panels of [dimensions x length].
void secateur_copy_head(const secateur_attention *, const float *from, float *to);
// From panels of [dimensions x length] to the context.
void secateur_copy_head_back(const secateur_attention *, const float *from);
// The reference of attention in 8 bits.
void secateur_int8_attention_plain(const secateur_attention *);
