// The baseline instruction set of the compiler.
#define NAME(x) secateur_portable_##x
#define ISA_NAME "portable"
#define BF16_ROWS 6
#define BF16_VECTORS 1
#define BF16_BLOCK_COLUMNS 2
#define BF16_SUMS "bf16_expand.inc.h"
#include "bf16.inc.h"
