// The 8-bit kernels of every instruction set against the plain ones, bit for bit: over shapes that divide nothing, and
// activations and weights that are as large as they get.
#include "int4-support.h"
#include "int8-support.h"
#include "int8_panels.h"

static void require_same(const char *what, const char *isa, const float *found, const float *expected, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&found[i], &expected[i], sizeof(float)) == 0 || (isnan(found[i]) && isnan(expected[i]))) continue;
        fprintf(stderr, "%s %s: found %.9g, allowed %.9g at %zu of %zu\n", isa, what, found[i], expected[i], i, count);
        exit(1);
    }
}

// Activations of a kind: 0 small, 1 with outliers, 2 all of them largest, 3 with infinities and no numbers, 4 with
// tokens of zeros and nearly zeros.
static float *activations(size_t features, size_t tokens, int kind) {
    float *x = panels(features, tokens);
    for (size_t f = 0; f < features; f++)
        for (size_t t = 0; t < tokens; t++) {
            float *value = x + panel_offset(features, tokens, f, t);
            if (kind == 1 && uniform() < 0.02) *value *= 1000;
            if (kind == 2) *value = uniform() < 0.5 && t % 3 ? -3.0f : 3.0f;
            if (kind == 3 && uniform() < 0.01) *value = uniform() < 0.5 ? NAN : uniform() < 0.5 ? INFINITY : -INFINITY;
            if (kind == 4) *value *= t % 3 == 0 ? 0.0f : t % 3 == 1 ? 1e-31f : 1.0f;
        }
    return x;
}

static void check_quantized(const char *isa, secateur_int8_panels found, secateur_int8_panels expected, size_t features,
                            size_t tokens) {
    require_same("scales", isa, found.scales, expected.scales, round_up(tokens, LANES));
    for (size_t f = 0; f < features; f++)
        for (size_t t = 0; t < tokens; t++) {
            const size_t i = int8_panel_offset(features, tokens, f, t);
            if (found.values[i] == expected.values[i] || isnan(expected.scales[t])) continue;
            fprintf(stderr, "%s quantize: found %d, allowed %d at feature %zu, token %zu\n", isa, found.values[i],
                    expected.values[i], f, t);
            exit(1);
        }
}

// Both halves of a product, and that of the reference.
typedef struct {
    secateur_int8_output found, expected;
    size_t rows, tokens;
} outputs;

static outputs make_outputs(size_t rows, size_t tokens) {
    const int appliesGelu = uniform() < 0.3, hasMaxima = uniform() < 0.5;
    const size_t floats = panel_floats(rows, tokens) * sizeof(float), maxima = round_up(tokens, LANES) * sizeof(float);
    return (outputs){{allocate(floats), hasMaxima ? allocate(maxima) : NULL, appliesGelu},
                     {allocate(floats), hasMaxima ? allocate(maxima) : NULL, appliesGelu},
                     rows,
                     tokens};
}

static void check_outputs(const char *what, const char *isa, outputs y) {
    require_same(what, isa, y.found.values, y.expected.values, panel_floats(y.rows, y.tokens));
    if (y.found.maxima) require_same("maxima", isa, y.found.maxima, y.expected.maxima, round_up(y.tokens, LANES));
    free(y.found.values), free(y.expected.values), free(y.found.maxima), free(y.expected.maxima);
}

