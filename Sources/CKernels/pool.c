// A team of threads that spins for a while between calls, then sleeps.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "CKernels.h"

// About a tenth of a millisecond.
#define SPINS 4000

struct secateur_pool {
    int threads;
    pthread_t *workers;
    void (*body)(void *, int);
    void *context;
    _Atomic unsigned generation; // counts calls; a change tells the workers to start
    _Atomic int pending;         // workers still busy with this call
    _Atomic unsigned finished;   // counts calls that all workers have finished
    _Atomic int sleepers; // threads that wait for any of the changes, and no longer spin
    _Atomic int stopping;
    _Atomic int arrived;        // workers that wait at the barrier
    _Atomic unsigned barriers;  // barriers passed; a change lets the workers continue
    pthread_mutex_t callers; // held during a call: callers from several threads take turns
    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

struct start {
    secateur_pool *pool;
    int worker;
};

static void pause_cpu(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Waits until a number is another one than `seen`. Who spins for long keeps a processor from the thread that is waited
// for, where other programs use the processors too: it sleeps then, until some number changes.
static void wait_for_change(secateur_pool *pool, _Atomic unsigned *number, unsigned seen) {
    for (int spin = 0; spin < SPINS; spin++) {
        if (atomic_load_explicit(number, memory_order_acquire) != seen) return;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(number) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

// Changes a number. It and the count of sleepers are read and written in one order by all, so that either the change is
// seen or the sleeper is.
static void change(secateur_pool *pool, _Atomic unsigned *number) {
    atomic_fetch_add(number, 1);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
    }
}

static void *work(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    secateur_pool *pool = start.pool;
    unsigned seen = 0;
    for (;;) {
        wait_for_change(pool, &pool->generation, seen);
        seen++;
        if (atomic_load(&pool->stopping)) return NULL;
        pool->body(pool->context, start.worker);
        if (atomic_fetch_sub(&pool->pending, 1) == 1) change(pool, &pool->finished);
    }
}

secateur_pool *secateur_pool_create(int threads) {
    secateur_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->workers = calloc((size_t)threads, sizeof *pool->workers);
    pool->threads = 1;
    pthread_mutex_init(&pool->callers, NULL);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (int worker = 1; pool->workers && worker < threads; worker++) {
        struct start *start = malloc(sizeof *start);
        if (start) *start = (struct start){pool, worker};
        if (!start || pthread_create(&pool->workers[worker], NULL, work, start) != 0) {
            free(start);
            break;
        }
        pool->threads++;
    }
    if (pool->threads == threads) return pool;
    secateur_pool_destroy(pool);
    return NULL;
}

void secateur_pool_destroy(secateur_pool *pool) {
    atomic_store(&pool->stopping, 1);
    change(pool, &pool->generation);
    for (int worker = 1; worker < pool->threads; worker++) pthread_join(pool->workers[worker], NULL);
    pthread_mutex_destroy(&pool->callers);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake);
    free(pool->workers);
    free(pool);
}

void secateur_pool_run(secateur_pool *pool, void (*body)(void *, int), void *context) {
    pthread_mutex_lock(&pool->callers);
    pool->body = body;
    pool->context = context;
    atomic_store(&pool->pending, pool->threads - 1);
    const unsigned seen = atomic_load(&pool->finished);
    change(pool, &pool->generation);
    body(context, 0);
    if (pool->threads > 1) wait_for_change(pool, &pool->finished, seen);
    pthread_mutex_unlock(&pool->callers);
}

void secateur_pool_barrier(secateur_pool *pool) {
    const unsigned seen = atomic_load_explicit(&pool->barriers, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&pool->arrived, 1, memory_order_acq_rel) + 1 == pool->threads) {
        atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
        change(pool, &pool->barriers);
        return;
    }
    wait_for_change(pool, &pool->barriers, seen);
}

int64_t secateur_atomic_increment(int64_t *value) {
    return __atomic_fetch_add(value, 1, __ATOMIC_RELAXED);
}
