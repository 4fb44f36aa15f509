// The baseline instruction set of the compiler, with the tile shapes of AVX-512, so that those shapes are
// tested on machines without it.
#define NAME(x) secateur_portable_##x
#define ISA SECATEUR_ISA_PORTABLE
#define ISA_NAME "portable"
#define DENSE_ROWS 12
#define DENSE_VECTORS 2
#define ATTENTION_ROWS 8
#define ATTENTION_VECTORS 2
#define SPARSE_LANES 16
#define ROWBLOCK4_VECTORS 4
#define ROWBLOCK4_COPIED_COLUMNS 0
#define BLOCK4_VECTORS 4
#define BLOCK4_COPIED_COLUMNS 0
#define ROWBLOCK6_VECTORS 4
#define ROWBLOCK6_COPIED_COLUMNS 0
#define ROWBLOCK8_VECTORS 2
#define UNSTRUCTURED_VECTORS 4
#define UNSTRUCTURED_SLOTS 7
#define FMA_REGISTERS 2
#define SPARSE_READ_AHEAD 1
#define SPARSE_PREFETCHED_SUMS 0
#include "kernels.inc.h"
