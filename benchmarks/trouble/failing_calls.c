/* Lets calls to the system fail, wait, or tell another time: below one folder, and at random.
 *
 * A call may also bring a signal to its process. Preloaded (ld.so(8)). FAILING_BELOW names the folder. FAILING_CONTROL names a file that says what
 * happens now and counts what happened: `struct control`, which `benchmarks.trouble.shim`
 * writes and reads while processes run. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { READ, WRITE, OPEN_READ, OPEN_WRITE, SYNC, RENAME, LINK, MKDIR, UNLINK, NUM_CALLS };

struct control {
    int64_t calls;       /* a bit for each kind of call that fails or waits */
    int64_t error;       /* errno of a call that fails; 0: none fails */
    int64_t per_10000;   /* how many calls of these kinds are hit */
    int64_t is_done;     /* whether a call that changes a name is done all the same */
    int64_t delay_us;    /* how long a call waits that is hit */
    int64_t offset_s;    /* how far the clock is off that Python reads */
    int64_t seed;        /* seeds what is drawn */
    int64_t first, last; /* only these of the calls of these kinds may be hit, from 0 on */
    int64_t num_calls;   /* calls of these kinds so far */
    int64_t signum;      /* the signal that comes to a process before a call that is hit; 0: none */
    int64_t counts[NUM_CALLS];
    int64_t num_times;   /* how often a wrong time was told */
};

static struct control *control;
static char below[PATH_MAX];
static size_t below_length;
static __thread uint64_t drawn, seeded_by, number; /* threads are numbered as they first draw */
static uint64_t num_threads;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("FAILING_CONTROL"), *folder = getenv("FAILING_BELOW");
    if (file == NULL || folder == NULL) return;
    int fd = REAL(open)(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED) return;
    below_length = (size_t)snprintf(below, sizeof below, "%s/", folder);
    control = mapped;
}

static uint64_t draw(void) { /* xorshift64* */
    uint64_t seed = (uint64_t)control->seed + 1;
    if (number == 0) number = __atomic_add_fetch(&num_threads, 1, __ATOMIC_RELAXED);
    if (seeded_by != seed) seeded_by = seed, drawn = seed * 0x9E3779B97F4A7C15u ^ number << 17;
    drawn ^= drawn >> 12, drawn ^= drawn << 25, drawn ^= drawn >> 27;
    return drawn * 0x2545F4914F6CDD1Du >> 33;
}

static int is_below(const char *path) { return strncmp(path, below, below_length) == 0; }

