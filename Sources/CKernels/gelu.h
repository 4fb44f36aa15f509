// x * Phi(x) within 6e-5, for products that are rounded next: a hundredth of a step of 8 bits. Phi(x) = 1/2 + x * P(x^2)
// for |x| <= 4.25, where it ends in 0 and 1 within 1e-6; the polynomial of degree 8 has the least largest error of
// x * Phi(x) (found by least squares, reweighted). Exponential functions and divisions would take four times as long.
#pragma once

#include <math.h>

#define GELU_LIMIT 4.25f
#define GELU_COEFFICIENTS                                                                                      \
    4.6781027e-11f, -4.61441374e-09f, 2.01734338e-07f, -5.20039839e-06f, 8.90125375e-05f, -0.00108213327f,     \
        0.00972886756f, -0.0662070438f, 0.39882946f

// Defines it for a type of vectors and that of whole numbers of the same size.
#define GELU_OF_VECTORS(name, vector, whole)                                                                   \
    INLINE vector name(vector x) {                                                                             \
        static const float coefficients[] = {GELU_COEFFICIENTS};                                               \
        const vector zero = {0};                                                                               \
        /* Of floats of one sign, whole numbers of the same bits have the same order. */                       \
        const whole magnitude =                                                                                \
            __builtin_elementwise_min((whole)x & 0x7FFFFFFF, (whole)(zero + GELU_LIMIT));                      \
        const vector limited = (vector)(magnitude | ((whole)x & (whole)(-zero)));                              \
        const vector square = limited * limited;                                                               \
        vector sum = zero + coefficients[0];                                                                   \
        _Pragma("clang loop unroll(full)")                                                                     \
        for (size_t i = 1; i < sizeof coefficients / sizeof *coefficients; i++)                                \
            sum = __builtin_elementwise_fma(sum, square, zero + coefficients[i]);                              \
        return x * __builtin_elementwise_fma(sum, limited, zero + 0.5f);                                       \
    }

// The same of one number, to the same bits.
static inline float gelu_plain(float x) {
#pragma clang fp contract(off)
    static const float coefficients[] = {GELU_COEFFICIENTS};
    const float limited = copysignf(fabsf(x) < GELU_LIMIT ? fabsf(x) : GELU_LIMIT, x);
    float sum = coefficients[0];
    for (size_t i = 1; i < sizeof coefficients / sizeof *coefficients; i++)
        sum = fmaf(sum, limited * limited, coefficients[i]);
    return x * fmaf(sum, limited, 0.5f);
}
