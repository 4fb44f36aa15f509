// The baseline instruction set of the compiler.
#include <stdint.h>

// Zero bytes where the mask has no bit, the next kept byte where it has one.
static void expand(uint32_t bits, const int8_t *from, int8_t *to) {
    for (int i = 0; i < 16; i++) {
        const int kept = (int)(bits >> i & 1);
        to[i] = kept ? *from : 0;
        from += kept;
    }
}

#define NAME(x) secateur_portable_##x
#define ISA_NAME "portable"
#define TILE_ROWS 4
#define EXPAND(bits, from, to) expand(bits, from, (int8_t *)(to))
#include "language.inc.h"
