// Waits for time, signals, messages and children; processes of odd shapes.
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

pid_t child(void) {
    pid_t pid = fork();
    if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (pid < 0) exit(1);
    return pid;
}

void rest(void) { for (;;) pause(); }

STAND(sleep_long) {
    (void)count; (void)arguments;
    struct timespec time = {7200, 0};
    announce();
    while (nanosleep(&time, &time) < 0) interrupted();
}

STAND(sleep_until) {
    (void)count; (void)arguments;
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += 5000;
    announce();
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0) interrupted();
}

STAND(wait_child) {
    (void)count; (void)arguments;
    pid_t pid = child();
    if (pid == 0) rest();
    announce();
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) interrupted();
}

/// The parent of a vfork is in uninterruptible sleep until the child has gone.
STAND(wait_vfork) {
    (void)count; (void)arguments;
    announce();
    pid_t pid = vfork();
    if (pid == 0) {
        // Only system calls that touch no memory: it is the parent's.
        syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;) syscall(SYS_pause);
    }
}

STAND(wait_signal) {
    (void)count; (void)arguments;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    struct timespec timeout = {6000, 0};
    announce();
    while (sigtimedwait(&signals, NULL, &timeout) < 0) interrupted();
}

static volatile sig_atomic_t has_ended;
static void on_end(int number) { (void)number; has_ended = 1; }

/// Waits for the signal of a child's end, which came before.
STAND(child_missed) {
    (void)count; (void)arguments;
    struct sigaction action = {.sa_handler = on_end};
    sigaction(SIGCHLD, &action, NULL);
    if (child() == 0) _exit(0);
    while (!has_ended) usleep(1000);
    sigset_t none;
    sigemptyset(&none);
    ready();
    sigsuspend(&none);
}

STAND(wait_pause) { (void)count; (void)arguments; announce(); for (;;) { pause(); interrupted(); } }

static int set, queue;
static void remove_set(int signal) { (void)signal; semctl(set, 0, IPC_RMID); _exit(0); }
static void remove_queue(int signal) { (void)signal; msgctl(queue, IPC_RMID, NULL); _exit(0); }

STAND(semop_wait) {
    (void)count; (void)arguments;
    set = semget(IPC_PRIVATE, 1, 0600);
    signal(SIGTERM, remove_set);
    signal(SIGALRM, remove_set);
    struct sembuf take = {0, -1, 0};
    announce();
    while (semop(set, &take, 1) < 0 && errno == EINTR) interrupted();
}

STAND(message_wait) {
    (void)count; (void)arguments;
    queue = msgget(IPC_PRIVATE, 0600);
    signal(SIGTERM, remove_queue);
    signal(SIGALRM, remove_queue);
    struct { long type; char text[8]; } message;
    announce();
    while (msgrcv(queue, &message, sizeof message.text, 0, 0) < 0 && errno == EINTR) interrupted();
}

static void *outlive(void *x) {
    // The leader is a zombie by then.
    ready_when_asleep(getpid());
    rest();
    return x;
}

/// The first thread has exited, another lives on.
STAND(zombie_leader) {
    (void)count; (void)arguments;
    begin("survivor", outlive, NULL);
    pthread_exit(NULL);
}

/// Executes itself again and again: every few milliseconds another program image.
STAND(exec_again) {
    char number[16];
    int turn = count > 0 ? atoi(arguments[0]) : 0;
    if (turn == 0) ready();
    if (turn > 2000) return;
    snprintf(number, sizeof number, "%d", turn + 1);
    usleep(3000);
    execl("/proc/self/exe", "standing-c", "exec-again", number, NULL);
}

/// Ends a moment after it said ready.
STAND(short_lived) {
    ready();
    usleep(count > 0 ? (useconds_t)atoi(arguments[0]) : 1000);
}

/// Tells a child to end, which blocks the signal, and waits for it; `fetches`: the child takes note, and does some more first.
static void end_child(int fetches) {
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGTERM);
    sigprocmask(SIG_BLOCK, &told, NULL);
    pid_t worker = child();
    if (worker == 0) {
        if (fetches) { int signal; sigwait(&told, &signal); }
        for (;;) usleep(200000);
    }
    kill(worker, SIGTERM);
    announce();
    waitpid(worker, NULL, 0);
}

STAND(child_deaf) { (void)count; (void)arguments; end_child(0); }
/// Its healthy twin, as far as anybody can tell.
STAND(child_tidies) { (void)count; (void)arguments; end_child(1); }
