// The pages of another process's memory: which are there, and what they hold, as numbers to compare.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HS_PAGE = 4096 };

/// Addresses of the pages of [start, end) that are in memory, at most `capacity`: reading those costs the process nothing.
/// Returns their number, or a negative errno.
ssize_t hs_present_pages(pid_t pid, uint64_t start, uint64_t end, uint64_t *pages, size_t capacity);

/// One number for the content of each page (in ascending order); 0 for one that cannot be read. The process runs on.
/// What the kernel itself writes (rseq(2)) is left out: 32 bytes from each address of `areas` on.
void hs_digest_pages(pid_t pid, const uint64_t *pages, size_t count, const uint64_t *areas, size_t area_count, uint64_t *digests);
