// File systems that do not answer: a FUSE server of a few lines in a child, one file in it.
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/// Set when a read has come that is not answered.
static volatile int *taken;

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

/// The number in a line of the reader's status, to the base given.
static unsigned long long status(pid_t reader, const char *name, int base, char *state) {
    char path[64], line[256];
    unsigned long long value = ~0ull;
    snprintf(path, sizeof path, "/proc/%d/status", reader);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        sscanf(line, "State: %c", state);
        if (strncmp(line, name, strlen(name)) == 0) value = strtoull(line + strlen(name), NULL, base);
    }
    if (file) fclose(file);
    return value;
}

/// The reader was killed, and cannot end while its request is under way; a server that has gone frees it.
static void end_with(pid_t reader, char *state) {
    if (status(reader, "SigPnd:", 16, state) >> (SIGKILL - 1) & 1) exit(0);
}

static void keep_still(pid_t reader) {
    for (char state;;) {
        end_with(reader, &state);
        struct timespec pause = {0, 50000000};
        nanosleep(&pause, NULL);
    }
}

/// For the program whose memory is locked, which cannot say so itself: until there is a request.
static void wait_for_request(int device, pid_t reader) {
    static int is_ready;
    struct pollfd request = {device, POLLIN, 0};
    while (poll(&request, 1, 20) == 0) {
        char state = 0;
        end_with(reader, &state);
        if (state == 'D' && !is_ready++) ready();
    }
}

enum { SLOW, SILENT, SILENT_CACHED };

/// Answers everything but reads: those are taken and kept, or when SLOW take a twentieth of a second each. When SILENT_CACHED it goes on
/// answering the rest meanwhile, and the kernel caches the file when it is opened for the first time.
static void serve_files(int device, pid_t reader, int way) {
    static char buffer[1 << 20], zeros[1 << 17];
    int opened = 0;
    for (;;) {
        if (way == SILENT_CACHED) wait_for_request(device, reader);
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
            struct fuse_open_out out = {.open_flags = way == SILENT_CACHED && opened++ == 0 ? 0 : FOPEN_DIRECT_IO | FOPEN_KEEP_CACHE};
            answer(device, in->unique, 0, &out, sizeof out);
        } else if (in->opcode == FUSE_READ && way == SILENT_CACHED) {
            *taken = 1;
        } else if (in->opcode == FUSE_READ && way == SILENT) {
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
static int mounted_file(const char *folder, int way) {
    char options[128], path[4096];
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir(folder, 0700) < 0) goto refused;
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%d,group_id=%d", device, getuid(), getgid());
    if (mount("standing", folder, "fuse", 0, options) < 0) { rmdir(folder); goto refused; }
    pid_t reader = getpid();
    if (child() == 0) serve_files(device, reader, way);
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
    int file = mounted_file(count > 0 ? arguments[0] : "/tmp/standing-fuse", SILENT);
    announce();
    if (read(file, block, sizeof block) < 0) interrupted();
    rest();
}

STAND(disk_slow) {
    static char block[4096];
    int file = mounted_file(count > 0 ? arguments[0] : "/tmp/standing-fuse", SLOW);
    ready();
    for (long at = 0;; at = (at + (long)sizeof block) % file_size)
        if (pread(file, block, sizeof block, at) < 0) exit(1);
}

static void *read_first(void *file) {
    static char block[4096];
    if (read((int)(long)file, block, sizeof block) < 0) return NULL;
    return NULL;
}

/// A mapping that waits, with the lock on the process's memory, for a page that is being read from a server that keeps silent: nobody
/// can read that memory, nor can this process ask for any.
STAND(memory_locked) {
    const char *folder = count > 0 ? arguments[0] : "/tmp/standing-fuse";
    char path[4096];
    taken = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int file = mounted_file(folder, SILENT_CACHED);
    begin("reader", read_first, (void *)(long)file);
    while (!*taken) usleep(1000);
    snprintf(path, sizeof path, "%s/file", folder);
    int again = open(path, O_RDONLY | O_CLOEXEC);
    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, again, 0);
    rest();
}
