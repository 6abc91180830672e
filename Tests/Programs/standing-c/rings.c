// io_uring without its library: one read of a pipe that stays empty.
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

STAND(ring_read) {
    (void)count; (void)arguments;
    static char block[64];
    int ends[2];
    struct io_uring_params parameters;
    memset(&parameters, 0, sizeof parameters);
    int ring = (int)syscall(SYS_io_uring_setup, 4, &parameters);
    if (ring < 0 || pipe(ends) < 0) { printf("skipped: io_uring_setup: %s\n", strerror(errno)); fflush(stdout); rest(); }
    size_t size = parameters.sq_off.array + parameters.sq_entries * sizeof(uint32_t);
    char *queue = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *entries = mmap(NULL, parameters.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    entries[0] = (struct io_uring_sqe){.opcode = IORING_OP_READ, .fd = ends[0], .addr = (uintptr_t)block, .len = sizeof block, .user_data = 7};
    ((uint32_t *)(queue + parameters.sq_off.array))[0] = 0;
    __atomic_store_n((uint32_t *)(queue + parameters.sq_off.tail), 1, __ATOMIC_RELEASE);
    announce();
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) interrupted();
    rest();
}