static int is_fd_below(int fd) {
    char name[64], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int is_path_below(int folder, const char *path) {
    if (path == NULL) return 0;
    if (path[0] == '/') return is_below(path);
    char name[64], place[PATH_MAX], joined[2 * PATH_MAX];
    snprintf(name, sizeof name, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(name, place, sizeof place - 1);
    if (length < 0) return 0;
    place[length] = 0;
    snprintf(joined, sizeof joined, "%s/%s", place, path);
    return is_below(joined);
}

/* Whether a call fails; one that waits has waited. */
static int is_hit(enum call call) {
    int before = errno;
    if (!(control->calls >> call & 1)) return 0;
    int64_t number = __atomic_fetch_add(&control->num_calls, 1, __ATOMIC_RELAXED);
    if (number < control->first || number > control->last) return 0;
    if ((int64_t)(draw() % 10000) >= control->per_10000) return 0;
    __atomic_add_fetch(&control->counts[call], 1, __ATOMIC_RELAXED);
    if (control->signum) kill(getpid(), (int)control->signum);
    if (control->delay_us) {
        struct timespec time = {control->delay_us / 1000000, control->delay_us % 1000000 * 1000};
        nanosleep(&time, NULL);
    }
    errno = before;
    return control->error != 0;
}

static int is_active(void) { return control != NULL && control->calls != 0; }

#define HIT_FD(call, fd) (is_active() && is_fd_below(fd) && is_hit(call))
#define HIT_PATH(call, folder, path) (is_active() && is_path_below(folder, path) && is_hit(call))
#define FAIL return errno = (int)control->error, -1

ssize_t read(int fd, void *into, size_t size) {
    if (HIT_FD(READ, fd)) FAIL;
    return REAL(read)(fd, into, size);
}

ssize_t write(int fd, const void *from, size_t size) {
    if (HIT_FD(WRITE, fd)) FAIL;
    return REAL(write)(fd, from, size);
}

ssize_t writev(int fd, const struct iovec *parts, int num) {
    if (HIT_FD(WRITE, fd)) FAIL;
    return REAL(writev)(fd, parts, num);
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    if (HIT_FD(WRITE, fd)) FAIL;
    return REAL(pwrite64)(fd, from, size, at);
}

int fsync(int fd) {
    if (HIT_FD(SYNC, fd)) FAIL;
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    if (HIT_FD(SYNC, fd)) FAIL;
    return REAL(fdatasync)(fd);
}

static int opens_to_write(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; }

#define OPEN(name, folder, ...)                                                       \
    mode_t mode = 0;                                                                  \
    if (flags & (O_CREAT | O_TMPFILE)) {                                              \
        va_list rest;                                                                 \
        va_start(rest, flags);                                                        \
        mode = va_arg(rest, mode_t);                                                  \
        va_end(rest);                                                                 \
    }                                                                                 \
    if (HIT_PATH(opens_to_write(flags) ? OPEN_WRITE : OPEN_READ, folder, path)) FAIL; \
    return REAL(name)(__VA_ARGS__, flags, mode)

int open(const char *path, int flags, ...) { OPEN(open, AT_FDCWD, path); }
int open64(const char *path, int flags, ...) { OPEN(open64, AT_FDCWD, path); }
int openat(int folder, const char *path, int flags, ...) { OPEN(openat, folder, folder, path); }
int openat64(int folder, const char *path, int flags, ...) { OPEN(openat64, folder, folder, path); }

#define CHANGE(call, folder, path, real)    \
    if (HIT_PATH(call, folder, path)) {     \
        if (control->is_done) (void)!(real); \
        FAIL;                               \
    }                                       \
    return real

int rename(const char *from, const char *to) { CHANGE(RENAME, AT_FDCWD, to, REAL(rename)(from, to)); }

int renameat(int f, const char *from, int t, const char *to) {
    CHANGE(RENAME, t, to, REAL(renameat)(f, from, t, to));
}

int link(const char *from, const char *to) { CHANGE(LINK, AT_FDCWD, to, REAL(link)(from, to)); }

int linkat(int f, const char *from, int t, const char *to, int flags) {
    CHANGE(LINK, t, to, REAL(linkat)(f, from, t, to, flags));
}

int mkdir(const char *path, mode_t mode) { CHANGE(MKDIR, AT_FDCWD, path, REAL(mkdir)(path, mode)); }

int unlink(const char *path) { CHANGE(UNLINK, AT_FDCWD, path, REAL(unlink)(path)); }

int unlinkat(int folder, const char *path, int flags) {
    CHANGE(UNLINK, folder, path, REAL(unlinkat)(folder, path, flags));
}

/* Other programs wait for moments of the right clock, so only Python itself is told a wrong one. */
static int is_python(const void *caller) {
    Dl_info info;
    if (control == NULL || control->offset_s == 0 || !dladdr(caller, &info)) return 0;
    const char *name = strrchr(info.dli_fname, '/');
    name = name == NULL ? info.dli_fname : name + 1;
    return strncmp(name, "python", 6) == 0 || strncmp(name, "libpython", 9) == 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = REAL(clock_gettime)(clock, time);
    if (!failed && clock == CLOCK_REALTIME && is_python(__builtin_return_address(0))) {
        time->tv_sec += control->offset_s;
        __atomic_add_fetch(&control->num_times, 1, __ATOMIC_RELAXED);
    }
    return failed;
}
