// Moving bytes between sockets: calls that glibc declares under _GNU_SOURCE only.
#pragma once

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

// splice(2) with SPLICE_F_MOVE | SPLICE_F_NONBLOCK; a count, 0 at the end, or a negative errno.
int64_t hs_splice(int from, int to, size_t most);
// accept4(2), non-blocking and close-on-exec; a descriptor or a negative errno.
int hs_accept(int listener);
// pipe2(2), non-blocking and close-on-exec; `bytes` above 0 asks for that capacity and lives with less.
int hs_stream_pipe(int ends[2], int bytes);
// ppoll(2) without a signal mask; a negative time waits for ever.
int hs_poll(struct pollfd *polled, size_t count, int64_t nanoseconds);
// Blocks SIGPIPE in this thread: splice(2) has no flag against it.
void hs_block_sigpipe(void);
