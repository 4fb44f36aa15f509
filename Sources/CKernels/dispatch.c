// Which kernels this CPU can run.
#include "CKernels.h"

extern const secateur_kernels secateur_scalar_table, secateur_portable_table;
#if defined(__x86_64__)
extern const secateur_kernels secateur_avx2_table, secateur_avx512_table;
#elif defined(__aarch64__)
extern const secateur_kernels secateur_neon_table;
#endif

const secateur_kernels *secateur_kernels_for(secateur_isa isa) {
    switch (isa) {
    case SECATEUR_ISA_SCALAR:
        return &secateur_scalar_table;
    case SECATEUR_ISA_PORTABLE:
        return &secateur_portable_table;
#if defined(__x86_64__)
    case SECATEUR_ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &secateur_avx2_table : NULL;
    case SECATEUR_ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                   ? &secateur_avx512_table
                   : NULL;
#elif defined(__aarch64__)
    case SECATEUR_ISA_NEON:
        return &secateur_neon_table;
#endif
    default:
        return NULL;
    }
}

secateur_isa secateur_best_isa(void) {
    for (int isa = SECATEUR_ISA_AVX512; isa > SECATEUR_ISA_PORTABLE; isa--)
        if (secateur_kernels_for((secateur_isa)isa)) return (secateur_isa)isa;
    return SECATEUR_ISA_PORTABLE;
}

int secateur_splits_avx512(void) {
#if defined(__x86_64__)
    // Of AMD's family 19h, the Zen 4 processors have AVX-512, and their units are 256 bits wide. Older support libraries
    // do not know Zen 4 by its name.
    return __builtin_cpu_is("amdfam19h");
#else
    return 0;
#endif
}
