#pragma once
#include "hs_outside.h"
#include <stdatomic.h>

enum { MAXIMUM_CALLS = 64, MAXIMUM_CLOSED = 24, PATH_CAPACITY = 512, PENDING_CAPACITY = 8192 };

/// A call that a thread of the child is in.
struct call {
    _Atomic uint64_t since_ns;  // 0 when in none; written last
    pid_t tid, pid;
    int kind;
    char path[PATH_CAPACITY];
};

struct closed { int kind; pid_t pid; int level; char path[PATH_CAPACITY]; };

/// Shared by both processes; outlives each child.
struct board {
    pid_t watcher;
    struct call calls[MAXIMUM_CALLS];
    _Atomic int threads;
    int closed_count;
    struct closed closed[MAXIMUM_CLOSED];
    char pending[PENDING_CAPACITY];
};

extern struct board *hs_board;

/// Whether a file of /proc is read under the lock on the process's memory (fs/proc: those that call get_task_mm).
int hs_is_memory_file(const char *path);
