// Waits for file locks that a child holds. Each takes the file's path as its argument.
#define _GNU_SOURCE
#include "kinds.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

static struct flock region(short type, off_t start, off_t length) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return lock;
}

int opened(const char *path, const char *suffix) {
    char whole[4096];
    snprintf(whole, sizeof whole, "%s%s", path, suffix);
    int fd = open(whole, O_CREAT | O_RDWR, 0600);
    if (fd < 0) exit(1);
    return fd;
}

/// Forks a holder that runs `take` on its own descriptor, and returns when it holds.
static void hold(const char *path, const char *suffix, void (*take)(int fd)) {
    int pipes[2];
    if (pipe(pipes) < 0) exit(1);
    if (child() == 0) {
        take(opened(path, suffix));
        (void)!write(pipes[1], ".", 1);
        close(pipes[0]);
        close(pipes[1]);
        rest();
    }
    close(pipes[1]);
    char byte;
    if (read(pipes[0], &byte, 1) != 1) exit(1);
    close(pipes[0]);
}

static void take_posix(int fd) { struct flock lock = region(F_WRLCK, 100, 50); fcntl(fd, F_SETLKW, &lock); }
static void take_ofd(int fd) { struct flock lock = region(F_WRLCK, 0, 0); fcntl(fd, F_OFD_SETLKW, &lock); }
static void take_flock(int fd) { flock(fd, LOCK_EX); }
/// BEGIN IMMEDIATE of a rollback journal: SHARED and RESERVED.
static void take_reserved(int fd) {
    struct flock shared = region(F_RDLCK, 0x40000002, 510), reserved = region(F_WRLCK, 0x40000001, 1);
    fcntl(fd, F_SETLK, &shared);
    fcntl(fd, F_SETLK, &reserved);
}
static void take_wal_writer(int fd) { struct flock lock = region(F_WRLCK, 120, 1); fcntl(fd, F_SETLK, &lock); }

STAND(lock_posix) {
    if (count < 1) return;
    hold(arguments[0], "", take_posix);
    int fd = opened(arguments[0], "");
    struct flock lock = region(F_WRLCK, 120, 10);
    announce();
    fcntl(fd, F_SETLKW, &lock);
}

/// Waits for a lock of a process that is no relative.
STAND(lock_behind) {
    if (count < 1) return;
    int fd = opened(arguments[0], "");
    struct flock lock = region(F_WRLCK, 120, 10);
    announce();
    fcntl(fd, F_SETLKW, &lock);
}

STAND(lock_ofd) {
    if (count < 1) return;
    hold(arguments[0], "", take_ofd);
    int fd = opened(arguments[0], "");
    struct flock lock = region(F_WRLCK, 0, 0);
    announce();
    fcntl(fd, F_OFD_SETLKW, &lock);
}

STAND(lock_flock) {
    if (count < 1) return;
    hold(arguments[0], "", take_flock);
    int fd = opened(arguments[0], "");
    announce();
    flock(fd, LOCK_EX);
}

static void take_and_compute(int fd) {
    flock(fd, LOCK_EX);
    if (fork() != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (volatile unsigned long row = 0;; row++) {}
}

/// Who holds the lock waits for a child of its own that is at its work.
STAND(lock_at_work) {
    if (count < 1) return;
    hold(arguments[0], "", take_and_compute);
    int fd = opened(arguments[0], "");
    announce();
    flock(fd, LOCK_EX);
}

/// SQLite's busy handler: tries, sleeps, tries again.
static void try_again_and_again(int fd, struct flock lock) {
    ready();
    while (fcntl(fd, F_SETLK, &lock) < 0) usleep(50000);
}

STAND(lock_sqlite) {
    if (count < 1) return;
    hold(arguments[0], "", take_reserved);
    try_again_and_again(opened(arguments[0], ""), region(F_WRLCK, 0x40000001, 1));
}

STAND(lock_sqlite_wal) {
    if (count < 1) return;
    opened(arguments[0], "");
    hold(arguments[0], "-shm", take_wal_writer);
    try_again_and_again(opened(arguments[0], "-shm"), region(F_WRLCK, 120, 1));
}

static void take_wal_reader(int fd) { struct flock lock = region(F_RDLCK, 124, 1); fcntl(fd, F_SETLK, &lock); }

/// A checkpoint that is to begin the log anew: has the writer's and the checkpointer's byte, and waits for who still reads.
STAND(lock_sqlite_checkpoint) {
    if (count < 1) return;
    opened(arguments[0], "");
    hold(arguments[0], "-shm", take_wal_reader);
    int fd = opened(arguments[0], "-shm");
    struct flock own = region(F_WRLCK, 120, 2);
    fcntl(fd, F_SETLK, &own);
    try_again_and_again(fd, region(F_WRLCK, 124, 1));
}
