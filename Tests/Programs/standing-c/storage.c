// File systems that do not answer: a FUSE server of a few lines in a child, one file in it.
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { the_folder = 1, the_file = 2, file_size = 1 << 20 };

static void answer(int device, uint64_t unique, int error, const void *data, size_t size) {
    struct fuse_out_header head = {.len = sizeof head + (error ? 0 : size), .error = -error, .unique = unique};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)data, error ? 0 : size}};
    if (writev(device, parts, 2) < 0 && errno != ENOENT) exit(1);
}

static struct fuse_attr attributes(uint64_t node) {
    struct fuse_attr attr = {.ino = node, .nlink = 1, .mode = node == the_folder ? S_IFDIR | 0755 : S_IFREG | 0444};
    attr.size = node == the_file ? file_size : 0;
    return attr;
}

/// Keeps still until the reader is killed, who could not end while its request is under way; a server that has gone frees it.
static void keep_still(pid_t reader) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", reader);
    for (;;) {
        FILE *status = fopen(path, "r");
        unsigned long long pending = ~0ull;
        while (status && fgets(line, sizeof line, status)) if (sscanf(line, "SigPnd: %llx", &pending) == 1) break;
        if (status) fclose(status);
        if (pending >> (SIGKILL - 1) & 1) exit(0);
        struct timespec pause = {0, 50000000};
        nanosleep(&pause, NULL);
    }
}

/// Answers everything but, when `silent`, reads: those are taken and kept. Otherwise each takes a twentieth of a second.
static void serve_files(int device, pid_t reader, int silent) {
    static char buffer[1 << 20], zeros[1 << 17];
    for (;;) {
        ssize_t size = read(device, buffer, sizeof buffer);
        if (size < (ssize_t)sizeof(struct fuse_in_header)) {
            if (size < 0 && (errno == EINTR || errno == ENOENT)) continue;
            exit(0);
        }
        struct fuse_in_header *in = (void *)buffer;
        if (in->opcode == FUSE_INIT) {
            struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 1 << 16};
            answer(device, in->unique, 0, &out, sizeof out);
        } else if (in->opcode == FUSE_LOOKUP) {
            struct fuse_entry_out out = {.nodeid = the_file, .attr = attributes(the_file)};
            answer(device, in->unique, 0, &out, sizeof out);
        } else if (in->opcode == FUSE_GETATTR) {
            struct fuse_attr_out out = {.attr = attributes(in->nodeid)};
            answer(device, in->unique, 0, &out, sizeof out);
        } else if (in->opcode == FUSE_OPEN) {
            struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO};
            answer(device, in->unique, 0, &out, sizeof out);
        } else if (in->opcode == FUSE_READ && silent) {
            keep_still(reader);
        } else if (in->opcode == FUSE_READ) {
            struct timespec pause = {0, 50000000};
            nanosleep(&pause, NULL);
            struct fuse_read_in *asked = (void *)(in + 1);
            answer(device, in->unique, 0, zeros, asked->size < sizeof zeros ? asked->size : sizeof zeros);
        } else if (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET && in->opcode != FUSE_INTERRUPT) {
            answer(device, in->unique, ENOSYS, NULL, 0);
        }
    }
}

/// In a mount namespace of its own, so that nothing is left mounted. Gives the file, opened.
static int mounted_file(const char *folder, int silent) {
    char options[128], path[4096];
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir(folder, 0700) < 0) goto refused;
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%d,group_id=%d", device, getuid(), getgid());
    if (mount("standing", folder, "fuse", 0, options) < 0) { rmdir(folder); goto refused; }
    pid_t reader = getpid();
    if (child() == 0) serve_files(device, reader, silent);
    close(device);
    snprintf(path, sizeof path, "%s/file", folder);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) return file;
refused:
    printf("skipped: FUSE file systems may not be mounted here (%s)\n", strerror(errno));
    exit(0);
}

STAND(disk_silent) {
    static char block[4096];
    int file = mounted_file(count > 0 ? arguments[0] : "/tmp/standing-fuse", 1);
    announce();
    if (read(file, block, sizeof block) < 0) interrupted();
    rest();
}

STAND(disk_slow) {
    static char block[4096];
    int file = mounted_file(count > 0 ? arguments[0] : "/tmp/standing-fuse", 0);
    ready();
    for (long at = 0;; at = (at + (long)sizeof block) % file_size)
        if (pread(file, block, sizeof block, at) < 0) exit(1);
}
