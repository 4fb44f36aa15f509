// Which language-model kernels go with an instruction set.
#include "CKernels.h"

extern const secateur_language_kernels secateur_portable_language_table;
#if defined(__x86_64__)
extern const secateur_language_kernels secateur_avx2_language_table, secateur_avx512_language_table,
    secateur_avx512vnni_language_table;
#endif

size_t secateur_language_tables(int isa, const secateur_language_kernels *tables[SECATEUR_LANGUAGE_TABLES]) {
    size_t count = 0;
#if defined(__x86_64__)
    if (isa == SECATEUR_ISA_AVX512) {
        if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vnni"))
            tables[count++] = &secateur_avx512vnni_language_table;
        if (secateur_kernels_for(SECATEUR_ISA_AVX512)) tables[count++] = &secateur_avx512_language_table;
    }
    if (isa >= SECATEUR_ISA_AVX2 && secateur_kernels_for(SECATEUR_ISA_AVX2) && __builtin_cpu_supports("bmi2"))
        tables[count++] = &secateur_avx2_language_table;
#else
    (void)isa;
#endif
    tables[count++] = &secateur_portable_language_table;
    return count;
}

const secateur_language_kernels *secateur_language_kernels_for(int isa) {
    const secateur_language_kernels *tables[SECATEUR_LANGUAGE_TABLES];
    secateur_language_tables(isa, tables);
    return tables[0];
}
