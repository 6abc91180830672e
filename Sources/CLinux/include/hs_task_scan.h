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
