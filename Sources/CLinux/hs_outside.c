#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_outside_private.h"
#include "hs_trace.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct board *hs_board;
static _Thread_local struct call *own;
static _Thread_local pid_t own_tid;
static _Thread_local int depth;

int hs_is_memory_file(const char *path) {
    static const char *names[] = {"maps", "smaps", "smaps_rollup", "numa_maps", "pagemap", "mem", "cmdline", "environ", "auxv"};
    if (strncmp(path, "/proc/", 6) != 0) return 0;
    const char *last = strrchr(path, '/') + 1;
    for (size_t index = 0; index < sizeof names / sizeof *names; index++)
        if (strcmp(last, names[index]) == 0) return 1;
    return 0;
}

pid_t hs_watcher(void) { return hs_board ? hs_board->watcher : 0; }

int hs_outside_memory(pid_t pid) {
    int level = HS_MEMORY_WHOLE;
    for (int index = 0; hs_board && index < hs_board->closed_count; index++) {
        const struct closed *closed = &hs_board->closed[index];
        if (closed->kind == HS_OUTSIDE_MEMORY && closed->pid == pid && closed->level > level) level = closed->level;
    }
    return level;
}

static int is_closed(int kind, pid_t pid, const char *path) {
    if (kind == HS_OUTSIDE_MEMORY || hs_is_memory_file(path)) return hs_outside_memory(pid) == HS_MEMORY_CLOSED;
    for (int index = 0; index < hs_board->closed_count; index++) {
        const struct closed *closed = &hs_board->closed[index];
        size_t length = strlen(closed->path);
        if (closed->kind == HS_OUTSIDE_FILE && strncmp(path, closed->path, length) == 0 && (path[length] == 0 || path[length] == '/')) return 1;
    }
    return 0;
}

int hs_outside_begin(int kind, pid_t pid, const char *path) {
    if (!hs_board) return 0;
    if (pid == 0 && path && strncmp(path, "/proc/", 6) == 0) pid = atoi(path + 6);
    if (hs_board->closed_count > 0 && is_closed(kind, pid, path ? path : "")) return -ETIMEDOUT;
    if (depth++ > 0) return 0;
    if (!own) {
        int number = atomic_fetch_add(&hs_board->threads, 1);
        // Threads come and go: an entry is reused, and the latest user's call stands in it.
        own = &hs_board->calls[number % MAXIMUM_CALLS];
        own_tid = (pid_t)syscall(SYS_gettid);
    }
    own->tid = own_tid;
    own->pid = pid;
    own->kind = kind;
    own->path[0] = 0;
    if (path) strncat(own->path, path, PATH_CAPACITY - 1);
    atomic_store(&own->since_ns, hs_monotonic_ns());
    return 0;
}

void hs_outside_end(void) {
    if (!hs_board || --depth > 0) return;
    atomic_store(&own->since_ns, 0);
}

int hs_outside_closed(int number, int *kind, pid_t *pid, char *path, size_t capacity) {
    if (!hs_board || number < 0 || number >= hs_board->closed_count || capacity == 0) return 0;
    const struct closed *closed = &hs_board->closed[number];
    *kind = closed->kind;
    *pid = closed->pid;
    path[0] = 0;
    strncat(path, closed->path, capacity - 1);
    return 1;
}

void hs_pending_keep(const char *line) {
    if (!hs_board) return;
    hs_board->pending[0] = 0;
    if (strlen(line) < PENDING_CAPACITY) strcpy(hs_board->pending, line);
}

int hs_pending(char *line, size_t capacity) {
    if (!hs_board || hs_board->pending[0] == 0 || strlen(hs_board->pending) >= capacity) return 0;
    strcpy(line, hs_board->pending);
    return 1;
}
#else
typedef int hs_outside_unused;
#endif
