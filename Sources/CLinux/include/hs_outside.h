// Calls whose end depends on another process or on a file system, and may never come: memory that a userfaultfd
// fills, a server of FUSE or NFS that is gone, a lock of the kernel on a process's memory.
//
// Such a call cannot be interrupted, only the process that made it be given up. So the work is done in a child;
// its parent watches the calls that are under way, and where one does not end kills the child and starts another,
// which leaves out what did not answer.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HS_OUTSIDE_FILE, HS_OUTSIDE_MEMORY };

/// How far a process's memory is left out.
enum { HS_MEMORY_WHOLE, HS_MEMORY_PRESENT_ONLY, HS_MEMORY_CLOSED };

/// Forks. Returns in the child, with the number of the attempt, from 0 on; the parent ends with the child's status.
/// To be called while there is one thread only. Where it cannot be done it returns too, and nothing is watched.
int hs_work_watched(const char *name);

/// The process that watches this one; 0 where none does.
pid_t hs_watcher(void);

/// Announces a call. `pid` is the process that it is about, 0 for none; `path` as that process sees it, for files.
/// Returns 0, or -ETIMEDOUT where it is known not to end: then it must not be made, nor `hs_outside_end` called.
/// Calls within calls count as the outermost.
int hs_outside_begin(int kind, pid_t pid, const char *path);
void hs_outside_end(void);

/// How far the memory of a process may be read.
int hs_outside_memory(pid_t pid);

/// What did not answer and is left out, by number: 0 beyond the last. Memory has no path.
int hs_outside_closed(int number, int *kind, pid_t *pid, char *path, size_t capacity);

/// Keeps a line of input until it has been dealt with, for the next attempt.
void hs_pending_keep(const char *line);
/// The line that an earlier attempt did not come to the end of; 0 when there is none.
int hs_pending(char *line, size_t capacity);
