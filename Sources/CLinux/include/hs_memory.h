// Reading another process's memory.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Copies up to `length` bytes at `address` of process (or thread) `pid`. Returns the bytes
/// copied, which may be fewer at the end of a mapping, or a negative errno: process_vm_readv(2).
ssize_t hs_read_memory(pid_t pid, uint64_t address, void *buffer, size_t length);

typedef struct {
    uint64_t address;
    void *buffer;
    size_t length;
    /// Bytes copied, or a negative errno; as `hs_read_memory` returns them.
    ssize_t copied;
} hs_memory_piece;

/// The same for many short pieces, in fewer calls.
void hs_read_pieces(pid_t pid, hs_memory_piece *pieces, size_t count);

/// Where `needle` first lies within `length` bytes from `bytes` on; -1 where it does not: memmem(3).
ssize_t hs_find(const void *bytes, size_t length, const void *needle, size_t needle_length);
