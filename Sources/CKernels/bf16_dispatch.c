// Which bfloat16 kernels go with an instruction set.
#define _GNU_SOURCE

#include "amx_processor.h"
#include "bf16_panels.h"

extern const secateur_bf16_kernels secateur_scalar_bf16_table, secateur_portable_bf16_table;
#if defined(__x86_64__)
extern const secateur_bf16_kernels secateur_avx2_bf16_table, secateur_avx512_bf16_table,
    secateur_avx512bf16_bf16_table, secateur_amx_bf16_table;
#elif defined(__aarch64__)
extern const secateur_bf16_kernels secateur_neon_bf16_table;
#endif

size_t secateur_bf16_tables(int isa, const secateur_bf16_kernels *tables[SECATEUR_BF16_TABLES]) {
    size_t count = 0;
#if defined(__x86_64__)
    if (isa == SECATEUR_ISA_AVX512 && secateur_kernels_for(SECATEUR_ISA_AVX512)) {
        if (has_amx()) tables[count++] = &secateur_amx_bf16_table;
        if (__builtin_cpu_supports("avx512bf16")) tables[count++] = &secateur_avx512bf16_bf16_table;
        tables[count++] = &secateur_avx512_bf16_table;
    }
    if (isa >= SECATEUR_ISA_AVX2 && secateur_kernels_for(SECATEUR_ISA_AVX2))
        tables[count++] = &secateur_avx2_bf16_table;
#elif defined(__aarch64__)
    if (isa == SECATEUR_ISA_NEON) tables[count++] = &secateur_neon_bf16_table;
#endif
    if (isa > SECATEUR_ISA_SCALAR) tables[count++] = &secateur_portable_bf16_table;
    tables[count++] = &secateur_scalar_bf16_table;
    return count;
}

void secateur_bf16_round(const float *x, uint16_t *rounded, size_t count) {
    for (size_t i = 0; i < count; i++) rounded[i] = (uint16_t)(bf16_rounded(x[i]) >> 16);
}
