#define _GNU_SOURCE  // MAP_ANONYMOUS, siginfo_t
#include "CKernels.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// The handler walks over all mappings there ever were: they are never freed, but used again. `end`
// is 0 while one is not in use, and is set last and cleared first.
struct sheaf_map {
    _Atomic uintptr_t start;
    _Atomic uintptr_t end;
    atomic_int is_damaged;
    size_t length;
    size_t sentinel;  // 1 + the place of the last byte that is not zero; 0 where there is none
    unsigned char sentinel_byte;
    struct sheaf_map *next;       // of all
    struct sheaf_map *next_free;  // of those that are not in use
};

static _Atomic(sheaf_map *) all_maps;
static sheaf_map *free_maps;
static pthread_mutex_t maps_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t handler_once = PTHREAD_ONCE_INIT;
static struct sigaction handler_before;
static uintptr_t page_bytes;

// The mapping that an address lies in. A mapping that is being read is in use, so it is found.
static sheaf_map *map_of(uintptr_t address) {
    for (sheaf_map *map = atomic_load(&all_maps); map != NULL; map = map->next) {
        const uintptr_t end = atomic_load(&map->end);
        const uintptr_t start = atomic_load(&map->start);
        if (address >= start && address < end && atomic_load(&map->end) == end) { return map; }
    }
    return NULL;
}

// What would have happened without us.
static void pass_on(int number, siginfo_t *information, void *context) {
    if (handler_before.sa_flags & SA_SIGINFO) {
        handler_before.sa_sigaction(number, information, context);
    } else if (handler_before.sa_handler == SIG_DFL || handler_before.sa_handler == SIG_IGN) {
        // The access happens again when this returns, and ends the process then.
        struct sigaction fall = {.sa_handler = SIG_DFL};
        sigaction(number, &fall, NULL);
    } else {
        handler_before.sa_handler(number);
    }
}

// Only calls what a signal handler may: mmap is a plain system call here.
static void page_is_missing(int number, siginfo_t *information, void *context) {
    const int error_before = errno;
    const uintptr_t address = (uintptr_t)information->si_addr;
    sheaf_map *map = map_of(address);
    if (map != NULL) {
        // Marked first: who reads the zeros finds the mark.
        atomic_store(&map->is_damaged, 1);
        const uintptr_t page = address & ~(page_bytes - 1);
        void *zeros = mmap(
            (void *)page, atomic_load(&map->end) - page, PROT_READ,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        if (zeros != MAP_FAILED) {
            errno = error_before;
            return;
        }
    }
    pass_on(number, information, context);
}

static void install_handler(void) {
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = page_is_missing;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &handler_before);
}

static sheaf_map *take_map(void) {
    pthread_mutex_lock(&maps_lock);
    sheaf_map *map = free_maps;
    if (map != NULL) {
        free_maps = map->next_free;
    } else {
        map = calloc(1, sizeof *map);
        if (map != NULL) {
            map->next = atomic_load(&all_maps);
            atomic_store(&all_maps, map);
        }
    }
    pthread_mutex_unlock(&maps_lock);
    return map;
}

static void give_map(sheaf_map *map) {
    pthread_mutex_lock(&maps_lock);
    map->next_free = free_maps;
    free_maps = map;
    pthread_mutex_unlock(&maps_lock);
}

// The file's length; -1, with errno, where it cannot be told.
static long long length_of(int descriptor) {
    struct stat information;
    return fstat(descriptor, &information) == 0 ? (long long)information.st_size : -1;
}

sheaf_map *sheaf_map_open(int descriptor, size_t length) {
    pthread_once(&handler_once, install_handler);
    sheaf_map *map = take_map();
    if (map == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    void *start = mmap(NULL, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (start == MAP_FAILED) {
        const int error = errno;
        give_map(map);
        errno = error;
        return NULL;
    }
    map->length = length;
    atomic_store(&map->is_damaged, 0);
    atomic_store(&map->start, (uintptr_t)start);
    atomic_store(&map->end, (uintptr_t)start + (length + page_bytes - 1) / page_bytes * page_bytes);
    const volatile unsigned char *bytes = start;
    size_t sentinel = length;
    while (sentinel > 0 && bytes[sentinel - 1] == 0) { sentinel--; }
    map->sentinel = sentinel;
    map->sentinel_byte = sentinel > 0 ? bytes[sentinel - 1] : 0;
    // Shortened before this, it shows in the length; after it, in the byte.
    const long long now = length_of(descriptor);
    if (now < 0 || (unsigned long long)now < length || atomic_load(&map->is_damaged)) {
        const int error = now < 0 ? errno : ENODATA;
        sheaf_map_close(map);
        errno = error;
        return NULL;
    }
    return map;
}

const void *sheaf_map_start(const sheaf_map *map) {
    return (const void *)atomic_load(&((sheaf_map *)map)->start);
}

int sheaf_map_is_whole(sheaf_map *map) {
    if (map->sentinel > 0) {
        const volatile unsigned char *bytes = (const void *)atomic_load(&map->start);
        if (bytes[map->sentinel - 1] != map->sentinel_byte) { atomic_store(&map->is_damaged, 1); }
    }
    return !atomic_load(&map->is_damaged);
}

void sheaf_map_close(sheaf_map *map) {
    void *start = (void *)atomic_load(&map->start);
    atomic_store(&map->end, 0);
    munmap(start, map->length);
    give_map(map);
}
