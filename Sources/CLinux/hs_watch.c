#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_outside_private.h"
#include "hs_proc.h"
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// Ten looks, a tenth of a second apart: counted by looks, for we may have been stopped ourselves meanwhile.
enum { LOOK_MS = 100, LOOKS = 10, ATTEMPTS = 8, KILLED_MS = 300 };

/// A thread that runs, or waits for a processor, is slow, not stuck.
static int is_asleep(pid_t tid) {
    char state = hs_proc_state(tid);
    return state != 0 && state != 'R';
}

/// The mount point that a path lies below, as process `pid` has it: longest match in mountinfo, proc(5).
static void mount_point(pid_t pid, const char *path, char *found, size_t capacity) {
    char file_name[64], line[4096], point[PATH_CAPACITY];
    if (pid > 0) snprintf(file_name, sizeof file_name, "/proc/%d/mountinfo", pid);
    else strcpy(file_name, "/proc/self/mountinfo");
    snprintf(found, capacity, "%s", path);
    size_t best = 1;  // below / lies everything: that one file is left out
    FILE *file = fopen(file_name, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*s %*s %*s %*s %511s", point) != 1) continue;
        size_t length = strlen(point);
        if (length > best && length < capacity && strncmp(path, point, length) == 0 && (path[length] == 0 || path[length] == '/')) {
            best = length;
            strcpy(found, point);
        }
    }
    if (file) fclose(file);
}

/// Leaves out what a call waits for, from the next attempt on.
static void close_what(const struct call *call) {
    if (hs_board->closed_count == MAXIMUM_CLOSED) return;
    struct closed *closed = &hs_board->closed[hs_board->closed_count];
    memset(closed, 0, sizeof *closed);
    closed->pid = call->pid;
    if (call->kind == HS_OUTSIDE_MEMORY || hs_is_memory_file(call->path)) {
        closed->kind = HS_OUTSIDE_MEMORY;
        closed->level = call->kind == HS_OUTSIDE_MEMORY && hs_outside_memory(call->pid) == HS_MEMORY_WHOLE
            ? HS_MEMORY_PRESENT_ONLY : HS_MEMORY_CLOSED;
    } else {
        closed->kind = HS_OUTSIDE_FILE;
        if (strncmp(call->path, "/proc/", 6) == 0) strcpy(closed->path, call->path);
        else mount_point(call->pid, call->path, closed->path, sizeof closed->path);
    }
    hs_board->closed_count++;
}

/// Waits for the child's end, or until one of its calls is stuck: that call, or NULL.
static const struct call *watch(pid_t child, int *status) {
    struct pollfd end = {(int)syscall(SYS_pidfd_open, child, 0), POLLIN, 0};
    uint64_t seen[MAXIMUM_CALLS] = {0};
    int looks[MAXIMUM_CALLS] = {0};
    const struct call *stuck = NULL;
    for (;;) {
        pid_t got = waitpid(child, status, WNOHANG);
        if (got == child || (got < 0 && errno != EINTR)) break;
        // Where the end cannot be polled for, it is looked for often.
        if (end.fd >= 0) poll(&end, 1, LOOK_MS);
        else poll(NULL, 0, LOOK_MS / 10);
        for (int index = 0; index < MAXIMUM_CALLS && !stuck; index++) {
            struct call *call = &hs_board->calls[index];
            uint64_t since = atomic_load(&call->since_ns);
            looks[index] = since != 0 && since == seen[index] && is_asleep(call->tid) ? looks[index] + 1 : 0;
            seen[index] = since;
            if (looks[index] >= (end.fd >= 0 ? LOOKS : LOOKS * 10)) stuck = call;
        }
        if (stuck) break;
    }
    if (end.fd >= 0) close(end.fd);
    return stuck;
}

/// Kills it; one that waits for a file server's answer ends when that server does, and is not waited for.
static void give_up(pid_t child) {
    kill(child, SIGKILL);
    int status;
    for (int waited = 0; waited < KILLED_MS && waitpid(child, &status, WNOHANG) == 0; waited += 10) poll(NULL, 0, 10);
}

static void end_like(const char *name, int status) {
    if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
    int number = WTERMSIG(status);
    if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGPIPE || number == SIGQUIT) {
        signal(number, SIG_DFL);
        raise(number);
    }
    fprintf(stderr, "hangscope %s: the process that looks ended by signal %d; what it looked at goes on untouched.\n", name, number);
    _exit(70);
}

/// As a rule it lives for less than a second: memory is taken in large pieces and not given back in between.
static void use_memory_freely(void) {
    mallopt(M_TOP_PAD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

int hs_work_watched(const char *name) {
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) return 0;
    board->watcher = getpid();
    hs_board = board;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        pid_t child = fork();
        if (child < 0 && attempt > 0) break;
        if (child <= 0) {
            // Nobody watches where there could be no child.
            if (child < 0) { hs_board = NULL; munmap(board, sizeof *board); return 0; }
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            use_memory_freely();
            if (getppid() != board->watcher) _exit(127);
            return attempt;
        }
        int status = 0;
        const struct call *stuck = watch(child, &status);
        if (!stuck) end_like(name, status);
        close_what(stuck);
        give_up(child);
        memset(board->calls, 0, sizeof board->calls);
        atomic_store(&board->threads, 0);
    }
    fprintf(stderr, "hangscope %s: given up, for too much of what it asks for does not answer.\n", name);
    _exit(70);
}
#else
typedef int hs_watch_unused;
#endif
