#define _GNU_SOURCE
#include "hs_ipc.h"

#include <errno.h>
#include <sys/msg.h>
#include <sys/sem.h>

int hs_semaphore_last(int set, int number) {
    int pid = semctl(set, number, GETPID);
    return pid < 0 ? -errno : pid;
}

int hs_queue_last(int queue, int *sender, int *receiver) {
    struct msqid_ds state;
    if (msgctl(queue, IPC_STAT, &state) < 0) return -errno;
    *sender = state.msg_lspid;
    *receiver = state.msg_lrpid;
    return 0;
}
