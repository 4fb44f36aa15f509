// Whether this processor has AMX, and this process may use it.
#pragma once

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Linux saves the registers of AMX only of programs that have asked for them; asking again changes nothing.
static inline int has_amx(void) {
#ifdef SECATEUR_AMX_EMULATED
    return 1;
#elif defined(__x86_64__) && defined(__linux__)
    const int requestPermission = 0x1023, tileData = 18;
    return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8") &&
           __builtin_cpu_supports("amx-bf16") && syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
    return 0;
#endif
}
