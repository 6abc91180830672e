// Memory and files that somebody else is to fill, and does not.
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void skip(const char *what) { printf("skipped: %s\n", what); fflush(stdout); rest(); }

static void *touch(void *page) { return (void *)(long)*(volatile char *)page; }

/// A thread waits for a page, and another for a mutex, whose word lies beside it in memory that is not there.
STAND(page_missing) {
    (void)count; (void)arguments;
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0) skip("userfaultfd");
    char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {{(uintptr_t)memory, 1 << 20}, UFFDIO_REGISTER_MODE_MISSING, 0};
    if (ioctl(fd, UFFDIO_REGISTER, &range) < 0) skip("userfaultfd");
    begin("toucher", touch, memory + 4096 * 3);
    announce();
    // The system call itself faults on the path that it is to open.
    open(memory + 4096 * 8, O_RDONLY);
}

/// Answers requests of FUSE until a file is read, and then no more: linux/fuse.h.
static void serve_until_read(int device) {
    static char buffer[1 << 17];
    for (;;) {
        ssize_t length = read(device, buffer, sizeof buffer);
        if (length < 0 && errno == EINTR) continue;
        if (length < (ssize_t)sizeof(struct fuse_in_header)) return;
        struct fuse_in_header *in = (struct fuse_in_header *)buffer;
        struct { struct fuse_out_header head; union { struct fuse_init_out init; struct fuse_entry_out entry; struct fuse_attr_out attr; struct fuse_open_out open; } body; } out;
        memset(&out, 0, sizeof out);
        out.head.unique = in->unique;
        size_t size = 0;
        if (in->opcode == FUSE_INIT) {
            out.body.init = (struct fuse_init_out){.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096};
            size = sizeof out.body.init;
        } else if (in->opcode == FUSE_LOOKUP) {
            out.body.entry.nodeid = 2;
            out.body.entry.attr = (struct fuse_attr){.ino = 2, .mode = S_IFREG | 0600, .size = 4096, .nlink = 1};
            size = sizeof out.body.entry;
        } else if (in->opcode == FUSE_GETATTR) {
            int root = in->nodeid == 1;
            out.body.attr.attr = (struct fuse_attr){.ino = in->nodeid, .mode = root ? S_IFDIR | 0700 : S_IFREG | 0600, .size = 4096, .nlink = 1};
            size = sizeof out.body.attr;
        } else if (in->opcode == FUSE_OPEN) {
            size = sizeof out.body.open;
        } else if (in->opcode == FUSE_READ) {
            return;
        } else {
            out.head.error = -ENOSYS;
        }
        out.head.len = (uint32_t)(sizeof out.head + size);
        if (write(device, &out, out.head.len) < 0 && errno != ENOENT) return;
    }
}

/// file-silent FOLDER: reads a file whose server went silent. It lives in a mount namespace of its own.
STAND(file_silent) {
    if (count < 1) return;
    char options[128], path[4096];
    int device = open("/dev/fuse", O_RDWR);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (device < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("hangscope", arguments[0], "fuse", 0, options) < 0) skip("a FUSE mount");
    if (child() == 0) { serve_until_read(device); rest(); }
    // The server's end ends the connection, so that nobody waits for ever; not while we hold it too.
    close(device);
    snprintf(path, sizeof path, "%s/file", arguments[0]);
    char byte;
    int fd = open(path, O_RDONLY);
    if (fd < 0) exit(1);
    announce();
    (void)!read(fd, &byte, 1);
}
