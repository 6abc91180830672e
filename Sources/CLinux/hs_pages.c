#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_pages.h"
#include "hs_memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ENTRIES = 512, RUN = 64, AREA = 32 };

ssize_t hs_present_pages(pid_t pid, uint64_t start, uint64_t end, uint64_t *pages, size_t capacity) {
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    uint64_t entries[ENTRIES];
    size_t found = 0;
    for (uint64_t page = start / HS_PAGE; page < end / HS_PAGE && found < capacity;) {
        uint64_t left = end / HS_PAGE - page;
        ssize_t got = pread(fd, entries, (left < ENTRIES ? left : ENTRIES) * sizeof *entries, (off_t)(page * sizeof *entries));
        if (got < (ssize_t)sizeof *entries) break;
        // Bit 63: Documentation/admin-guide/mm/pagemap.rst.
        for (size_t index = 0; index < (size_t)got / sizeof *entries && found < capacity; index++)
            if (entries[index] >> 63) pages[found++] = (page + index) * HS_PAGE;
        page += (size_t)got / sizeof *entries;
    }
    close(fd);
    return (ssize_t)found;
}

/// By words, on four lanes: the multiplications of one do not wait for those of another.
static uint64_t digest(const unsigned char *page) {
    uint64_t lanes[4] = {1, 2, 3, 4}, words[4];
    for (size_t at = 0; at < HS_PAGE; at += sizeof words) {
        memcpy(words, page + at, sizeof words);
        for (int lane = 0; lane < 4; lane++) lanes[lane] = (lanes[lane] ^ words[lane]) * 0x9e3779b97f4a7c15u ^ lanes[lane] >> 29;
    }
    uint64_t all = 0xcbf29ce484222325u;
    for (int lane = 0; lane < 4; lane++) all = (all ^ lanes[lane] ^ lanes[lane] >> 32) * 0x100000001b3u;
    return all ? all : 1;
}

void hs_digest_pages(pid_t pid, const uint64_t *pages, size_t count, const uint64_t *areas, size_t area_count, uint64_t *digests) {
    unsigned char buffer[RUN * HS_PAGE];
    for (size_t first = 0, length; first < count; first += length) {
        for (length = 1; length < RUN && first + length < count && pages[first + length] == pages[first] + length * HS_PAGE;) length++;
        ssize_t got = hs_read_memory(pid, pages[first], buffer, length * HS_PAGE);
        // Aligned to 32 bytes: none lies across two pages.
        for (size_t index = 0; index < area_count; index++)
            if (areas[index] >= pages[first] && areas[index] - pages[first] <= length * HS_PAGE - AREA) memset(buffer + (areas[index] - pages[first]), 0, AREA);
        for (size_t index = 0; index < length; index++)
            digests[first + index] = got >= (ssize_t)((index + 1) * HS_PAGE) ? digest(buffer + index * HS_PAGE) : 0;
    }
}
#else
typedef int hs_pages_unused;
#endif
