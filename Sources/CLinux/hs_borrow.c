#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_borrow.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/// A copy of another process's descriptor, or a negative errno; needs the right to trace it.
static int borrow(pid_t pid, int fd) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0) return -errno;
    int copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
    int error = errno;
    close(process);
    return copy < 0 ? -error : copy;
}

int hs_socket_has_timeout(pid_t pid, int fd, int receiving) {
    // Only sockets are borrowed: closing a copy of a file makes a file system flush it.
    char path[64], target[16] = "";
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    if (readlink(path, target, sizeof target - 1) < 0) return -errno;
    if (strncmp(target, "socket:", 7) != 0) return 0;
    int copy = borrow(pid, fd);
    if (copy < 0) return copy;
    struct timeval timeout = {0, 0};
    socklen_t length = sizeof timeout;
    int result = getsockopt(copy, SOL_SOCKET, receiving ? SO_RCVTIMEO : SO_SNDTIMEO, &timeout, &length) < 0
        ? -errno : timeout.tv_sec != 0 || timeout.tv_usec != 0;
    close(copy);
    return result == -ENOTSOCK ? 0 : result;
}

int hs_pipe_fill(pid_t pid, int fd, int *queued, int *capacity) {
    int copy = borrow(pid, fd);
    if (copy < 0) return copy;
    int result = 0;
    *capacity = fcntl(copy, F_GETPIPE_SZ);
    if (*capacity < 0 || ioctl(copy, FIONREAD, queued) < 0) result = -errno;
    close(copy);
    return result;
}

int hs_socket_kind(pid_t pid, int fd, int *domain, int *type, int *listens) {
    int copy = borrow(pid, fd);
    if (copy < 0) return copy;
    socklen_t length = sizeof(int);
    int result = 0;
    *listens = 0;
    if (getsockopt(copy, SOL_SOCKET, SO_DOMAIN, domain, &length) < 0 || getsockopt(copy, SOL_SOCKET, SO_TYPE, type, &length) < 0) result = -errno;
    // Families without listeners do not know it.
    else if (getsockopt(copy, SOL_SOCKET, SO_ACCEPTCONN, listens, &length) < 0) *listens = 0;
    close(copy);
    return result;
}
#else
typedef int hs_borrow_unused;
#endif
