// What can be asked only of a descriptor itself: of a copy of another process's, by pidfd_getfd(2).
#pragma once
#include <sys/types.h>

/// Whether a blocking call on socket `fd` of process `pid` has a timeout (SO_RCVTIMEO for
/// `receiving`, else SO_SNDTIMEO): 1 yes, 0 no, negative errno when that cannot be asked.
int hs_socket_has_timeout(pid_t pid, int fd, int receiving);

/// Bytes that lie unread in a pipe (FIONREAD) and its capacity (F_GETPIPE_SZ), asked on a
/// copy of process `pid`'s descriptor by pidfd_getfd(2).
int hs_pipe_fill(pid_t pid, int fd, int *queued, int *capacity);

/// Domain (AF_*), type (SOCK_*) and whether it listens, of a socket that sock_diag does not list.
int hs_socket_kind(pid_t pid, int fd, int *domain, int *type, int *listens);
