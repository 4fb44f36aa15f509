// The bfloat16 kernels of every instruction set against the plain ones, bit for bit where CBFloat16Kernels.h says so and
// within its bound otherwise: over shapes that divide nothing, and numbers of every kind.
#include "bf16-support.h"
#include "bf16_panels.h"

static void fail(const char *isa, const char *what, double found, double allowed, size_t at) {
    fprintf(stderr, "%s bfloat16 %s: found %.9g, allowed %.9g at %zu\n", isa, what, found, allowed, at);
    exit(1);
}

// Numbers of a kind: 0 small, 1 with outliers, 2 whose sums overflow, 3 with infinities and no numbers, 4 that are
// denormal or next to what becomes zero.
static float number(int kind, float small) {
    switch (kind) {
    case 1: return uniform() < 0.02 ? small * 1000 : small;
    case 2: return uniform() < 0.1 ? small * 1e30f : small;
    case 3: return uniform() >= 0.01 ? small : uniform() < 0.5 ? NAN : uniform() < 0.5 ? INFINITY : -INFINITY;
    case 4: return uniform() < 0.2 ? small * 1e-38f : small * 0x1p-54f;
    default: return small;
    }
}

// What is nearest, looked for among the neighbors of what was found.
static void check_rounded(float from, uint16_t found) {
    const float value = bf16_float((uint32_t)found << 16);
    if (isnan(from) && isnan(value)) return;
    if (fabsf(from) < 0x1p-56f && value == 0) return;
    if (isinf(from) && value == from) return;
    // The largest bfloat16, and where infinity begins.
    const double least = 0x1.FEp127, limit = 0x1.FFp127;
    if (isinf(value) && fabs(from) >= limit && isfinite(from)) return;
    int isNearest = isfinite(value) && isfinite(from) && (value == 0 || fabsf(value) >= 0x1p-56f);
    for (int step = -1; isNearest && step <= 1; step += 2) {
        const float other = bf16_float((uint32_t)(found + step) << 16);
        const double own = fabs((double)value - from), its = fabs((double)other - from);
        if (isfinite(other) && (its < own || (its == own && found % 2 == 1))) isNearest = 0;
    }
    if (!isNearest || (fabs(from) >= limit && fabs(value) == least)) fail("plain", "rounded", value, from, found);
}

static void check_rounding(void) {
    const float edges[] = {0.0f,      -0.0f,          1.0f,        0x1.01p0f,  0x1.03p0f,       0x1.010002p0f,
                           0x1p-56f,  -0x1p-56f,      0x1p-149f,   0x1p-126f,  0x1.FFFFFEp-57f, 0x1.FFp0f,
                           INFINITY,  -INFINITY,      NAN,         -NAN,       0x1.FFp127f,     0x1.FEFFFEp127f};
    uint16_t rounded;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        secateur_bf16_round(&edges[i], &rounded, 1);
        check_rounded(edges[i], rounded);
    }
    for (int i = 0; i < 200000; i++) {
        const float from = bf16_float((uint32_t)(uniform() * 0x1p32));
        secateur_bf16_round(&from, &rounded, 1);
        check_rounded(from, rounded);
    }
    // NaN whose payload would round up to infinity, or to zero's sign.
    const float odd = bf16_float(0x7FFFFFFF);
    secateur_bf16_round(&odd, &rounded, 1);
    check_rounded(odd, rounded);
}

static float *activations(size_t features, size_t tokens, int kind) {
    float *x = panels(features, tokens);
    for (size_t i = 0; i < panel_floats(features, tokens); i++) x[i] = number(kind, x[i]);
    return x;
}

// S of the bound: the sum of magnitudes of a row and a token.
static double magnitudes(bf16_matrix m, const float *x, size_t tokens, size_t row, size_t token) {
    double sum = 0;
    for (size_t c = 0; c < m.columns; c++)
        sum += fabs((double)m.numbers[row * m.columns + c] * x[panel_offset(m.columns, tokens, c, token)]);
    return sum * 1.01;
}

static void check_output(const char *isa, bf16_matrix m, const float *x, size_t tokens, const float *found,
                         const float *expected, int hasBound) {
    for (size_t row = 0; row < m.rows; row++)
        for (size_t token = 0; token < tokens; token++) {
            const size_t i = panel_offset(m.rows, tokens, row, token);
            if (memcmp(&found[i], &expected[i], sizeof(float)) == 0 || (isnan(found[i]) && isnan(expected[i]))) continue;
            const double bound = 0x1p-23 * ((double)(m.columns + 1) * magnitudes(m, x, tokens, row, token) +
                                            fabs(m.bias[row]));
            if (!hasBound || !isfinite(expected[i]) || !(fabs(found[i] - expected[i]) <= bound))
                fail(isa, "dense", found[i], expected[i], i);
        }
}

