// The 8-bit kernels of one instruction set. The including file defines, before including this:
//   NAME(x), ISA_NAME   the symbol of x, and the name of this instruction set
//   INT8_DENSE_ROWS, INT8_DENSE_VECTORS   rows and vectors of tokens of a dense tile; with its operands they fill the
//                       registers
//   INT8_GROUP_ROWS, INT8_GROUP_VECTORS   the same of a tile of row blocks: a divisor of 4, and of 16 tokens; no such
//                       rows where a part of a panel fits the registers
//   INT8_ATTENTION_VECTORS   vectors of tokens of a tile of attention, of 4 rows
//   INT8_DENSE_TILE     the file of the dense tile, where it is not int8_dense_tile.inc.h; INT8_AMX where that is made by amx_tiles.h
// and has included one of int8_*.h, which define
//   INT8_TOKENS         tokens of a vector of sums, vi and vf
//   INT8_LANES          lanes of 16 bytes of `bytes`, the register that bytes are interleaved in
//   bytes_interleave, bytes_pack   what is done with those lanes, as in int8_lanes.h
//   operand, weight     four columns of so many tokens, and four columns of one row
//   operand_load, operand_store, weight_load, sums_add   what is done with them
//   INT8_OPERAND_BYTES, INT8_WEIGHT_BYTES   bytes of four columns of a token, and of a row, as they are loaded from
//   weights_widen       makes such weights where they have more than four bytes
//   operand_interleave  the operands of a part, given its columns, where it fits the registers
//   sums_start          what sums start from, given a row's offset
//   INT8_STRIP_FLIP     128 where strips hold signed numbers, 0 where they hold what panels do
#include "attention.h"
#include "int8_panels.h"
#include "vector.h"

// Results depend on where an addition and a product become one: only where it is written so.
#pragma clang fp contract(off)

#include "int8_quantize.inc.h"

#include "int8_tile.inc.h"

#include "int8_strip.inc.h"

#ifdef INT8_DENSE_TILE
#include INT8_DENSE_TILE
#else
#include "int8_dense_tile.inc.h"
#define INT8_BLOCK_FOURS 1
#endif

#include "int8_products.inc.h"

#include "int4_expand.inc.h"

#ifdef INT8_GROUP_ROWS
#include "int8_group_strip.inc.h"
#else
#include "int8_group_registers.inc.h"
#endif

#include "int8_rowblocks.inc.h"

#include "int8_attention.inc.h"

const secateur_int8_kernels NAME(int8_table) = {
    .name = ISA_NAME,
    .denseBlockRows = INT8_DENSE_ROWS,
    .denseBlockColumns = 4 * INT8_BLOCK_FOURS,
    .dense = NAME(int8_dense),
    .expand = NAME(int4_expand),
    .rowblocks = NAME(int8_rowblock_kernels),
    .rowblockCount = sizeof NAME(int8_rowblock_kernels) / sizeof NAME(int8_rowblock_kernels)[0],
    .maxima = NAME(int8_maxima),
    .quantize = NAME(int8_quantize),
    .attention = NAME(int8_attention),
};
