// Waits for something that only the waiter itself could bring about, and what merely looks so; most beside a thread that ticks.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void *tick(void *x) { for (;;) usleep(300000); return x; }

static int ends[2];
static int read_to_the_end(int descriptor) {
    char text[256];
    ssize_t count;
    int all = 0;
    while ((count = read(descriptor, text, sizeof text)) > 0) all += (int)count;
    return all;
}

/// Reads a pipe to its end, whose only writing end is its own.
STAND(pipe_own_ticked) {
    (void)count; (void)arguments;
    if (pipe(ends) < 0) return;
    begin("ticker", tick, NULL);
    announce();
    read_to_the_end(ends[0]);
}

static void *collect(void *x) { read_to_the_end(ends[0]); return x; }

/// A thread collects what the program itself prints, which is nothing for now.
STAND(pipe_logged) {
    (void)count; (void)arguments;
    ready();
    if (pipe(ends) < 0) return;
    begin("collector", collect, NULL);
    tick(NULL);
}

static void pass_on(int number) { char byte = (char)number; (void)!write(ends[1], &byte, 1); }

/// The main loop of a program that signals drive: their handler writes to the pipe.
STAND(pipe_signalled) {
    (void)count; (void)arguments;
    if (pipe(ends) < 0) return;
    signal(SIGHUP, pass_on);
    signal(SIGUSR1, pass_on);
    announce();
    char byte;
    while (read(ends[0], &byte, 1) < 2) {}
}

static sem_t told;
static void tell(int number) { (void)number; sem_post(&told); }

/// The main thread of a program of threads, which waits to be told to stop.
STAND(semaphore_told) {
    (void)count; (void)arguments;
    sem_init(&told, 0, 0);
    signal(SIGHUP, tell);
    signal(SIGINT, tell);
    announce();
    while (sem_wait(&told) < 1) {}
}

static pthread_t couple[2];
static pthread_barrier_t start;
static void *await_other(void *which) {
    pthread_barrier_wait(&start);
    pthread_join(couple[which == NULL], NULL);
    return which;
}

STAND(join_each_other) {
    (void)count; (void)arguments;
    pthread_barrier_init(&start, NULL, 3);
    for (int i = 0; i < 2; i++) pthread_create(&couple[i], NULL, await_other, i ? (void *)couple : NULL);
    pthread_barrier_wait(&start);
    announce();
    tick(NULL);
}

/// A server of one thread asks itself, while its child keeps a copy of the listener.
STAND(connect_self) {
    (void)count; (void)arguments;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 4);
    getsockname(listener, (struct sockaddr *)&address, &size);
    if (child() == 0) rest();
    int self = socket(AF_INET, SOCK_STREAM, 0);
    connect(self, (struct sockaddr *)&address, size);
    (void)!write(self, "GET /part\n", 10);
    announce();
    read_to_the_end(self);
}

static void take_from(int posts) {
    sem_t *semaphore = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(semaphore, 1, 0);
    pid_t pid = child();
    for (int i = 0; pid == 0; i++) {
        if (posts >= 0 && i >= posts) _exit(0);
        sem_post(semaphore);
        usleep(200000);
    }
    if (posts >= 0) {
        waitpid(pid, NULL, 0);
        announce();
    } else ready();
    for (;;) sem_wait(semaphore);
}

/// The process that posted a semaphore in shared memory has exited; in the healthy twin it goes on.
STAND(semaphore_orphaned) { (void)count; (void)arguments; take_from(2); }
STAND(semaphore_fed) { (void)count; (void)arguments; take_from(-1); }

/// As scripts keep a container alive.
STAND(child_keeps) {
    (void)count; (void)arguments;
    pid_t pid = child();
    if (pid == 0) execlp("sleep", "sleep", "infinity", NULL);
    announce();
    waitpid(pid, NULL, 0);
}

static int results, orders;
static void filter(void) {
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0) return;
    if (child() == 0) {
        dup2(input[0], 0);
        dup2(output[1], 1);
        execlp("sort", "sort", NULL);
    }
    close(input[0]);
    close(output[1]);
    (void)!write(input[1], "b\na\n", 4);
    results = output[0];
    orders = input[1];
}

/// Waits for the output of a child that waits for the end of its input, which the waiter holds open.
STAND(filter_open) {
    (void)count; (void)arguments;
    filter();
    begin("ticker", tick, NULL);
    announce();
    read_to_the_end(results);
}

static void *take_results(void *x) { read_to_the_end(results); return x; }

/// A filter kept at hand: a thread takes its results, and the main loop would hand it more as soon as there is any.
STAND(filter_kept) {
    (void)count; (void)arguments;
    filter();
    begin("results", take_results, NULL);
    ready();
    for (volatile int more = 0;;) {
        usleep(300000);
        if (more) (void)!write(orders, "c\n", 2);
    }
}