static void check_products(const secateur_bf16_kernels *kernels, const secateur_bf16_kernels *plain, size_t rows,
                           size_t columns, size_t tokens, int kind) {
    const int isTiled = strcmp(kernels->name, "amx") == 0;
    float *x = activations(columns, tokens, kind);
    uint32_t *a = bf16_rounded_panels(kernels, x, columns, tokens), *b = bf16_rounded_panels(plain, x, columns, tokens);
    for (size_t i = 0; i < panel_floats((columns + 1) / 2, tokens); i++)
        if (a[i] != b[i]) fail(kernels->name, "round", a[i], b[i], i);
    bf16_matrix m = bf16_random(rows, columns);
    for (size_t i = 0; i < rows * columns; i++) m.numbers[i] = number(kind == 3 ? 0 : kind, m.numbers[i]);
    const int hasBias = uniform() < 0.7, appliesGelu = !isTiled && uniform() < 0.3;
    const size_t block = kernels->denseBlockRows, blocks = (rows + block - 1) / block;
    const secateur_bf16_dense w = bf16_pack(m, block, kernels->denseBlockColumns, hasBias);
    const secateur_bf16_dense reference = bf16_pack(m, 1, 2, hasBias);
    const size_t bytes = panel_floats(rows, tokens) * sizeof(float);
    const secateur_bf16_output found = {allocate(bytes), appliesGelu}, expected = {allocate(bytes), appliesGelu};
    kernels->dense(&w, a, &found, tokens, 0, blocks / 2);
    kernels->dense(&w, a, &found, tokens, blocks / 2, blocks);
    plain->dense(&reference, b, &expected, tokens, 0, rows);
    // Where sums overflow, their order decides how.
    if (!isTiled || kind != 2) check_output(kernels->name, m, x, tokens, found.values, expected.values, isTiled);
    free(found.values), free(expected.values), free((void *)w.values), free((void *)reference.values);
    free(a), free(b), free(x), bf16_free(m);
}

// GELU of a product against what it should be, given the product.
static void check_gelu(const secateur_bf16_kernels *kernels, size_t rows, size_t columns, size_t tokens) {
    float *x = activations(columns, tokens, 1);
    uint32_t *a = bf16_rounded_panels(kernels, x, columns, tokens);
    const bf16_matrix m = bf16_random(rows, columns);
    const size_t block = kernels->denseBlockRows, bytes = panel_floats(rows, tokens) * sizeof(float);
    const secateur_bf16_dense w = bf16_pack(m, block, kernels->denseBlockColumns, 1);
    const secateur_bf16_output y[2] = {{allocate(bytes), 0}, {allocate(bytes), 1}};
    for (int i = 0; i < 2; i++) kernels->dense(&w, a, &y[i], tokens, 0, (rows + block - 1) / block);
    for (size_t i = 0; i < bytes / sizeof(float); i++) {
        const float from = y[0].values[i], found = y[1].values[i];
        const double exact = 0.5 * from * (1 + erf(from * 0.70710678118654752));
        if (fabs(found - exact) > 6e-5 + 2e-7 * fabs(from)) fail(kernels->name, "gelu", found, exact, i);
    }
    free(y[0].values), free(y[1].values), free((void *)w.values), free(a), free(x), bf16_free(m);
}

void check_bf16_kernels(int isa) {
    check_rounding();
    const secateur_bf16_kernels *tables[SECATEUR_BF16_TABLES];
    const size_t count = secateur_bf16_tables(isa, tables);
    for (size_t i = 0; i < count; i++) {
        for (int round = 0; round < 60; round++) {
            const size_t rows = 1 + (size_t)(uniform() * 70), tokens = 1 + (size_t)(uniform() * 150);
            const size_t columns = 1 + (size_t)(uniform() * (round % 10 == 0 ? 2500 : 130));
            check_products(tables[i], tables[count - 1], rows, columns, tokens, round % 5);
            if (round % 4 == 0) check_gelu(tables[i], rows, columns, tokens);
        }
        printf("%s, bfloat16: clean\n", tables[i]->name);
    }
}
