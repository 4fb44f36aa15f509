// Which 8-bit kernels go with an instruction set.
#define _GNU_SOURCE

#include "CInt8Kernels.h"
#include "CKernels.h"
#include "amx_processor.h"
#include "panels.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

extern const secateur_int8_kernels secateur_scalar_int8_table, secateur_portable_int8_table;
#if defined(__x86_64__)
extern const secateur_int8_kernels secateur_avx2_int8_table, secateur_avxvnni_int8_table, secateur_avx512_int8_table,
    secateur_avx512vnni_int8_table, secateur_amx_int8_table;

static int has_avxvnni(void) {
#ifdef SECATEUR_AVXVNNI_BY_AVX512
    return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
#else
    return __builtin_cpu_supports("avxvnni");
#endif
}
#elif defined(__aarch64__)
extern const secateur_int8_kernels secateur_neon_int8_table, secateur_i8mm_int8_table;

static int has_dot_products(void) {
#if defined(__linux__)
    const unsigned long dotProducts = 1ul << 20; // HWCAP_ASIMDDP
    return (getauxval(AT_HWCAP) & dotProducts) != 0;
#else
    return 1; // of Apple's processors, all
#endif
}

static int has_matrix_products(void) {
#if defined(__linux__)
    const unsigned long matrixProducts = 1ul << 13; // HWCAP2_I8MM
    return (getauxval(AT_HWCAP2) & matrixProducts) != 0;
#else
    return 0;
#endif
}
#endif

size_t secateur_int8_tables(int isa, const secateur_int8_kernels *tables[SECATEUR_INT8_TABLES]) {
    size_t count = 0;
#if defined(__x86_64__)
    const int hasAVX512 = isa == SECATEUR_ISA_AVX512 && secateur_kernels_for(SECATEUR_ISA_AVX512);
    const int hasAVX2 = isa >= SECATEUR_ISA_AVX2 && secateur_kernels_for(SECATEUR_ISA_AVX2);
    if (hasAVX512 && __builtin_cpu_supports("avx512vnni")) {
        if (has_amx()) tables[count++] = &secateur_amx_int8_table;
        tables[count++] = &secateur_avx512vnni_int8_table;
    }
    if (hasAVX2 && has_avxvnni()) tables[count++] = &secateur_avxvnni_int8_table;
    if (hasAVX512) tables[count++] = &secateur_avx512_int8_table;
    if (hasAVX2) tables[count++] = &secateur_avx2_int8_table;
#elif defined(__aarch64__)
    if (isa == SECATEUR_ISA_NEON && has_dot_products()) {
        if (has_matrix_products()) tables[count++] = &secateur_i8mm_int8_table;
        tables[count++] = &secateur_neon_int8_table;
    }
#endif
    if (isa > SECATEUR_ISA_SCALAR) tables[count++] = &secateur_portable_int8_table;
    tables[count++] = &secateur_scalar_int8_table;
    return count;
}

size_t secateur_int8_attention_scratch(size_t length, size_t dimensions) {
    const size_t keys = round_up(length, LANES), values = round_up(dimensions, LANES);
    // Copies of an unaligned sequence; keys and values in bytes, and twice as wide; their scales; for up to 64 queries
    // two strips, likewise, and scores.
    return 4 * dimensions * keys + 2 * 3 * (keys * values / 4 + LANES) + 2 * (keys + 3 * values) + 64 * LANES +
           64 * (2 * (keys + values) / 4 + keys + 2 * LANES);
}