static void check_products(const secateur_int8_kernels *kernels, const secateur_int8_kernels *plain, size_t rows,
                           size_t columns, size_t tokens, int kind) {
    float *x = activations(columns, tokens, kind);
    const secateur_int8_panels a = int8_quantized(kernels, x, columns, tokens);
    const secateur_int8_panels b = int8_quantized(plain, x, columns, tokens);
    check_quantized(kernels->name, a, b, columns, tokens);
    int8_matrix m = int8_random(rows, columns);
    for (size_t row = 0; row < rows; row++)
        for (size_t c = 0; c < columns; c++) {
            int8_t *number = m.numbers + row * columns + c;
            if (kind == 2) *number = row % 3 ? 127 : -127;
            if (row % 7 == 3) *number = c == row % columns ? 127 : 0; // one weight, or none where it is pruned
        }
    int8_sum_rows(m);
    const int hasBias = uniform() < 0.7;
    const size_t block = kernels->denseBlockRows, blocks = (rows + block - 1) / block;
    const secateur_int8_dense w = int8_pack_dense(m, block, kernels->denseBlockColumns, hasBias);
    const secateur_int8_dense reference = int8_pack_dense(m, 1, 1, hasBias);
    const outputs y = make_outputs(rows, tokens);
    kernels->dense(&w, &a, &y.found, tokens, 0, blocks / 2);
    kernels->dense(&w, &a, &y.found, tokens, blocks / 2, blocks);
    plain->dense(&reference, &b, &y.expected, tokens, 0, rows);
    check_outputs("dense", kernels->name, y);
    free((void *)w.values), free((void *)reference.values);
    for (size_t i = 0; i < kernels->rowblockCount; i++) {
        const secateur_int8_rowblock_kernel *kernel = &kernels->rowblocks[i];
        // Once nearly all columns, once few: then some groups keep none.
        const double sparsity = uniform() < 0.5 ? 0.05 : 0.9;
        const secateur_int8_rowblocks sparse = int8_pack_rowblocks(m, kernel->groupRows, sparsity, hasBias);
        const outputs z = make_outputs(rows, tokens);
        kernel->apply(&sparse, &a, &z.found, tokens, 0, sparse.groups / 2);
        kernel->apply(&sparse, &a, &z.found, tokens, sparse.groups / 2, sparse.groups);
        // The same numbers as a dense matrix.
        const secateur_int8_dense same = int8_pack_dense(m, 1, 1, hasBias);
        plain->dense(&same, &b, &z.expected, tokens, 0, rows);
        check_outputs("rowblocks", kernels->name, z);
        int8_free_rowblocks(sparse), free((void *)same.values);
    }
    int8_free(m), int8_free_panels(a), int8_free_panels(b), free(x);
}

// 4-bit weights, expanded in two parts, against the same numbers in 8 bits.
static void check_expanded(const secateur_int8_kernels *kernels, const secateur_int8_kernels *plain, size_t rows,
                           size_t columns, size_t tokens, int kind) {
    float *x = activations(columns, tokens, kind);
    const secateur_int8_panels a = int8_quantized(kernels, x, columns, tokens);
    const secateur_int8_panels b = int8_quantized(plain, x, columns, tokens);
    int8_matrix m = int8_random(rows, columns);
    const secateur_int4 w = int4_random(rows, columns, m.scales, m.bias);
    for (size_t row = 0; row < rows; row++)
        for (size_t c = 0; c < columns; c++) m.numbers[row * columns + c] = int4_product(&w, row, c);
    int8_sum_rows(m);
    const secateur_int8_dense reference = int8_pack_dense(m, 1, 1, 1);
    const size_t block = kernels->denseBlockRows, blocks = (rows + block - 1) / block;
    const size_t middle = rows / 2 / (block * 16) * block * 16, width = round_up(columns, kernels->denseBlockColumns);
    const outputs y = make_outputs(rows, tokens);
    for (int part = 0; part < 2; part++) {
        const size_t begin = part ? middle : 0, end = part ? round_up(rows, 16) : middle;
        int8_t *values = allocate(round_up(end - begin, block) * width);
        kernels->expand(&w, begin, end, values);
        const secateur_int8_dense dense = {values, m.offsets, m.scales, m.bias, rows, columns, begin / block};
        kernels->dense(&dense, &a, &y.found, tokens, begin / block, part ? blocks : end / block);
        free(values);
    }
    plain->dense(&reference, &b, &y.expected, tokens, 0, rows);
    check_outputs("expand", kernels->name, y);
    free((void *)reference.values);
    int4_free(w), int8_free(m), int8_free_panels(a), int8_free_panels(b), free(x);
}

