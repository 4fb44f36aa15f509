// The vector type that all kernels are written in: one panel row, 16 floats. The compiler lowers it to one
// AVX-512 register, two AVX2 registers or four NEON registers.
#pragma once

// Vectors are passed between functions of one file only, which all have the same instruction set.
#pragma clang diagnostic ignored "-Wpsabi"

#include "CKernels.h"

typedef float v16 __attribute__((vector_size(64), aligned(64)));
typedef int32_t v16i __attribute__((vector_size(64), aligned(64)));

// Half of it, one AVX2 register, for tiles that are no multiple of it.
typedef float v8 __attribute__((vector_size(32), aligned(32)));

// The same as v16 at any address.
typedef float v16_anywhere __attribute__((vector_size(64), aligned(4)));

// A loop that begins a cache line. How many lines of instructions it spans, and so up to a sixth of its speed, would
// otherwise depend on what happens to be linked before it.
#if __has_c_attribute(clang::code_align)
#define ALIGNED_LOOP [[clang::code_align(64)]]
#else
#define ALIGNED_LOOP
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE v16 v16_load(const float *p) { return *(const v16 *)p; }
INLINE void v16_store(float *p, v16 v) { *(v16 *)p = v; }
INLINE v16 v16_set(float v) { return (v16){v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v}; }
INLINE v8 v8_set(float v) { return (v8){v, v, v, v, v, v, v, v}; }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }
#if defined(__x86_64__)
// b where one of them is not a number, as the processor's instruction has it: other rules take three.
INLINE v16 v16_where(v16i mask, v16 a, v16 b) { return (v16)((mask & (v16i)a) | (~mask & (v16i)b)); }
INLINE v16 v16_max(v16 a, v16 b) { return v16_where(a > b, a, b); }
INLINE v16 v16_min(v16 a, v16 b) { return v16_where(a < b, a, b); }
#else
INLINE v16 v16_max(v16 a, v16 b) { return __builtin_elementwise_max(a, b); }
INLINE v16 v16_min(v16 a, v16 b) { return __builtin_elementwise_min(a, b); }
#endif
INLINE v16 v16_sqrt(v16 a) { return __builtin_elementwise_sqrt(a); }

// e^x within 2 units in the last place for x in [-87, 88], clamped outside: x = n ln 2 + r with
// |r| <= ln 2 / 2, a polynomial of degree 6 for e^r, and n added to the exponent.
INLINE v16 v16_exp(v16 x) {
    x = v16_max(v16_min(x, v16_set(88.0f)), v16_set(-87.0f));
    const v16 rounder = v16_set(12582912.0f); // 1.5 * 2^23: adding it rounds to the nearest integer
    v16 shifted = v16_fma(x, v16_set(1.44269504f), rounder);
    v16 n = shifted - rounder;
    v16 r = v16_fma(n, v16_set(-0.693359375f), x);
    r = v16_fma(n, v16_set(2.12194440e-4f), r);
    v16 p = v16_set(1.0f / 720.0f);
    p = v16_fma(p, r, v16_set(1.0f / 120.0f));
    p = v16_fma(p, r, v16_set(1.0f / 24.0f));
    p = v16_fma(p, r, v16_set(1.0f / 6.0f));
    p = v16_fma(p, r, v16_set(0.5f));
    p = v16_fma(p, r, v16_set(1.0f));
    p = v16_fma(p, r, v16_set(1.0f));
    v16i exponent = ((v16i)shifted - (v16i)rounder) << 23;
    return (v16)((v16i)p + exponent);
}

// 2^x within 4 units in the last place for x in [-126, 0], 2^-126 below: as above, in fewer steps.
INLINE v16 v16_exp2_of_nonpositive(v16 x) {
    x = v16_max(x, v16_set(-126.0f));
    const v16 rounder = v16_set(12582912.0f);
    const v16 shifted = x + rounder;
    const v16 r = x - (shifted - rounder);
    v16 p = v16_set(0.00132764713f);
    p = v16_fma(p, r, v16_set(0.00967554096f));
    p = v16_fma(p, r, v16_set(0.0555071309f));
    p = v16_fma(p, r, v16_set(0.240221202f));
    p = v16_fma(p, r, v16_set(0.693146944f));
    p = v16_fma(p, r, v16_set(1.00000012f));
    return (v16)((v16i)p + ((v16i)shifted << 23));
}

// erf(x) for x >= 0 within 1.5e-7: Abramowitz and Stegun, equation 7.1.26.
INLINE v16 v16_erf_of_nonnegative(v16 x) {
    v16 t = v16_set(1.0f) / v16_fma(x, v16_set(0.3275911f), v16_set(1.0f));
    v16 p = v16_set(1.061405429f);
    p = v16_fma(p, t, v16_set(-1.453152027f));
    p = v16_fma(p, t, v16_set(1.421413741f));
    p = v16_fma(p, t, v16_set(-0.284496736f));
    p = v16_fma(p, t, v16_set(0.254829592f));
    return v16_set(1.0f) - p * t * v16_exp(-x * x);
}
