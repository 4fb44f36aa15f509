// The processors that this program may run on.
#define _GNU_SOURCE

#include "CKernels.h"

#ifdef __linux__
#include <errno.h>
#include <sched.h>

// The system refuses sets that are too small for all of its processors.
int secateur_permitted_processors(void) {
    for (int most = 1024; most <= 1 << 17; most *= 2) {
        cpu_set_t *set = CPU_ALLOC(most);
        if (!set) return 0;
        const size_t bytes = CPU_ALLOC_SIZE(most);
        const int failed = sched_getaffinity(0, bytes, set);
        const int error = errno;
        const int count = failed ? 0 : CPU_COUNT_S(bytes, set);
        CPU_FREE(set);
        if (!failed || error != EINVAL) return count;
    }
    return 0;
}
#else
int secateur_permitted_processors(void) { return 0; }
#endif