// GELU of a product against what it should be, given the product.
static void check_gelu(const secateur_int8_kernels *kernels, size_t rows, size_t columns, size_t tokens, int kind) {
    float *x = activations(columns, tokens, kind);
    const secateur_int8_panels a = int8_quantized(kernels, x, columns, tokens);
    int8_matrix m = int8_random(rows, columns);
    int8_sum_rows(m);
    const size_t block = kernels->denseBlockRows, floats = panel_floats(rows, tokens) * sizeof(float);
    const secateur_int8_dense w = int8_pack_dense(m, block, kernels->denseBlockColumns, 1);
    const secateur_int8_output y[2] = {{allocate(floats), NULL, 0}, {allocate(floats), NULL, 1}};
    for (int i = 0; i < 2; i++) kernels->dense(&w, &a, &y[i], tokens, 0, (rows + block - 1) / block);
    for (size_t row = 0; row < rows; row++)
        for (size_t t = 0; t < tokens; t++) {
            const size_t i = panel_offset(rows, tokens, row, t);
            const float from = y[0].values[i], found = y[1].values[i];
            const double exact = 0.5 * from * (1 + erf(from * 0.70710678118654752));
            if (!isfinite(from) || fabs(found - exact) <= 6e-5 + 2e-7 * fabs(from)) continue;
            fprintf(stderr, "%s gelu: found %.9g, allowed %.9g\n", kernels->name, found, exact);
            exit(1);
        }
    free(y[0].values), free(y[1].values), free((void *)w.values);
    int8_free(m), int8_free_panels(a), free(x);
}

// Two heads of a sequence that may start anywhere, on scratch memory of the exact size.
static void check_attention(const secateur_int8_kernels *kernels, const secateur_int8_kernels *plain, size_t dimensions,
                            size_t tokens, size_t offset, size_t length, int kind) {
    const size_t features = 2 * dimensions, floats = panel_floats(features, tokens);
    float *q = activations(features, tokens, kind), *k = activations(features, tokens, kind);
    float *v = activations(features, tokens, kind);
    float *found = allocate(floats * sizeof(float)), *expected = allocate(floats * sizeof(float));
    float *scratch = allocate(secateur_int8_attention_scratch(length, dimensions) * sizeof(float));
    for (size_t head = 0; head < 2; head++) {
        secateur_attention a = {q, k, v, found, features, tokens, head * dimensions, dimensions, offset, length, 3,
                                scratch};
        kernels->attention(&a);
        a.context = expected;
        plain->attention(&a);
    }
    for (size_t f = 0; f < features; f++)
        for (size_t t = offset; t < offset + length; t++) {
            const size_t i = panel_offset(features, tokens, f, t);
            require_same("attention", kernels->name, found + i, expected + i, 1);
        }
    // Values are at most 1/2 in magnitude; what rounding to 8 bits changes is a few hundredths of that.
    float *floats32 = allocate(floats * sizeof(float));
    float *floatScratch = allocate(secateur_attention_scratch(length, dimensions) * sizeof(float));
    for (size_t head = 0; kind == 0 && head < 2; head++) {
        const secateur_attention a = {q, k, v, floats32, features, tokens, head * dimensions, dimensions, offset,
                                      length, 3, floatScratch};
        secateur_kernels_for(SECATEUR_ISA_SCALAR)->attention(&a);
    }
    for (size_t f = 0; kind == 0 && f < features; f++)
        for (size_t t = offset; t < offset + length; t++) {
            const size_t i = panel_offset(features, tokens, f, t);
            if (fabsf(found[i] - floats32[i]) <= 0.02f) continue;
            fprintf(stderr, "%s attention: found %g, allowed %g\n", kernels->name, found[i], floats32[i]);
            exit(1);
        }
    free(floats32), free(floatScratch);
    free(q), free(k), free(v), free(found), free(expected), free(scratch);
}

void check_int8_kernels(int isa) {
    const secateur_int8_kernels *tables[SECATEUR_INT8_TABLES];
    const size_t count = secateur_int8_tables(isa, tables);
    for (size_t i = 0; i < count; i++) {
        for (int round = 0; round < 60; round++) {
            // Some of more columns than are interleaved at a time.
            const size_t columns = 1 + (size_t)(uniform() * (round % 10 == 0 ? 2500 : 130));
            const size_t tokens = 1 + (size_t)(uniform() * 150);
            check_products(tables[i], tables[count - 1], 1 + (size_t)(uniform() * 70), columns, tokens, round % 5);
            check_expanded(tables[i], tables[count - 1], 1 + (size_t)(uniform() * 150), columns, tokens, round % 5);
            check_gelu(tables[i], 1 + (size_t)(uniform() * 70), columns, tokens, round % 5);
            const size_t offset = round % 2 ? 0 : (size_t)(uniform() * (double)tokens);
            check_attention(tables[i], tables[count - 1], 1 + (size_t)(uniform() * 40), tokens, offset,
                            round % 4 == 1 ? 1 + (size_t)(uniform() * (double)tokens) : tokens - offset, round % 5);
        }
        printf("%s, 8 bits: clean\n", tables[i]->name);
    }
}
