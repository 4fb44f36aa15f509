// The baseline instruction set of the compiler.
#define NAME(x) secateur_portable_##x
#define ISA_NAME "portable"
#define INT8_DENSE_ROWS 4
#define INT8_DENSE_VECTORS 2
#define INT8_DENSE_FOURS 384
#define INT8_CHUNK_BYTES 262144
#define INT8_GROUP_FOURS 96
#define INT8_GROUP_ROWS 4
#define INT8_GROUP_VECTORS 2
#define INT8_ATTENTION_VECTORS 4
#include "int8_plain.h"
#include "int8.inc.h"
