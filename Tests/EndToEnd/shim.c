/* Preloaded into the service: a disk and a clock that tests command through files which the environment names.
 *
 *   SHIM_SLOW     while this file exists, a sync takes 200 ms
 *   SHIM_FAIL     while this file exists, a sync is EIO
 *   SHIM_JOURNAL  "begin TIME", then "end TIME" or "failed TIME" is appended for each sync, in monotonic nanoseconds
 *   SHIM_AHEAD    the seconds that this file holds are added to the time of day
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void find_real(void) {
    real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
}

static int present(const char *variable) {
    const char *path = getenv(variable);
    return path != NULL && access(path, F_OK) == 0;
}

static void note(const char *what) {
    const char *path = getenv("SHIM_JOURNAL");
    if (path == NULL) return;
    struct timespec now;
    real_clock(CLOCK_MONOTONIC, &now);
    char line[64];
    int length = snprintf(line, sizeof line, "%s %lld\n", what, now.tv_sec * 1000000000LL + now.tv_nsec);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (write(file, line, length) < 0) { /* A journal with a gap fails its test. */ }
    close(file);
}

static int synced(int (*real)(int), int file) {
    note("begin");
    if (present("SHIM_SLOW")) {
        struct timespec time = {0, 200000000};
        nanosleep(&time, NULL);
    }
    int result = -1;
    int code = EIO;
    if (!present("SHIM_FAIL")) {
        result = real(file);
        code = errno;
    }
    note(result == 0 ? "end" : "failed");
    errno = code;
    return result;
}

int fsync(int file) { return synced(real_fsync, file); }
int fdatasync(int file) { return synced(real_fdatasync, file); }

static long long ahead(void) {
    const char *path = getenv("SHIM_AHEAD");
    if (path == NULL) return 0;
    int code = errno;
    char text[32] = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
        close(file);
    }
    errno = code;
    return atoll(text);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (real_clock == NULL) find_real();
    int result = real_clock(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
    return result;
}
