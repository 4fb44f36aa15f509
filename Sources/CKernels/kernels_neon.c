// NEON: 32 registers of 4 floats; a panel row is four of them.
#if defined(__aarch64__)
#define NAME(x) secateur_neon_##x
#define ISA SECATEUR_ISA_NEON
#define ISA_NAME "neon"
#define DENSE_ROWS 6
#define DENSE_PANELS 1
#define ROWBLOCK_PANELS 1
#define UNSTRUCTURED_PANELS 4
#define FMA_REGISTERS 6
#include "kernels.inc.h"
#endif
