#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_memory.h"
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, PIECES = 64 };

/// Page by page: process_vm_readv promises short reads only between iovecs.
static ssize_t read_pages(pid_t pid, uint64_t address, void *buffer, size_t length) {
    struct iovec local = {buffer, 0};
    struct iovec remote[PIECES];
    size_t done = 0;
    while (done < length) {
        int pieces = 0;
        size_t planned = 0;
        while (pieces < PIECES && done + planned < length) {
            uint64_t at = address + done + planned;
            if (at < address) break;  // wrapped around
            size_t piece = PAGE - (size_t)(at % PAGE);
            if (piece > length - done - planned) piece = length - done - planned;
            remote[pieces].iov_base = (void *)(uintptr_t)at;
            remote[pieces].iov_len = piece;
            planned += piece;
            pieces++;
        }
        if (pieces == 0) break;
        local.iov_base = (char *)buffer + done;
        local.iov_len = planned;
        ssize_t got = process_vm_readv(pid, &local, 1, remote, (unsigned long)pieces, 0);
        if (got < 0) return done > 0 ? (ssize_t)done : -errno;
        done += (size_t)got;
        if ((size_t)got < planned) break;
    }
    return (ssize_t)done;
}

ssize_t hs_read_memory(pid_t pid, uint64_t address, void *buffer, size_t length) {
    if (length == 0) return 0;
    // In one piece first, a quarter faster than one iovec a page; if some of it is unreadable, the rest page by page.
    struct iovec local = {buffer, length};
    struct iovec remote = {(void *)(uintptr_t)address, length};
    ssize_t got = address + (length - 1) < address ? -1 : process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (got == (ssize_t)length) return got;
    size_t done = got > 0 ? (size_t)got : 0;
    ssize_t more = read_pages(pid, address + done, (char *)buffer + done, length - done);
    if (more < 0) return done > 0 ? (ssize_t)done : more;
    return (ssize_t)done + more;
}
#else
typedef int hs_memory_unused;
#endif
