// Which language-model kernels go with an instruction set.
#include "CKernels.h"

extern const secateur_language_kernels secateur_portable_language_table;
#if defined(__x86_64__)
extern const secateur_language_kernels secateur_avx2_language_table, secateur_avx512_language_table,
    secateur_avx512vbmi2_language_table;
#endif

const secateur_language_kernels *secateur_language_kernels_for(int isa) {
#if defined(__x86_64__)
    if (isa == SECATEUR_ISA_AVX512)
        return __builtin_cpu_supports("avx512vbmi2") ? &secateur_avx512vbmi2_language_table
                                                     : &secateur_avx512_language_table;
    if (isa == SECATEUR_ISA_AVX2 && __builtin_cpu_supports("bmi2")) return &secateur_avx2_language_table;
#else
    (void)isa;
#endif
    return &secateur_portable_language_table;
}
