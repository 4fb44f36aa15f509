// What the benches of kernels share: candidates that alternate in one process, among them dense products of floats.
#pragma once

#include <time.h>

#include "CKernels.h"
#include "sanitize-support.h"

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

static void run_float(const void *p) {
    const float_context *c = p;
    c->kernels->dense(&c->w, c->x, c->y, c->tokens, 0, (c->w.rows + c->w.blockRows - 1) / c->w.blockRows);
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

// Dense products of floats on all instruction sets that are worth a comparison; returns how many.
static size_t add_floats(candidate *list, const float *x, float *y, size_t rows, size_t columns, size_t tokens) {
    size_t count = 0;
    const int isas[] = {SECATEUR_ISA_AVX512, SECATEUR_ISA_AVX2, SECATEUR_ISA_NEON};
    for (int i = 0; i < 3; i++) {
        const secateur_kernels *k = secateur_kernels_for((secateur_isa)isas[i]);
        if (!k) continue;
        const float_context c = {
            k, {panels(round_up(rows, 16) * columns / 16, 16), NULL, rows, columns, k->denseBlockRows, columns}, x, y,
            tokens};
        list[count++] = (candidate){k->name, 0, 0, run_float, copy(&c, sizeof c), NULL};
    }
    return count;
}

// Runs all candidates in every round, each once to warm up, and sorts the times of each.
static void measure(candidate *list, size_t count, size_t rounds) {
    for (size_t i = 0; i < count; i++) list[i].times = allocate(rounds * sizeof(double));
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) {
            list[i].run(list[i].context);
            const double start = now();
            list[i].run(list[i].context);
            list[i].times[round] = now() - start;
        }
    for (size_t i = 0; i < count; i++) qsort(list[i].times, rounds, sizeof(double), by_value);
}
