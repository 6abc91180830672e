// Memory that somebody else is to fill, and does not.
#define _GNU_SOURCE
#include "kinds.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

static void wake(int signal) { (void)signal; }

/// Fills 64 MiB when it gets SIGUSR1.
STAND(eat_memory) {
    (void)count; (void)arguments;
    enum { size = 64 << 20 };
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    signal(SIGUSR1, wake);
    announce();
    pause();
    for (size_t at = 0; at < size; at += 4096) memory[at] = 1;
    rest();
}
