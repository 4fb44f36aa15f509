// See bench-int8.sh.
#include <time.h>

#include "CKernels.h"
#include "int8-support.h"

typedef struct {
    const char *name;
    double sparsity;
    size_t groupRows; // 0 for dense
    void (*run)(const void *context);
    const void *context;
    double *times;
} candidate;

typedef struct {
    const secateur_kernels *kernels;
    secateur_dense w;
    const float *x;
    float *y;
    size_t tokens;
} float_context;

typedef struct {
    const secateur_int8_kernels *kernels;
    const secateur_int8_rowblock_kernel *rowblock;
    secateur_int8_dense dense;
    secateur_int8_rowblocks rowblocks;
    secateur_int8_panels x;
    secateur_int8_output y;
    size_t tokens;
} int8_context;

static void run_float(const void *p) {
    const float_context *c = p;
    c->kernels->dense(&c->w, c->x, c->y, c->tokens, 0, (c->w.rows + c->w.blockRows - 1) / c->w.blockRows);
}

static void run_dense(const void *p) {
    const int8_context *c = p;
    const size_t block = c->kernels->denseBlockRows;
    c->kernels->dense(&c->dense, &c->x, &c->y, c->tokens, 0, (c->dense.rows + block - 1) / block);
}

static void run_rowblocks(const void *p) {
    const int8_context *c = p;
    c->rowblock->apply(&c->rowblocks, &c->x, &c->y, c->tokens, 0, c->rowblocks.groups);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *copy(const void *from, size_t bytes) { return memcpy(allocate(bytes), from, bytes); }

static void bench(const secateur_int8_kernels *kernels, size_t rows, size_t columns, size_t tokens, size_t rounds) {
    candidate list[32];
    size_t count = 0;
    const float *x = panels(columns, tokens);
    float *y = panels(rows, tokens);
    const int isas[] = {SECATEUR_ISA_AVX512, SECATEUR_ISA_AVX2, SECATEUR_ISA_NEON};
    for (int i = 0; i < 3; i++) {
        const secateur_kernels *k = secateur_kernels_for((secateur_isa)isas[i]);
        if (!k) continue;
        const float_context c = {
            k, {panels(round_up(rows, 16) * columns / 16, 16), NULL, rows, columns, k->denseBlockRows, columns}, x, y,
            tokens};
        list[count++] = (candidate){k->name, 0, 0, run_float, copy(&c, sizeof c), NULL};
    }
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
    for (size_t i = 0; i < count; i++) list[i].times = allocate(rounds * sizeof(double));
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) {
            list[i].run(list[i].context);
            const double start = now();
            list[i].run(list[i].context);
            list[i].times[round] = now() - start;
        }
    double least = 1e9, median = 1e9;
    for (size_t i = 0; i < count; i++) {
        qsort(list[i].times, rounds, sizeof(double), by_value);
        if (i < floats) {
            least = fmin(least, list[i].times[0]);
            median = fmin(median, list[i].times[rounds / 2]);
        }
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
