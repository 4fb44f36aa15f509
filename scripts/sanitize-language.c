// The kernels that only language models need, over shapes that divide nothing, on buffers of the exact size.
#include "int4-support.h"

static float *vector(size_t count) { return panels(round_up(count, LANES) / LANES, LANES); }

typedef struct {
    secateur_quantized x;
    size_t groups;
} activations;

static activations quantized(const secateur_language_kernels *kernels, const float *x, size_t columns) {
    const size_t groups = (columns + SECATEUR_GROUP - 1) / SECATEUR_GROUP;
    activations a = {{allocate(groups * SECATEUR_GROUP), allocate(groups * sizeof(float)),
                      allocate(groups * 2 * sizeof(int32_t))},
                     groups};
    kernels->quantize(x, columns, &a.x);
    return a;
}

static void release(activations a) { free(a.x.values), free(a.x.scales), free(a.x.offsets); }

// Random weights; with zeros left out where a sparsity is given.
static secateur_eightbit random_weights(size_t rows, size_t groups, double sparsity, const float *bias) {
    const size_t blocks = (rows + SECATEUR_BLOCK_ROWS - 1) / SECATEUR_BLOCK_ROWS, lines = blocks * groups * 16;
    uint8_t *values = allocate(lines * 64 + 64);
    uint16_t *scales = allocate(blocks * groups * SECATEUR_BLOCK_ROWS * sizeof *scales);
    uint64_t *masks = sparsity > 0 ? allocate(lines * sizeof *masks) : NULL;
    uint32_t *starts = allocate((blocks + 1) * sizeof *starts);
    size_t kept = 0;
    for (size_t line = 0; line < lines; line++) {
        if (line % (groups * 16) == 0) starts[line / (groups * 16)] = (uint32_t)kept;
        for (int i = 0; i < 64; i++) {
            if (masks && uniform() < sparsity) continue;
            values[kept++] = (uint8_t)(1 + uniform() * 255);
            if (masks) masks[line] |= 1ull << i;
        }
    }
    for (size_t i = 0; i < blocks * groups * SECATEUR_BLOCK_ROWS; i++)
        scales[i] = (uint16_t)(0x3C00 + uniform() * 256);
    uint8_t *exact = allocate(kept + 64);
    memcpy(exact, values, kept);
    free(values);
    return (secateur_eightbit){exact, scales, masks, starts, bias, rows, groups};
}

static void check_eightbit(const secateur_language_kernels *kernels, const secateur_language_kernels *plain,
                           size_t rows, size_t columns, double sparsity) {
    float *x = vector(columns), *bias = vector(rows), *found = vector(rows), *expected = vector(rows);
    const activations a = quantized(kernels, x, columns), b = quantized(plain, x, columns);
    const secateur_eightbit w = random_weights(rows, a.groups, sparsity, uniform() < 0.5 ? bias : NULL);
    const size_t middle = rows / 2 / SECATEUR_BLOCK_ROWS * SECATEUR_BLOCK_ROWS;
    kernels->eightbit(&w, &a.x, found, 0, middle);
    kernels->eightbit(&w, &a.x, found, middle, rows);
    plain->eightbit(&w, &b.x, expected, 0, rows);
    for (size_t row = 0; row < rows; row++) {
        if (memcmp(&found[row], &expected[row], sizeof(float)) == 0) continue;
        fprintf(stderr, "%s eightbit: found %g, allowed %g at row %zu\n", kernels->name, found[row], expected[row], row);
        exit(1);
    }
    release(a), release(b);
    free((void *)w.values), free((void *)w.scales), free((void *)w.masks), free((void *)w.starts);
    free(x), free(bias), free(found), free(expected);
}

static void check_fourbit(const secateur_language_kernels *kernels, const secateur_language_kernels *plain,
                          size_t rows, size_t columns) {
    float *x = vector(columns), *bias = vector(rows), *scales = vector(rows);
    float *found = vector(rows), *expected = vector(rows);
    const activations a = quantized(kernels, x, columns), b = quantized(plain, x, columns);
    const secateur_int4 w = int4_random(rows, columns, scales, uniform() < 0.5 ? bias : NULL);
    const size_t middle = rows / 2 / SECATEUR_BLOCK_ROWS * SECATEUR_BLOCK_ROWS;
    kernels->fourbit(&w, &a.x, found, 0, middle);
    kernels->fourbit(&w, &a.x, found, middle, rows);
    plain->fourbit(&w, &b.x, expected, 0, rows);
    for (size_t row = 0; row < rows; row++) {
        double exact = w.bias ? bias[row] : 0;
        for (size_t c = 0; c < columns; c++)
            exact += (double)int4_product(&w, row, c) * scales[row] * b.x.values[c] * b.x.scales[c / SECATEUR_GROUP];
        if (memcmp(&found[row], &expected[row], sizeof(float)) == 0 && fabs(found[row] - exact) < 1e-3) continue;
        fprintf(stderr, "%s fourbit: found %g, allowed %g, about %g, at row %zu\n", kernels->name, found[row],
                expected[row], exact, row);
        exit(1);
    }
    release(a), release(b), int4_free(w);
    free(x), free(bias), free(scales), free(found), free(expected);
}

