// System V semaphores and queues whose other user has exited, or does not read. They are removed at the end.
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int set = -1, queue = -1;

static void clear(int signal) {
    (void)signal;
    if (set >= 0) semctl(set, 0, IPC_RMID);
    if (queue >= 0) msgctl(queue, IPC_RMID, NULL);
    _exit(0);
}

static void clear_at_end(void) { signal(SIGTERM, clear); signal(SIGALRM, clear); }

/// The process that took the semaphore has exited with it.
STAND(semaphore_taken) {
    (void)count; (void)arguments;
    struct sembuf give = {0, 1, 0}, take = {0, -1, 0};
    set = semget(IPC_PRIVATE, 1, 0600);
    clear_at_end();
    semop(set, &give, 1);
    pid_t pid = child();
    if (pid == 0) { semop(set, &take, 1); _exit(0); }
    waitpid(pid, NULL, 0);
    announce();
    while (semop(set, &take, 1) < 0 && errno == EINTR) {}
}

static void take_of(unsigned short number) { struct sembuf take = {number, -1, 0}; while (semop(set, &take, 1) < 0 && errno == EINTR) {} }

/// Two processes take two semaphores, each in its own order; with `feeder`, one that will give some back is asleep beside them.
static void cross(int feeder) {
    struct sembuf give[2] = {{0, 1, 0}, {1, 1, 0}};
    int turns[2];
    char byte = 1;
    set = semget(IPC_PRIVATE, 2, 0600);
    clear_at_end();
    semop(set, give, 2);
    take_of(0);
    if (pipe(turns) < 0) return;
    if (child() == 0) { take_of(1); (void)!write(turns[1], &byte, 1); take_of(0); _exit(0); }
    (void)!read(turns[0], &byte, 1);
    if (feeder && child() == 0) { sleep(600); semop(set, give, 2); _exit(0); }
    announce();
    take_of(1);
}
STAND(semaphores_crossed) { (void)count; (void)arguments; cross(0); }
/// Its healthy twin.
STAND(semaphores_fed) { (void)count; (void)arguments; cross(1); }

struct message { long type; char text[512]; };

/// The process that took the request out of the queue has exited without an answer.
STAND(queue_orphan) {
    (void)count; (void)arguments;
    struct message message = {1, "request"};
    queue = msgget(IPC_PRIVATE, 0600);
    clear_at_end();
    pid_t pid = child();
    if (pid == 0) { msgrcv(queue, &message, sizeof message.text, 1, 0); _exit(0); }
    msgsnd(queue, &message, sizeof message.text, 0);
    waitpid(pid, NULL, 0);
    announce();
    while (msgrcv(queue, &message, sizeof message.text, 2, 0) < 0 && errno == EINTR) {}
}

/// Nobody takes anything out of the queue.
STAND(queue_full) {
    (void)count; (void)arguments;
    struct message message = {1, "work"};
    queue = msgget(IPC_PRIVATE, 0600);
    clear_at_end();
    announce();
    for (;;) msgsnd(queue, &message, sizeof message.text, 0);
}

/// Milliseconds were taken for seconds.
STAND(sleep_mistaken) {
    (void)count; (void)arguments;
    struct timespec time = {3000000, 0};
    announce();
    nanosleep(&time, NULL);
}

/// A POSIX queue into which nobody puts anything; a child has it open too.
STAND(queue_posix) {
    (void)count; (void)arguments;
    char name[64], text[64];
    struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = sizeof text};
    snprintf(name, sizeof name, "/standing-%d", getpid());
    mqd_t posix = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    if (posix < 0) { printf("skipped: no POSIX message queues\n"); fflush(stdout); rest(); }
    mq_unlink(name);
    if (child() == 0) rest();
    announce();
    while (mq_receive(posix, text, sizeof text, NULL) < 0 && errno == EINTR) {}
}
