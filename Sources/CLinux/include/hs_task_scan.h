// One pass over a copied piece of another process's heap, for everything the task forest begins with.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum hs_task_hit_kind {
    HS_HIT_TASK,
    /// A piece of a task's own stack.
    HS_HIT_SLAB,
    /// glibc's thread control block: `tcbhead_t` holds its own address twice, at +0 (tcb) and +0x10 (self).
    HS_HIT_THREAD_BLOCK,
};

typedef struct hs_task_hit {
    uint32_t offset;
    uint32_t kind;
} hs_task_hit;

typedef struct hs_task_words {
    /// First words of tasks and of slabs; 0 for what is not looked for.
    uint64_t task, slab;
} hs_task_words;

/// Finds the 16-byte aligned places in `bytes` (whose address in the other process is `base`; `length` below 4 GiB)
/// that begin with one of the words, and thread control blocks at multiples of 64.
///
/// Begins at offset `*next`; writes at most `capacity` hits, ascending, returns how many, and sets `*next` to where
/// to go on: `length` at the end.
size_t hs_scan_tasks(
    const void *bytes, size_t length, uint64_t base, hs_task_words words, hs_task_hit *hits, size_t capacity, size_t *next);

typedef struct hs_address_range {
    uint64_t start, end;
} hs_address_range;

/// Finds where an image keeps the runtime's debug variables, by their shape, when it has no symbols: the metadata of
/// jobs and, a little above it, of tasks, both in `image`, and then four functions in `code` (the runtime's Debug.h).
///
/// Returns the offset in `bytes` of the first of these six words at or behind `start`; `length` when there is none.
size_t hs_find_runtime_variables(
    const void *bytes, size_t length, size_t start, hs_address_range image, hs_address_range code);