// The parts of one head's attention together, against double precision.
static void check_attention(const secateur_language_kernels *kernels, size_t dimensions, size_t keys,
                            size_t queries) {
    const size_t stride = round_up(dimensions, LANES);
    float *k = vector(keys * stride), *v = vector(keys * stride), *q = vector(queries * dimensions);
    for (size_t i = 0; i < keys * stride; i++)
        if (i % stride >= dimensions) k[i] = v[i] = 0;
    const secateur_head head = {k, v, stride, dimensions, 0.5f};
    const size_t cut = keys / 3, begins[3] = {0, cut, keys};
    float *top = vector(2 * queries), *total = vector(2 * queries), *context = vector(2 * queries * stride);
    for (int part = 0; part < 2; part++) {
        if (begins[part] == begins[part + 1]) continue;
        float *scratch = vector((begins[part + 1] - begins[part] + 16) * SECATEUR_QUERIES);
        const secateur_attention_part a = {q, queries, begins[part], begins[part + 1], top + part * queries,
                                           total + part * queries, context + part * queries * stride, scratch};
        kernels->attend_part(&head, &a);
        free(scratch);
    }
    for (size_t query = 0; query < queries; query++)
        for (size_t d = 0; d < dimensions; d++) {
            double sum = 0, expected = 0, found = 0, weight = 0;
            for (size_t key = 0; key < keys; key++) {
                double score = 0;
                for (size_t i = 0; i < dimensions; i++) score += (double)q[query * dimensions + i] * k[key * stride + i];
                sum += exp(score / 2), expected += exp(score / 2) * v[key * stride + d];
            }
            for (size_t part = cut ? 0 : 1; part < 2; part++) {
                const double scale = exp(top[part * queries + query]);
                weight += scale * total[part * queries + query];
                found += scale * context[(part * queries + query) * stride + d];
            }
            if (fabs(found / weight - expected / sum) <= 1e-5) continue;
            fprintf(stderr, "%s attend_part: found %g, allowed %g\n", kernels->name, found / weight, expected / sum);
            exit(1);
        }
    free(k), free(v), free(q), free(top), free(total), free(context);
}

static void check_elementwise(const secateur_language_kernels *kernels, const secateur_language_kernels *plain,
                              size_t features, size_t tokens) {
    float *x = panels(features, tokens), *found = panels(features, tokens), *expected = panels(features, tokens);
    float *gamma = vector(features), *beta = vector(features);
    const size_t strips = round_up(tokens, LANES) / LANES;
    kernels->rmsnorm(gamma, 1e-5f, features, tokens, x, found, 0, strips);
    plain->rmsnorm(gamma, 1e-5f, features, tokens, x, expected, 0, strips);
    compare("rmsnorm", kernels->name, found, expected, features, tokens);
    kernels->add(x, found, features, tokens, 0, strips);
    plain->add(x, expected, features, tokens, 0, strips);
    kernels->silu_multiply(found, x, features, tokens, 0, features);
    plain->silu_multiply(expected, x, features, tokens, 0, features);
    compare("silu_multiply", kernels->name, found, expected, features, tokens);
    kernels->gelu_tanh(found, features, tokens, 0, features);
    plain->gelu_tanh(expected, features, tokens, 0, features);
    compare("gelu_tanh", kernels->name, found, expected, features, tokens);
    for (int normal = 0; normal < 2; normal++) {
        float *one = vector(features), *other = vector(features);
        kernels->normalize_one(gamma, normal ? beta : NULL, 1e-5f, features, x, one);
        plain->normalize_one(gamma, normal ? beta : NULL, 1e-5f, features, x, other);
        if (features > 8) compare("normalize_one", kernels->name, one, other, features / LANES, LANES);
        free(one), free(other);
    }
    free(x), free(found), free(expected), free(gamma), free(beta);
}

void check_language_kernels(void) {
    const secateur_language_kernels *tables[SECATEUR_LANGUAGE_TABLES];
    const size_t count = secateur_language_tables(secateur_best_isa(), tables);
    for (size_t i = 0; i < count; i++) {
        for (int round = 0; round < 60; round++) {
            const size_t rows = 1 + (size_t)(uniform() * 70), columns = 1 + (size_t)(uniform() * 300);
            check_eightbit(tables[i], tables[count - 1], rows, columns, 0);
            check_eightbit(tables[i], tables[count - 1], rows, columns, uniform());
            check_fourbit(tables[i], tables[count - 1], rows, columns);
            check_attention(tables[i], 1 + (size_t)(uniform() * 140), 1 + (size_t)(uniform() * 50),
                            1 + (size_t)(uniform() * 9));
            check_elementwise(tables[i], tables[count - 1], rows, 1 + (size_t)(uniform() * 150));
        }
        printf("language %s: clean\n", tables[i]->name);
    }
}
