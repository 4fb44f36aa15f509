// Runs every kernel of every instruction set that this CPU has on buffers of exactly the size that the formats
// promise, over shapes that divide nothing, and compares with the scalar kernels. Meant for the sanitizers.
#include "sanitize-support.h"

// A random sparse matrix for a kernel; some units keep nothing.
static secateur_sparse random_sparse(const secateur_sparse_kernel *kernel, size_t rows, size_t columns,
                                     size_t columnsOfBlock) {
    const size_t slots = kernel->bundleUnits, unitColumns = kernel->unitColumns;
    const size_t units = (rows + kernel->unitRows - 1) / kernel->unitRows;
    secateur_sparse w = {.rows = rows, .columns = columns, .blockColumns = columnsOfBlock * unitColumns,
                         .bundles = (units + slots - 1) / slots, .unitRows = kernel->unitRows,
                         .unitColumns = unitColumns, .bundleUnits = slots, .copies = uniform() < 0.5};
    const size_t blocks = (columns + w.blockColumns - 1) / w.blockColumns;
    uint32_t *starts = allocate((blocks * w.bundles + 1) * sizeof *starts);
    for (size_t i = 0; i < blocks * w.bundles; i++) starts[i + 1] = starts[i] + (uint32_t)(uniform() * 12);
    const size_t entries = starts[blocks * w.bundles] * slots;
    uint16_t *indices = allocate((entries + SECATEUR_INDEX_PADDING) * sizeof *indices);
    uint32_t *order = allocate(blocks * w.bundles * slots * sizeof *order);
    float *values = allocate(entries * kernel->unitRows * unitColumns * sizeof *values);
    for (size_t i = 0; i < blocks * w.bundles * slots; i++) {
        order[i] = (uint32_t)(i % (w.bundles * slots));
        const size_t block = i / (w.bundles * slots), bundle = i / slots;
        const size_t width = smaller(w.blockColumns, columns - block * w.blockColumns) / unitColumns;
        for (size_t step = starts[bundle]; step < starts[bundle + 1]; step++)
            indices[step * slots + i % slots] = (uint16_t)(uniform() * (double)width);
    }
    for (size_t i = 0; i < entries * kernel->unitRows * unitColumns; i++) values[i] = (float)(uniform() - 0.5);
    w.starts = starts, w.indices = indices, w.units = order, w.values = values;
    return w;
}

static void check_sparse(const secateur_kernels *kernels, const secateur_sparse_kernel *scalar, size_t rows,
                         size_t columns, size_t tokens, size_t columnsOfBlock) {
    float *x = panels(columns, tokens), *found = panels(rows, tokens), *expected = panels(rows, tokens);
    for (size_t i = 0; i < kernels->sparseCount; i++) {
        const secateur_sparse_kernel *kernel = &kernels->sparse[i];
        if (columns % kernel->unitColumns) continue;
        const secateur_sparse w = random_sparse(kernel, rows, columns, columnsOfBlock);
        kernel->apply(&w, x, found, tokens, 0, w.bundles / 2);
        kernel->apply(&w, x, found, tokens, w.bundles / 2, w.bundles);
        scalar->apply(&w, x, expected, tokens, 0, w.bundles);
        compare("sparse", kernels->name, found, expected, rows, tokens);
        free((void *)w.starts), free((void *)w.indices), free((void *)w.units), free((void *)w.values);
    }
    free(x), free(found), free(expected);
}

static void check_dense(const secateur_kernels *kernels, const secateur_kernels *scalar, size_t rows,
                        size_t columns, size_t tokens, size_t columnsOfBlock) {
    float *x = panels(columns, tokens), *found = panels(rows, tokens), *expected = panels(rows, tokens);
    const size_t block = kernels->denseBlockRows, blocks = (rows + block - 1) / block;
    float *values = allocate(blocks * block * columns * sizeof(float));
    float *plain = allocate(rows * columns * sizeof(float)), *bias = panels(rows, 1);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            values[r / block * block * columns + c * block + r % block] = plain[r * columns + c] =
                (float)(uniform() - 0.5);
    const secateur_dense packed = {values, bias, rows, columns, block, columnsOfBlock};
    const secateur_dense reference = {plain, bias, rows, columns, 1, columnsOfBlock};
    kernels->dense(&packed, x, found, tokens, 0, blocks);
    scalar->dense(&reference, x, expected, tokens, 0, rows);
    compare("dense", kernels->name, found, expected, rows, tokens);
    kernels->gelu(found, rows, tokens, 0, rows);
    scalar->gelu(expected, rows, tokens, 0, rows);
    compare("gelu", kernels->name, found, expected, rows, tokens);
    const secateur_layernorm norm = {bias, bias, rows, 1e-5f};
    kernels->layernorm(&norm, found, found, found, tokens, 0, round_up(tokens, LANES) / LANES);
    scalar->layernorm(&norm, expected, expected, expected, tokens, 0, round_up(tokens, LANES) / LANES);
    if (rows > 8) compare("layernorm", kernels->name, found, expected, rows, tokens);
    free(x), free(found), free(expected), free(values), free(plain), free(bias);
}

static void check_attention(const secateur_kernels *kernels, const secateur_kernels *scalar, size_t dimensions,
                            size_t tokens, size_t offset, size_t length) {
    const size_t features = 2 * dimensions;
    float *q = panels(features, tokens), *k = panels(features, tokens), *v = panels(features, tokens);
    float *found = allocate(panel_floats(features, tokens) * sizeof(float));
    float *expected = allocate(panel_floats(features, tokens) * sizeof(float));
    float *scratch = allocate(secateur_attention_scratch(length, dimensions) * sizeof(float));
    for (size_t head = 0; head < 2; head++) {
        secateur_attention a = {q, k, v, found, features, tokens, head * dimensions, dimensions, offset, length, 1,
                                scratch};
        kernels->attention(&a);
        a.context = expected;
        scalar->attention(&a);
    }
    compare("attention", kernels->name, found, expected, features, tokens);
    free(q), free(k), free(v), free(found), free(expected), free(scratch);
}

void check_language_kernels(void);
void check_int8_kernels(int isa);
void check_bf16_kernels(int isa);

int main(void) {
    check_language_kernels();
    check_int8_kernels(secateur_best_isa());
    check_bf16_kernels(secateur_best_isa());
    const secateur_kernels *scalar = secateur_kernels_for(SECATEUR_ISA_SCALAR);
    for (int isa = SECATEUR_ISA_SCALAR; isa <= SECATEUR_ISA_AVX512; isa++) {
        const secateur_kernels *kernels = secateur_kernels_for((secateur_isa)isa);
        if (!kernels) continue;
        for (int round = 0; round < 60; round++) {
            const size_t rows = 1 + (size_t)(uniform() * 70), columns = 1 + (size_t)(uniform() * 90);
            const size_t tokens = 1 + (size_t)(uniform() * 150);
            const size_t offset = round % 2 ? 0 : (size_t)(uniform() * (double)tokens);
            // One block and several; some kernels do otherwise when a block may be very wide.
            const size_t columnsOfBlock = round % 3 == 0 ? 2000 : 16;
            check_dense(kernels, scalar, rows, columns, tokens, columnsOfBlock);
            check_sparse(kernels, &scalar->sparse[0], rows, columns + 4 - columns % 4, tokens, columnsOfBlock);
            check_attention(kernels, scalar, 1 + (size_t)(uniform() * 40), tokens, offset, tokens - offset);
        }
        printf("%s: clean\n", kernels->name);
    }
}
