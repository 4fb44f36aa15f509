// The kernels of one instruction set. The including file defines, before including this:
//   NAME(x)          the symbol of x for this instruction set
//   ISA, ISA_NAME    its identifier and its name
//   DENSE_ROWS       rows of a dense block; with DENSE_VECTORS they fill the register file
//   ATTENTION_ROWS   keys, or features, of a tile of attention; a divisor of 16
//   ATTENTION_VECTORS, DENSE_VECTORS   vectors of 16 tokens of a full tile
//   SPARSE_LANES     tokens of a vector of sparse products, 8 or 16
//   *_VECTORS        such vectors of a full tile; 0 where so many rows do not fit
//   *_COPIED_COLUMNS   columns of the widest block whose activations are copied, tile by tile; 0 copies none
//   UNSTRUCTURED_SLOTS       rows computed at a time
//   FMA_REGISTERS    v16 values that fill the latency of the FMA units
//   SPARSE_READ_AHEAD        whether the weights of sparse products are read ahead, or the processor's own prefetching
//                    does as well: they are fewer, and telling it costs a loop with an end for each bundle
//   SPARSE_PREFETCHED_SUMS   whether the places of sums of several rows are fetched while they are summed
#include "attention.h"
#include "panels.h"
#include "vector.h"

#define MAXIMUM_VECTORS 4
#define MAXIMUM_SLOTS 8
#define MAXIMUM_SUMS 32
// Weights are read ahead by two pages: the processor's own prefetching stops where a page ends.
#define PREFETCHED_FLOATS 2048

#include "dense.inc.h"

#include "sparse.inc.h"

#include "attention.inc.h"

#include "elementwise.inc.h"

static double NAME(fma_rounds)(size_t rounds, float *sink) {
    v16 sum[FMA_REGISTERS];
#pragma clang loop unroll(full)
    for (int i = 0; i < FMA_REGISTERS; i++) sum[i] = v16_set((float)i);
    v16 factor = v16_set(0.999f), addend = v16_set(0.001f);
    __asm__ volatile("" : "+m"(factor), "+m"(addend));
    for (size_t round = 0; round < rounds; round++)
#pragma clang loop unroll(full)
        for (int i = 0; i < FMA_REGISTERS; i++) sum[i] = v16_fma(sum[i], factor, addend);
    v16 total = sum[0];
    for (int i = 1; i < FMA_REGISTERS; i++) total += sum[i];
    *sink = total[0];
    return 2.0 * LANES * FMA_REGISTERS * (double)rounds;
}

const secateur_kernels NAME(table) = {
    .isa = ISA,
    .name = ISA_NAME,
    .denseBlockRows = DENSE_ROWS,
    .dense = NAME(dense),
    .sparse = NAME(sparse_kernels),
    .sparseCount = sizeof NAME(sparse_kernels) / sizeof NAME(sparse_kernels)[0],
    .layernorm = NAME(layernorm),
    .gelu = NAME(gelu),
    .relu = NAME(relu),
    .geluForward = NAME(gelu_forward),
    .geluBackward = NAME(gelu_backward),
    .attention = NAME(attention),
    .fma = NAME(fma_rounds),
};
