/* Loaded into each server (LD_PRELOAD): counts how often it asks the disk to sync, and makes each of that take
 * longer if told to, as on a slower disk. The count is a number in a file that all processes of a server share.
 *
 * BENCH_SYNCS: the file, 8 octets. BENCH_SYNC_DELAY: microseconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned long alone;
static _Atomic unsigned long *count = &alone;
static long delay;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BENCH_SYNCS"), *micros = getenv("BENCH_SYNC_DELAY");
    if (micros) delay = atol(micros);
    if (!path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) count = shared;
    close(file);
}

static void note(void) {
    atomic_fetch_add(count, 1);
    if (delay) {
        struct timespec time = {delay / 1000000, delay % 1000000 * 1000};
        nanosleep(&time, NULL);
    }
}

#define WRAP(name)                                                  \
    int name(int file) {                                            \
        static int (*next)(int);                                    \
        if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, #name);    \
        note();                                                     \
        return next(file);                                          \
    }

WRAP(fsync)
WRAP(fdatasync)
WRAP(syncfs)

int msync(void *start, size_t length, int flags) {
    static int (*next)(void *, size_t, int);
    if (!next) next = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
    if (flags & MS_SYNC) note();
    return next(start, length, flags);
}
