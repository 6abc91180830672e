// Processes that may not be looked at, or not in every way.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// PR_SET_DUMPABLE 0: only root may trace it, or see its descriptors.
STAND(not_dumpable) {
    (void)count; (void)arguments;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    announce();
    rest();
}

static void refuse(const int *numbers, int count, uint32_t otherwise) {
    struct sock_filter program[32];
    int length = 0;
    program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int index = 0; index < count; index++) {
        program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[index], 0, 1);
        program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise == SECCOMP_RET_ALLOW ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW);
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
    struct sock_fprog filter = {(unsigned short)length, program};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) { printf("skipped: no seccomp\n"); fflush(stdout); rest(); }
}

/// Any system call but these few ends it: looking at it must add none.
STAND(confined) {
    (void)count; (void)arguments;
    static const int few[] = {SYS_pause, SYS_rt_sigreturn, SYS_exit_group, SYS_restart_syscall};
    ready();
    refuse(few, 4, SECCOMP_RET_KILL_PROCESS);
    rest();
}

/// Executes the rest of its arguments, where tracing and reading of other processes' memory are refused.
STAND(deny_ptrace) {
    static const int refused[] = {SYS_ptrace, SYS_process_vm_readv, SYS_pidfd_getfd};
    if (count < 1) exit(64);
    alarm(0);
    refuse(refused, 3, SECCOMP_RET_ALLOW);
    execvp(arguments[0], arguments);
    exit(127);
}

/// Forks all the time: children that end at once, and others that end a little later.
STAND(forks) {
    (void)count; (void)arguments;
    ready();
    for (unsigned turn = 0;; turn++) {
        pid_t pid = child();
        if (pid == 0) { if (turn % 2) usleep(500); _exit(0); }
        waitpid(pid, NULL, 0);
    }
}

static struct sockaddr_in address_of(const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

/// connect-nobody HOST PORT: connects, sends a byte, and waits for an answer.
STAND(connect_nobody) {
    if (count < 2) exit(64);
    struct sockaddr_in address = address_of(arguments[0], atoi(arguments[1]));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    announce();
    char byte = 'x';
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 || write(fd, &byte, 1) != 1) exit(1);
    if (read(fd, &byte, 1) < 0) exit(1);
}

/// echo-once HOST PORT: listens, accepts one connection, reads its byte, and says nothing.
STAND(echo_once) {
    if (count < 2) exit(64);
    struct sockaddr_in address = address_of(arguments[0], atoi(arguments[1]));
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4) < 0) exit(1);
    ready();
    char byte;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 || read(fd, &byte, 1) != 1) exit(1);
    rest();
}
