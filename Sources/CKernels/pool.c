// A team of threads that spins for a while between calls, then sleeps.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "CKernels.h"

#define SPINS 20000

struct secateur_pool {
    int threads;
    pthread_t *workers;
    void (*body)(void *, int);
    void *context;
    _Atomic unsigned generation; // counts calls; a change tells the workers to start
    _Atomic int pending;         // workers still busy with this call
    _Atomic int sleepers;
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

static void wait_for_call(secateur_pool *pool, unsigned seen) {
    for (int spin = 0; spin < SPINS; spin++) {
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen) return;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    secateur_pool *pool = start.pool;
    unsigned seen = 0;
    for (;;) {
        wait_for_call(pool, seen);
        seen++;
        if (atomic_load(&pool->stopping)) return NULL;
        pool->body(pool->context, start.worker);
        atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_release);
    }
}

static void announce(secateur_pool *pool) {
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
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
    announce(pool);
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
    announce(pool);
    body(context, 0);
    // Workers that share a core with others may be late: give the core up after a while.
    for (int spin = 0; atomic_load_explicit(&pool->pending, memory_order_acquire) > 0; spin++) {
        if (spin < SPINS)
            pause_cpu();
        else
            sched_yield();
    }
    pthread_mutex_unlock(&pool->callers);
}

void secateur_pool_barrier(secateur_pool *pool) {
    const unsigned seen = atomic_load_explicit(&pool->barriers, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&pool->arrived, 1, memory_order_acq_rel) + 1 == pool->threads) {
        atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&pool->barriers, seen + 1, memory_order_release);
        return;
    }
    for (int spin = 0; atomic_load_explicit(&pool->barriers, memory_order_acquire) == seen; spin++) {
        if (spin < SPINS)
            pause_cpu();
        else
            sched_yield();
    }
}

int64_t secateur_atomic_increment(int64_t *value) {
    return __atomic_fetch_add(value, 1, __ATOMIC_RELAXED);
}
