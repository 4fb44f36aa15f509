// The baseline instruction set of the compiler, with the tile shapes of AVX-512, so that those shapes are
// tested on machines without it.
#define NAME(x) secateur_portable_##x
#define ISA SECATEUR_ISA_PORTABLE
#define ISA_NAME "portable"
#define DENSE_ROWS 12
#define DENSE_PANELS 2
#define ROWBLOCK_PANELS 4
#define UNSTRUCTURED_PANELS 8
#define FMA_REGISTERS 2
#include "kernels.inc.h"
