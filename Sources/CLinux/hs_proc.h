// Small files of /proc, read at once.
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// Reads what fits, and ends it with a NUL; its length, 0 when it cannot be read.
size_t hs_proc_read(const char *path, char *text, size_t capacity);
/// State letter of a thread; 0 when it is gone.
char hs_proc_state(pid_t tid);
