// What malloc does with memory that is freed.
#include "CKernels.h"

#if defined(__GLIBC__)
#include <limits.h>
#include <malloc.h>

// The largest that glibc takes.
#define LARGEST_MMAP_THRESHOLD (32 << 20)

void secateur_keep_freed_memory(void) {
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD);
}
#else
void secateur_keep_freed_memory(void) {}
#endif
