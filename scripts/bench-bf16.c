// See bench-bf16.sh.
#include "bench-support.h"
#include "bf16-support.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef struct {
    const secateur_bf16_kernels *kernels;
    secateur_bf16_dense w;
    const uint32_t *x;
    secateur_bf16_output y;
    size_t tokens;
} bf16_context;

static void run_bf16(const void *p) {
    const bf16_context *c = p;
    const size_t block = c->kernels->denseBlockRows;
    c->kernels->dense(&c->w, c->x, &c->y, c->tokens, 0, (c->w.rows + block - 1) / block);
}

// Registers alone: how fast VDPBF16PS can be.
#define PEAK_ROUNDS 100000
#define PEAK_REGISTERS 12
#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bf16"))) static void run_peak(const void *p) {
    (void)p;
    __m512 sum[PEAK_REGISTERS];
    for (int i = 0; i < PEAK_REGISTERS; i++) sum[i] = _mm512_setzero_ps();
    const __m512bh one = (__m512bh)_mm512_set1_epi32(0x3F803F80);
    for (int round = 0; round < PEAK_ROUNDS; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < PEAK_REGISTERS; i++) {
            sum[i] = _mm512_dpbf16_ps(sum[i], one, one);
            __asm__ volatile("" : "+v"(sum[i]));
        }
    }
}

static int has_peak(void) { return __builtin_cpu_supports("avx512bf16"); }
#else
static void run_peak(const void *p) { (void)p; }

static int has_peak(void) { return 0; }
#endif

static void bench(size_t rows, size_t columns, size_t tokens, size_t rounds) {
    candidate list[16];
    const float *x = panels(columns, tokens);
    float *y = panels(rows, tokens);
    size_t count = add_floats(list, x, y, rows, columns, tokens);
    const size_t floats = count;
    const bf16_matrix m = bf16_random(rows, columns);
    const secateur_bf16_kernels *tables[SECATEUR_BF16_TABLES];
    const size_t tableCount = secateur_bf16_tables((int)secateur_best_isa(), tables);
    // The last two are the portable ones and the reference.
    for (size_t i = 0; i + 2 < tableCount; i++) {
        const bf16_context c = {tables[i],
                                bf16_pack(m, tables[i]->denseBlockRows, tables[i]->denseBlockColumns, 1),
                                bf16_rounded_panels(tables[i], x, columns, tokens), {y, 0}, tokens};
        list[count++] = (candidate){tables[i]->name, 0, 0, run_bf16, copy(&c, sizeof c), NULL};
    }
    const size_t products = count;
    if (has_peak()) list[count++] = (candidate){"peak", 0, 0, run_peak, NULL, NULL};
    measure(list, count, rounds);
    double least = 1e9, median = 1e9;
    for (size_t i = 0; i < floats; i++) {
        least = fmin(least, list[i].times[0]);
        median = fmin(median, list[i].times[rounds / 2]);
    }
    const double operations = 2.0 * (double)(rows * columns * tokens);
    printf("%zux%zu, %zu tokens; floats: %.1f GFLOP/s\n   ", rows, columns, tokens, operations / median * 1e-9);
    for (size_t i = floats; i < products; i++)
        printf(" %s %.2f (%.2f)", list[i].name, median / list[i].times[rounds / 2], least / list[i].times[0]);
    if (has_peak()) {
        const double peak = 2.0 * 32 * PEAK_REGISTERS * PEAK_ROUNDS / list[products].times[0];
        printf("\n    %s at %.0f %% of VDPBF16PS's peak of %.1f GFLOP/s", list[floats].name,
               100 * operations / list[floats].times[0] / peak, peak * 1e-9);
    }
    printf("\n");
}

int main(int count, char **values) {
    const size_t tokens = count > 1 ? (size_t)atoi(values[1]) : 128, rounds = count > 2 ? (size_t)atoi(values[2]) : 200;
    bench(1536, 384, tokens, rounds);
    bench(384, 1536, tokens, rounds);
    bench(384, 384, tokens, rounds);
}
