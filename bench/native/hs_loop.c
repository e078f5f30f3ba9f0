// What the benchmarks need beside Python: a bare scan of a database, a yardstick for noise, and cold caches.
//
// Built by build_native.py, called with ctypes. Plain C against the public API of libhs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <hs.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

typedef hs_error_t (*scan_function)(const hs_database_t*, const char*, unsigned, unsigned, hs_scratch_t*,
                                    match_event_handler, void*);

struct bare_scan {
    hs_database_t* database;
    hs_scratch_t* scratch;
    scan_function scan;
    uint64_t matches;
};

static struct bare_scan state;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int count_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void* context) {
    (void)id, (void)from, (void)to, (void)flags;
    ++*(uint64_t*)context;
    return 0;
}

// Loads a serialized database; 0 or the error of libhs. The scan function is the one that the engine would use:
// where the CPU has AVX-512, the AVX2 code of a fat library, because that is the faster one.
int bare_open(const char* bytes, size_t size) {
    hs_error_t status = hs_deserialize_database(bytes, size, &state.database);
    if (status == HS_SUCCESS) {
        status = hs_alloc_scratch(state.database, &state.scratch);
    }
    state.scan = &hs_scan;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) {
        void* found = dlsym(RTLD_DEFAULT, "avx2_hs_scan");
        if (found != NULL) {
            state.scan = (scan_function)found;
        }
    }
#endif
    return status;
}

// Scans texts [0, count) and returns the nanoseconds that took, or -1; adds to the matches.
int64_t bare_scan(const char* const* texts, const unsigned* sizes, size_t count) {
    const int64_t begin = now();
    for (size_t i = 0; i < count; ++i) {
        if (state.scan(state.database, texts[i], sizes[i], 0, state.scratch, &count_match, &state.matches) !=
            HS_SUCCESS) {
            return -1;
        }
    }
    return now() - begin;
}

// Matches since the last call.
uint64_t bare_matches(void) {
    const uint64_t matches = state.matches;
    state.matches = 0;
    return matches;
}

// Nanoseconds of a fixed loop in registers: longer where somebody else uses the core.
int64_t yardstick(void) {
    const int64_t begin = now();
    uint64_t value = 88172645463325252u;
    for (int i = 0; i < 4000; ++i) {
        value ^= value << 13u;
        value ^= value >> 7u;
        value ^= value << 17u;
        __asm__ volatile("" : "+r"(value));
    }
    return now() - begin;
}

// Reads and writes every cache line of a buffer.
uint64_t touch(volatile uint64_t* words, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i += 8) {
        sum += ++words[i];
    }
    return sum;
}
