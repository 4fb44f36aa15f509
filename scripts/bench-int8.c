// See bench-int8.sh.
#include "bench-support.h"
#include "int8-support.h"

typedef struct {
    const secateur_int8_kernels *kernels;
    const secateur_int8_rowblock_kernel *rowblock;
    secateur_int8_dense dense;
    secateur_int8_rowblocks rowblocks;
    secateur_int8_panels x;
    secateur_int8_output y;
    size_t tokens;
} int8_context;

static void run_dense(const void *p) {
    const int8_context *c = p;
    const size_t block = c->kernels->denseBlockRows;
    c->kernels->dense(&c->dense, &c->x, &c->y, c->tokens, 0, (c->dense.rows + block - 1) / block);
}

static void run_rowblocks(const void *p) {
    const int8_context *c = p;
    c->rowblock->apply(&c->rowblocks, &c->x, &c->y, c->tokens, 0, c->rowblocks.groups);
}

static void bench(const secateur_int8_kernels *kernels, size_t rows, size_t columns, size_t tokens, size_t rounds) {
    candidate list[32];
    const float *x = panels(columns, tokens);
    float *y = panels(rows, tokens);
    size_t count = add_floats(list, x, y, rows, columns, tokens);
    const size_t floats = count;
    const int8_matrix m = int8_random(rows, columns);
    int8_sum_rows(m);
    int8_context c = {kernels, NULL, int8_pack_dense(m, kernels->denseBlockRows, kernels->denseBlockColumns, 1),
                      {0}, int8_quantized(kernels, x, columns, tokens), {y, NULL, 0}, tokens};
    list[count++] = (candidate){"dense", 0, 0, run_dense, copy(&c, sizeof c), NULL};
    const double sparsities[] = {0.5, 0.7, 0.8, 0.9};
    for (size_t k = kernels->rowblockCount; k-- > 0;)
        for (int s = 0; s < 4; s++) {
            c.rowblock = &kernels->rowblocks[k];
            c.rowblocks = int8_pack_rowblocks(int8_random(rows, columns), c.rowblock->groupRows, sparsities[s], 1);
            list[count++] =
                (candidate){"x1", sparsities[s], c.rowblock->groupRows, run_rowblocks, copy(&c, sizeof c), NULL};
        }
    measure(list, count, rounds);
    double least = 1e9, median = 1e9;
    for (size_t i = 0; i < floats; i++) {
        least = fmin(least, list[i].times[0]);
        median = fmin(median, list[i].times[rounds / 2]);
    }
    printf("%s %zux%zu, %zu tokens; floats:", kernels->name, rows, columns, tokens);
    const double operations = 2.0 * (double)(rows * columns * tokens);
    for (size_t i = 0; i < floats; i++) printf(" %s %.1f", list[i].name, operations / list[i].times[rounds / 2] * 1e-9);
    printf(" GFLOP/s\n   ");
    for (size_t i = floats; i < count; i++) {
        if (list[i].groupRows) printf(" %zux1 %2.0f %%:", list[i].groupRows, list[i].sparsity * 100);
        else
            printf(" dense:");
        printf(" %.2f (%.2f)%s", median / list[i].times[rounds / 2], least / list[i].times[0],
               (i - floats) % 4 == 0 ? "\n   " : "");
    }
    printf("\n");
}

int main(int count, char **values) {
    const size_t tokens = count > 1 ? (size_t)atoi(values[1]) : 128, rounds = count > 2 ? (size_t)atoi(values[2]) : 200;
    const secateur_int8_kernels *tables[SECATEUR_INT8_TABLES];
    const size_t tableCount = secateur_int8_tables((int)secateur_best_isa(), tables);
    for (size_t i = 0; i < tableCount; i++) {
        if (count > 3 ? strcmp(values[3], tables[i]->name) != 0 : i > 0) continue;
        bench(tables[i], 1536, 384, tokens, rounds);
        bench(tables[i], 384, 1536, tokens, rounds);
        bench(tables[i], 384, 384, tokens, rounds);
    }
}
