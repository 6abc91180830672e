#define _GNU_SOURCE
#include "include/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61  // linux/prctl.h
#endif

#define MAX_DESCRIPTORS 64

struct failure {
    int step;
    int number;
};

static void fail(int report, int step) {
    struct failure failure = {step, errno};
    // Nothing to be done when this fails too: the parent sees the pipe close and takes it as started.
    ssize_t ignored = write(report, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

// Between fork and exec: async-signal-safe calls only (signal-safety(7)).
static void become(const struct hs_spawn_request *request, int report, pid_t parent) {
    if (request->end_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
    }
    if (request->new_session) {
        setsid();
    } else if (request->new_group) {
        setpgid(0, 0);
    }
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    if (request->directory && chdir(request->directory) != 0) fail(report, HS_SPAWN_DIRECTORY);

    // Sources are first moved above every target, so that no target overwrites a source that is still needed.
    int above = 3;
    for (int i = 0; i < request->mapping_count; i++) {
        if (request->targets[i] >= above) above = request->targets[i] + 1;
    }
    int moved[MAX_DESCRIPTORS];
    int moved_report = fcntl(report, F_DUPFD_CLOEXEC, above);
    if (moved_report < 0) fail(report, HS_SPAWN_DESCRIPTORS);
    report = moved_report;
    for (int i = 0; i < request->mapping_count; i++) {
        moved[i] = fcntl(request->sources[i], F_DUPFD_CLOEXEC, above);
        if (moved[i] < 0) fail(report, HS_SPAWN_DESCRIPTORS);
    }
    // Standard descriptors that are not mapped are closed too, so that nothing of ours is held open.
    syscall(SYS_close_range, 0, ~0U, CLOSE_RANGE_CLOEXEC);
    for (int i = 0; i < request->mapping_count; i++) {
        if (dup2(moved[i], request->targets[i]) < 0) fail(report, HS_SPAWN_DESCRIPTORS);
    }
    if (request->allow_tracing) prctl(PR_SET_PTRACER, -1L, 0, 0, 0);
    execve(request->path, request->argv, request->envp);
    fail(report, HS_SPAWN_EXEC);
}

int hs_spawn(const struct hs_spawn_request *request, pid_t *pid, int *step) {
    *pid = -1;
    *step = HS_SPAWN_NONE;
    if (request->mapping_count > MAX_DESCRIPTORS) {
        *step = HS_SPAWN_DESCRIPTORS;
        return EMFILE;
    }
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        *step = HS_SPAWN_FORK;
        return errno;
    }
    // With all signals blocked no handler of ours runs in the child before they are reset.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) become(request, report[1], parent);
    int fork_errno = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (child < 0) {
        close(report[0]);
        *step = HS_SPAWN_FORK;
        return fork_errno;
    }
    struct failure failure;
    ssize_t length;
    do length = read(report[0], &failure, sizeof failure);
    while (length < 0 && errno == EINTR);
    close(report[0]);
    if (length == (ssize_t)sizeof failure) {
        int status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        *step = failure.step;
        return failure.number ? failure.number : EIO;
    }
    *pid = child;
    return 0;
}

int hs_send_message(int socket, const void *bytes, size_t length, const int *descriptors, int count) {
    if (count > MAX_DESCRIPTORS) return EMFILE;
    struct iovec part = {(void *)bytes, length};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * MAX_DESCRIPTORS)];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
    }
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

ssize_t hs_receive_message(int socket, void *bytes, size_t capacity, int *descriptors, int *count) {
    struct iovec part = {bytes, capacity};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * MAX_DESCRIPTORS)];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    int room = *count;
    *count = 0;
    if (received < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int came = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < came; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + sizeof(int) * i, sizeof(int));
            if (*count < room) descriptors[(*count)++] = descriptor;
            else close(descriptor);
        }
    }
    if (message.msg_flags & MSG_TRUNC) return -EMSGSIZE;
    return received;
}

int hs_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno;
}

int hs_wait_exited(int status, int *code) {
    if (WIFEXITED(status)) {
        *code = WEXITSTATUS(status);
        return 1;
    }
    *code = WTERMSIG(status);
    return 0;
}

int hs_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static _Atomic int signal_events[NSIG];  // descriptor + 1; 0 for none

static void on_signal(int number) {
    int before = errno;
    uint64_t one = 1;
    int event = signal_events[number] - 1;
    ssize_t ignored = event >= 0 ? write(event, &one, sizeof one) : 0;
    (void)ignored;
    errno = before;
}

void hs_count_signal(int number, int event) {
    signal_events[number] = event + 1;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    sigaction(number, &action, NULL);
}

int hs_event_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int hs_make_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
