// Locks and pipes that end in themselves, loops that go round, and their healthy twins.
#define _GNU_SOURCE
#include "kinds.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static volatile int flag, sink;

static void *read_and_exit(void *x) { pthread_rwlock_rdlock(&shared); return x; }

/// The reader has exited without giving the lock back.
STAND(rwlock_abandoned) {
    (void)count; (void)arguments;
    pthread_t thread;
    pthread_create(&thread, NULL, read_and_exit, NULL);
    pthread_join(thread, NULL);
    announce();
    pthread_rwlock_wrlock(&shared);
}

static void *wait_for_work(void *x) {
    pthread_mutex_lock(&mutex);
    while (!flag) pthread_cond_wait(&work, &mutex);
    return x;
}

/// The end of a worker that is never told to end.
STAND(join_worker) {
    (void)count; (void)arguments;
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_work, NULL);
    announce();
    pthread_join(thread, NULL);
}

/// Its healthy twin: workers at rest while the main thread waits for connections.
STAND(idle_pool) {
    (void)count; (void)arguments;
    for (int index = 0; index < 4; index++) begin("worker", wait_for_work, NULL);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    listen(fd, 8);
    announce();
    accept(fd, NULL, NULL);
}

/// An event that only this process could cause.
STAND(event_read) {
    (void)count; (void)arguments;
    int fd = eventfd(0, 0);
    unsigned long long value;
    announce();
    (void)!read(fd, &value, sizeof value);
}

/// It waits for the end of a pipe whose write end it holds itself.
STAND(pipe_own) {
    (void)count; (void)arguments;
    int pipes[2];
    if (pipe(pipes) < 0) return;
    char byte;
    announce();
    (void)!read(pipes[0], &byte, 1);
}

/// Its child has written more than the pipe holds, and it waits for the child's end.
STAND(pipe_child) {
    (void)count; (void)arguments;
    int pipes[2];
    if (pipe(pipes) < 0) return;
    pid_t pid = child();
    if (pid == 0) {
        static char bytes[1 << 20];
        close(pipes[0]);
        (void)!write(pipes[1], bytes, sizeof bytes);
        _exit(0);
    }
    close(pipes[1]);
    announce();
    waitpid(pid, NULL, 0);
}

static FILE *output;

/// Output of a child that looks for something to tell now and then, and writes a line or finds nothing.
static void run_child(int writes) {
    int pipes[2];
    if (pipe(pipes) < 0) return;
    if (child() == 0) {
        close(pipes[0]);
        dup2(pipes[1], 1);
        close(pipes[1]);
        for (;;) {
            if (writes && write(1, "line\n", 5) != 5) _exit(1);
            usleep(100000);
        }
    }
    close(pipes[1]);
    output = fdopen(pipes[0], "r");
}

static void *take_lines(void *x) {
    for (;;) {
        char line[64];
        pthread_mutex_lock(&mutex);
        if (!fgets(line, sizeof line, output)) return x;
        pthread_mutex_unlock(&mutex);
    }
}

static void take_in_turn(int writes) {
    pthread_t one, two;
    run_child(writes);
    pthread_create(&one, NULL, take_lines, NULL);
    pthread_create(&two, NULL, take_lines, NULL);
    announce();
    pthread_join(one, NULL);
    pthread_join(two, NULL);
}

/// One reads a child's output with a lock that the other needs, and the child has nothing to tell.
STAND(output_locked) { (void)count; (void)arguments; take_in_turn(0); }

/// Its healthy twin: lines come.
STAND(output_led) { (void)count; (void)arguments; take_in_turn(1); }

/// Its healthy twin: the output is read while it comes.
STAND(pipe_drained) {
    (void)count; (void)arguments;
    int pipes[2];
    if (pipe(pipes) < 0) return;
    if (child() == 0) for (;;) { (void)!write(pipes[1], "line\n", 5); usleep(50000); }
    close(pipes[1]);
    char bytes[64];
    ready();
    while (read(pipes[0], bytes, sizeof bytes) > 0) {}
}

/// It waits for a child that is stopped.
STAND(child_stopped) {
    (void)count; (void)arguments;
    pid_t pid = child();
    if (pid == 0) { raise(SIGSTOP); rest(); }
    announce();
    waitpid(pid, NULL, 0);
}

/// A pipe's reader polls it every tenth of a second, and a forgotten process keeps it open.
STAND(pipe_polled) {
    (void)count; (void)arguments;
    int pipes[2];
    if (pipe(pipes) < 0) return;
    if (child() == 0) { close(pipes[0]); rest(); }
    close(pipes[1]);
    struct pollfd set = {pipes[0], POLLIN, 0};
    ready();
    while (poll(&set, 1, 100) == 0) {}
}

/// What `tail -f` does: waits for news of a file, and watches its own output for a hang-up.
STAND(watch_hangup) {
    (void)count; (void)arguments;
    int pipes[2];
    if (pipe(pipes) < 0) return;
    struct pollfd sets[2] = {{eventfd(0, 0), POLLIN, 0}, {pipes[1], 0, 0}};
    if (child() == 0) { close(pipes[1]); char byte; (void)!read(pipes[0], &byte, 1); rest(); }
    announce();
    poll(sets, 2, -1);
}

__attribute__((noinline)) static void spin(void) { while (!flag) {} }
/// A flag that nobody sets.
STAND(spin_flag) { (void)count; (void)arguments; ready(); spin(); }
STAND(spin_yield) { (void)count; (void)arguments; ready(); while (!flag) sched_yield(); }

__attribute__((noinline)) static void await_flag(void) { while (!flag) usleep(20000); }
/// Looked for now and then.
STAND(flag_polled) { (void)count; (void)arguments; ready(); await_flag(); }

static void *set_late(void *unused) { (void)unused; sleep(600); flag = 1; return NULL; }
/// Its healthy twin: somebody will set it.
STAND(flag_to_come) { (void)count; (void)arguments; begin("setter", set_late, NULL); ready(); await_flag(); }

/// Their healthy twin: a tight loop that computes.
STAND(compute) {
    (void)count; (void)arguments;
    unsigned long value = 1;
    ready();
    for (unsigned long turn = 0; !flag; turn++) { value = value * 6364136223846793005UL + turn; if (value == 42) sink++; }
}

static pthread_mutex_t ledger = PTHREAD_MUTEX_INITIALIZER;
static void *look_up(void *unused) { (void)unused; pthread_mutex_lock(&ledger); pthread_mutex_unlock(&ledger); return NULL; }
/// With a lock in its hand for which two others wait.
static void keep_ledger(void) {
    pthread_mutex_lock(&ledger);
    begin("reader", look_up, NULL);
    begin("reader", look_up, NULL);
}
STAND(compute_locked) { keep_ledger(); compute(count, arguments); }

/// And one that moves bytes, always the same way.
STAND(copy_bytes) {
    (void)count; (void)arguments;
    int from = open("/dev/zero", O_RDONLY), to = open("/dev/null", O_WRONLY);
    static char bytes[65536];
    ready();
    for (;;) (void)!write(to, bytes, (size_t)read(from, bytes, sizeof bytes));
}
