// The baseline instruction set of the compiler.
#define NAME(x) secateur_portable_##x
#define ISA_NAME "portable"
#define TILE_ROWS 4
#include "eightbit_plain.h"
#include "language.inc.h"
