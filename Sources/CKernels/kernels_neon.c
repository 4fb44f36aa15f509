// NEON: 32 registers of 4 floats; a panel row is four of them.
#if defined(__aarch64__)
#define NAME(x) secateur_neon_##x
#define ISA SECATEUR_ISA_NEON
#define ISA_NAME "neon"
#define DENSE_ROWS 6
#define DENSE_VECTORS 1
#define ATTENTION_ROWS 4
#define ATTENTION_VECTORS 1
#define SPARSE_LANES 16
#define ROWBLOCK4_VECTORS 1
#define ROWBLOCK4_COPIED_COLUMNS 0
#define BLOCK4_VECTORS 1
#define BLOCK4_COPIED_COLUMNS 0
#define ROWBLOCK6_VECTORS 1
#define ROWBLOCK6_COPIED_COLUMNS 0
#define ROWBLOCK8_VECTORS 0
#define UNSTRUCTURED_VECTORS 4
#define UNSTRUCTURED_SLOTS 1
#define FMA_REGISTERS 6
#define SPARSE_READ_AHEAD 1
#define SPARSE_PREFETCHED_SUMS 0
#include "kernels.inc.h"
#endif
