// Records what programs do to the files below a folder, and what they send, in one order.
//
// Preloaded (LD_PRELOAD) by scripts/power-cut, which replays the record. $POWER_CUT_FOLDER is the
// folder, $POWER_CUT_LOG the record. Each call and its entry are made under one lock of all
// processes, so the order of the record is the order of what happened. Nothing is really synced:
// the replay takes what was not synced away.
//
// What is written through a memory map is not seen. SQLite's index of its log (-shm) is; it holds
// nothing that outlives a crash. Standard output that goes into a log file is not seen either.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FD 65536
#define SENT_BYTES 2048

// One entry; two paths and the data follow.
struct entry {
    uint32_t bytes;
    uint8_t kind;
    uint8_t flag;
    uint16_t path_bytes, other_bytes, unused;
    uint32_t process;
    uint64_t file;
    int64_t offset;
} __attribute__((packed));

static char folder[PATH_MAX];
static size_t folder_bytes;
static int record = -1;
// The file behind each descriptor below the folder, by inode; 0 where there is none.
static uint64_t files[MAX_FD];
static pthread_mutex_t threads = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("POWER_CUT_FOLDER"), *log = getenv("POWER_CUT_LOG");
    if (!path || !log || !realpath(path, folder)) return;
    folder_bytes = strlen(folder);
    record = REAL(open)(log, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static void enter(void) {
    pthread_mutex_lock(&threads);
    if (record >= 0) flock(record, LOCK_EX);
}

static void leave(void) {
    int code = errno;
    if (record >= 0) flock(record, LOCK_UN);
    pthread_mutex_unlock(&threads);
    errno = code;
}

static void note(char kind, int flag, uint64_t file, int64_t offset, const char *path,
                 const char *other, const void *data, size_t bytes) {
    if (record < 0) return;
    int code = errno;
    struct entry entry = {.kind = kind, .flag = flag, .process = getpid(), .file = file,
                          .offset = offset, .path_bytes = path ? strlen(path) : 0,
                          .other_bytes = other ? strlen(other) : 0};
    entry.bytes = sizeof entry + entry.path_bytes + entry.other_bytes + bytes;
    struct iovec parts[] = {{&entry, sizeof entry}, {(void *)path, entry.path_bytes},
                            {(void *)other, entry.other_bytes}, {(void *)data, bytes}};
    // A record that is cut short would be worse than none.
    if (REAL(writev)(record, parts, 4) != (ssize_t)entry.bytes) _exit(99);
    errno = code;
}

static int is_below(const char *path) {
    return folder_bytes && strncmp(path, folder, folder_bytes) == 0
        && (path[folder_bytes] == '/' || path[folder_bytes] == 0);
}

// The whole path of a name; the parent is resolved, the last component is not.
static int whole(const char *path, char *out) {
    char copy[PATH_MAX], parent[PATH_MAX];
    if (!path || strlen(path) >= PATH_MAX) return 0;
    strcpy(copy, path);
    size_t end = strlen(copy);
    while (end > 1 && copy[end - 1] == '/') copy[--end] = 0;
    char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    if (slash) *slash = 0;
    if (!realpath(slash ? (slash == copy ? "/" : copy) : ".", parent)) return 0;
    if (strlen(parent) + strlen(name) + 2 > PATH_MAX) return 0;
    strcpy(out, parent);
    if (strcmp(parent, "/") != 0) strcat(out, "/");
    strcat(out, name);
    return is_below(out);
}

static uint64_t inode(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

// The file behind a descriptor, if it is one of ours and still the same.
static uint64_t known(int descriptor) {
    if (descriptor < 0 || descriptor >= MAX_FD || !files[descriptor]) return 0;
    if (inode(descriptor) != files[descriptor]) files[descriptor] = 0;
    return files[descriptor];
}

static int opened(int (*call)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    if (!whole(path, full)) {
        int descriptor = call(path, flags, mode);
        if (descriptor >= 0 && descriptor < MAX_FD) files[descriptor] = 0;
        return descriptor;
    }
    enter();
    struct stat before;
    int was_there = stat(full, &before) == 0;
    int descriptor = call(path, flags, mode);
    if (descriptor >= 0 && descriptor < MAX_FD) {
        files[descriptor] = inode(descriptor);
        if (!was_there) note('C', 0, files[descriptor], 0, full, NULL, NULL, 0);
        else if (flags & O_TRUNC) note('T', 0, files[descriptor], 0, full, NULL, NULL, 0);
    }
    leave();
    return descriptor;
}

#define OPEN(name)                                                       \
    int name(const char *path, int flags, ...) {                         \
        va_list rest;                                                    \
        va_start(rest, flags);                                           \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                    \
        return opened((int (*)(const char *, int, ...))REAL(name), path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

int close(int descriptor) {
    if (descriptor >= 0 && descriptor < MAX_FD) files[descriptor] = 0;
    return REAL(close)(descriptor);
}

#define WRITE(name, signature, arguments, place)                         \
    ssize_t name signature {                                             \
        if (!known(file)) return REAL(name) arguments;                   \
        enter();                                                         \
        ssize_t count = REAL(name) arguments;                            \
        if (count > 0) note('W', 0, known(file), place, NULL, NULL, data, count); \
        leave();                                                         \
        return count;                                                    \
    }
WRITE(write, (int file, const void *data, size_t bytes), (file, data, bytes),
      lseek(file, 0, SEEK_CUR) - count)
WRITE(pwrite, (int file, const void *data, size_t bytes, off_t offset),
      (file, data, bytes, offset), offset)
WRITE(pwrite64, (int file, const void *data, size_t bytes, off64_t offset),
      (file, data, bytes, offset), offset)

#define TRUNCATE(name, type)                                             \
    int name(int file, type length) {                                    \
        if (!known(file)) return REAL(name)(file, length);               \
        enter();                                                         \
        int result = REAL(name)(file, length);                           \
        if (result == 0) note('T', 0, known(file), length, NULL, NULL, NULL, 0); \
        leave();                                                         \
        return result;                                                   \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name)                                                       \
    int name(int file) {                                                 \
        if (!known(file)) return REAL(name)(file);                       \
        enter();                                                         \
        note('S', 0, known(file), 0, NULL, NULL, NULL, 0);               \
        leave();                                                         \
        return 0;                                                        \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TWO_NAMES(name, kind)                                            \
    int name(const char *path, const char *other) {                      \
        char from[PATH_MAX], to[PATH_MAX];                               \
        int is_ours = whole(path, from);                                 \
        is_ours = whole(other, to) && is_ours;                           \
        if (!is_ours) return REAL(name)(path, other);                    \
        enter();                                                         \
        int result = REAL(name)(path, other);                            \
        if (result == 0) note(kind, 0, 0, 0, from, to, NULL, 0);         \
        leave();                                                         \
        return result;                                                   \
    }
TWO_NAMES(rename, 'R')
TWO_NAMES(link, 'L')

#define ONE_NAME(name, kind)                                             \
    int name(const char *path) {                                         \
        char full[PATH_MAX];                                             \
        if (!whole(path, full)) return REAL(name)(path);                 \
        enter();                                                         \
        int result = REAL(name)(path);                                   \
        if (result == 0) note(kind, 0, 0, 0, full, NULL, NULL, 0);       \
        leave();                                                         \
        return result;                                                   \
    }
ONE_NAME(unlink, 'U')
ONE_NAME(rmdir, 'U')
ONE_NAME(remove, 'U')

int mkdir(const char *path, mode_t mode) {
    char full[PATH_MAX];
    if (!whole(path, full)) return REAL(mkdir)(path, mode);
    enter();
    int result = REAL(mkdir)(path, mode);
    struct stat status;
    if (result == 0 && stat(full, &status) == 0) {
        note('M', 0, status.st_ino, 0, full, NULL, NULL, 0);
    }
    leave();
    return result;
}

// Names that this record cannot follow: none of them is used today.
#define UNSUPPORTED(name, signature) \
    int name signature { _exit(98); }
UNSUPPORTED(renameat, (int a, const char *b, int c, const char *d))
UNSUPPORTED(renameat2, (int a, const char *b, int c, const char *d, unsigned e))

// Frames are noted before they are sent: from then on the other side may have read them.
int zmq_send(void *socket, const void *data, size_t bytes, int flags) {
    enter();
    note('Z', (flags & 2) != 0, (uint64_t)(uintptr_t)socket, 0, NULL, NULL, data,
         bytes < SENT_BYTES ? bytes : SENT_BYTES);
    leave();
    return ((int (*)(void *, const void *, size_t, int))dlsym(RTLD_NEXT, "zmq_send"))(socket, data, bytes, flags);
}
