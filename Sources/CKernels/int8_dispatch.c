// Which 8-bit kernels go with an instruction set.
#include "CInt8Kernels.h"
#include "CKernels.h"

extern const secateur_int8_kernels secateur_scalar_int8_table, secateur_portable_int8_table;
#if defined(__x86_64__)
extern const secateur_int8_kernels secateur_avx512vnni_int8_table;
#endif

size_t secateur_int8_tables(int isa, const secateur_int8_kernels *tables[SECATEUR_INT8_TABLES]) {
    size_t count = 0;
#if defined(__x86_64__)
    if (isa == SECATEUR_ISA_AVX512 && secateur_kernels_for(SECATEUR_ISA_AVX512))
        if (__builtin_cpu_supports("avx512vnni")) tables[count++] = &secateur_avx512vnni_int8_table;
#endif
    if (isa > SECATEUR_ISA_SCALAR) tables[count++] = &secateur_portable_int8_table;
    tables[count++] = &secateur_scalar_int8_table;
    return count;
}

const secateur_int8_kernels *secateur_int8_kernels_for(int isa) {
    const secateur_int8_kernels *tables[SECATEUR_INT8_TABLES];
    secateur_int8_tables(isa, tables);
    return tables[0];
}
