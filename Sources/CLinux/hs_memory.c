#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_memory.h"
#include "hs_outside.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, PIECES = 64, AT_ONCE = 4 << 20 };

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

/// How many bytes from `address` on lie in pages that are there, in memory or swapped out: those are read without
/// asking anybody. Bits 63 and 62 of an entry, Documentation/admin-guide/mm/pagemap.rst.
static size_t present(pid_t pid, uint64_t address, size_t length) {
    if (address + (length - 1) < address) return 0;
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    uint64_t page = address / PAGE, last = (address + (length - 1)) / PAGE, entries[512];
    size_t found = 0, asked = 0;
    do {
        asked = last - page + 1 < 512 ? last - page + 1 : 512;
        ssize_t got = pread(fd, entries, asked * sizeof *entries, (off_t)(page * sizeof *entries));
        for (found = 0; got > 0 && found < (size_t)got / sizeof *entries && entries[found] >> 62 != 0;) found++;
        page += found;
    } while (found == asked && page <= last);
    close(fd);
    if (page > last) return length;
    return page * PAGE > address ? (size_t)(page * PAGE - address) : 0;
}

static ssize_t read_at_once(pid_t pid, uint64_t address, void *buffer, size_t length) {
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

ssize_t hs_read_memory(pid_t pid, uint64_t address, void *buffer, size_t length) {
    size_t done = 0;
    // In pieces, so that one that is merely slow is not taken for one that never ends.
    while (done < length) {
        size_t piece = length - done < AT_ONCE ? length - done : AT_ONCE;
        int refused = hs_outside_begin(HS_OUTSIDE_MEMORY, pid, NULL);
        if (refused) return done > 0 ? (ssize_t)done : refused;
        size_t allowed = hs_outside_memory(pid) == HS_MEMORY_WHOLE ? piece : present(pid, address + done, piece);
        ssize_t got = allowed == 0 ? -EFAULT : read_at_once(pid, address + done, (char *)buffer + done, allowed);
        hs_outside_end();
        if (got < 0) return done > 0 ? (ssize_t)done : got;
        done += (size_t)got;
        if ((size_t)got < piece) break;
    }
    return (ssize_t)done;
}

/// How many of the pieces, from the first on, were copied whole by one call.
static size_t read_together(pid_t pid, hs_memory_piece *pieces, size_t count) {
    struct iovec local[PIECES], remote[PIECES];
    for (size_t index = 0; index < count; index++) {
        local[index] = (struct iovec){pieces[index].buffer, pieces[index].length};
        remote[index] = (struct iovec){(void *)(uintptr_t)pieces[index].address, pieces[index].length};
    }
    if (hs_outside_begin(HS_OUTSIDE_MEMORY, pid, NULL)) return 0;
    ssize_t left = hs_outside_memory(pid) == HS_MEMORY_WHOLE ? process_vm_readv(pid, local, count, remote, count, 0) : 0;
    hs_outside_end();
    size_t whole = 0;
    while (whole < count && left >= (ssize_t)pieces[whole].length) {
        left -= (ssize_t)pieces[whole].length;
        pieces[whole].copied = (ssize_t)pieces[whole].length;
        whole++;
    }
    return whole;
}

void hs_read_pieces(pid_t pid, hs_memory_piece *pieces, size_t count) {
    for (size_t next = 0; next < count;) {
        size_t few = 0, planned = 0;
        while (few < PIECES && next + few < count && (planned += pieces[next + few].length) <= AT_ONCE) few++;
        size_t whole = few ? read_together(pid, pieces + next, few) : 0;
        next += whole;
        if (whole == few && few > 0) continue;
        pieces[next].copied = hs_read_memory(pid, pieces[next].address, pieces[next].buffer, pieces[next].length);
        next++;
    }
}

ssize_t hs_find(const void *bytes, size_t length, const void *needle, size_t needle_length) {
    const char *found = memmem(bytes, length, needle, needle_length);
    return found ? found - (const char *)bytes : -1;
}
#else
typedef int hs_memory_unused;
#endif
