#pragma once
#include <stddef.h>
#include <sys/types.h>

/// What hs_spawn starts. All pointers stay the caller's; arrays of strings end with NULL.
struct hs_spawn_request {
    const char *path;
    char *const *argv;
    char *const *envp;
    /// NULL: the parent's.
    const char *directory;
    /// Descriptor sources[i] of this process becomes targets[i] of the child; all others are closed there.
    const int *targets;
    const int *sources;
    int mapping_count;
    int new_group;
    int new_session;
    /// PR_SET_PTRACER_ANY, so that Yama's ptrace_scope=1 does not forbid tracing it.
    int allow_tracing;
    /// PR_SET_PDEATHSIG SIGKILL: dies with the *thread* that called hs_spawn.
    int end_with_parent;
};

enum hs_spawn_step { HS_SPAWN_NONE, HS_SPAWN_FORK, HS_SPAWN_DIRECTORY, HS_SPAWN_DESCRIPTORS, HS_SPAWN_EXEC };

/// Forks and executes. Returns 0 with *pid set, or errno with *step telling where it failed.
int hs_spawn(const struct hs_spawn_request *request, pid_t *pid, int *step);

/// Sends one message with descriptors (at most 64) over a SOCK_SEQPACKET socket. Returns 0 or errno.
int hs_send_message(int socket, const void *bytes, size_t length, const int *descriptors, int count);

/// Receives one message without waiting. *count is the room in `descriptors` and then how many came (close-on-exec).
/// Returns the length, 0 at the end, or -errno (-EAGAIN when none is there).
ssize_t hs_receive_message(int socket, void *bytes, size_t capacity, int *descriptors, int *count);

/// prctl(PR_SET_CHILD_SUBREAPER): orphaned descendants become children of this process.
int hs_become_subreaper(void);

/// Whether a wait status (waitpid(2)) is an exit, and its status; else the signal that ended it.
int hs_wait_exited(int status, int *code);

int hs_pidfd_open(pid_t pid);
/// Lets an eventfd count the signals of a number from now on; -1 ignores them.
/// By a handler, not signalfd(2): with threads that do not block the signal a signalfd misses it.
void hs_count_signal(int number, int event);

/// eventfd(2), not blocking, close-on-exec; negative when there is none to be had.
int hs_event_descriptor(void);

/// pipe2(2) with O_CLOEXEC.
int hs_make_pipe(int ends[2]);
