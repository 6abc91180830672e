// What goes round and round: loops that get nowhere, the same question again and again, circles through a lock; and their healthy twins.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

// MARK: Loops

struct entry { struct entry *next; long key; unsigned long hits; };

static struct entry *table(long length) {
    struct entry *entries = calloc((size_t)length, sizeof *entries);
    for (long index = 0; entries && index < length; index++) entries[index] = (struct entry){&entries[(index + 1) % length], index, 0};
    return entries;
}

static struct entry *find(struct entry *first, long key) {
    struct entry *entry = first;
    while (entry && entry->key != key) entry = entry->next;
    return entry;
}

/// Looks for what is not there in a list whose end points back to its start.
STAND(list_circle) {
    (void)count; (void)arguments;
    struct entry *first = table(5);
    ready();
    if (find(first, -1)) exit(1);
}

/// Its healthy twin: as few instructions and the same registers each time, but a number in memory grows.
STAND(count_up) {
    (void)count; (void)arguments;
    struct entry *first = table(5);
    ready();
    for (;;) __atomic_fetch_add(&first[3].hits, 1, __ATOMIC_RELAXED);
}

static volatile int is_done;
static volatile unsigned long sum;

static void *add_up(void *x) {
    unsigned long all = 1;
    for (;;) {
        for (unsigned long index = 0; index < 1000000; index++) all = all * 6364136223846793005ul + index;
        sum = all;
    }
    return x;
}

/// Turns on the spot for another thread's result, which that is working at.
STAND(spin_for_result) {
    (void)count; (void)arguments;
    begin("adder", add_up, NULL);
    ready();
    while (!is_done) {}
}

// MARK: Questions

/// A server in a child process, which says the same to every request; returns a connection to it.
static int connection(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (void *)&address, length) < 0 || listen(listener, 1) < 0 || getsockname(listener, (void *)&address, &length) < 0) exit(1);
    if (child() == 0) {
        int client = accept(listener, NULL, NULL);
        char text[64];
        while (read(client, text, sizeof text) > 0) (void)!write(client, "pending\n", 8);
        _exit(0);
    }
    close(listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (void *)&address, sizeof address) < 0) exit(1);
    return fd;
}

__attribute__((noinline)) static int is_pending(int fd) {
    char answer[64];
    (void)!write(fd, "status\n", 7);
    ssize_t got = read(fd, answer, sizeof answer);
    usleep(100000);
    return got > 0 && memcmp(answer, "pending", 7) == 0;
}

__attribute__((noinline)) static int wait_until_done(int fd, int log) {
    char line[100] = "still pending";
    int rounds = 0;
    while (is_pending(fd)) {
        if (log >= 0) (void)!write(log, line, sizeof line);
        rounds++;
    }
    return rounds;
}

/// Asks for the state of a job that never changes: whether it ever will, nobody can tell.
STAND(asks_again) {
    (void)count; (void)arguments;
    int fd = connection();
    ready();
    if (wait_until_done(fd, -1)) exit(1);
}

/// Its healthy twin does something with each answer.
STAND(asks_and_writes) {
    (void)count; (void)arguments;
    int fd = connection(), log = open("/dev/null", O_WRONLY);
    ready();
    if (wait_until_done(fd, log)) exit(1);
}

// MARK: A lock within a circle of pipes

static int answers[2], tasks[2];

/// For every task it takes the lock, as all do who write to the file.
static void work(const char *path) {
    char task;
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    while (fd >= 0 && read(tasks[0], &task, 1) == 1) {
        flock(fd, LOCK_EX);
        (void)!write(answers[1], &task, 1);
        flock(fd, LOCK_UN);
    }
    _exit(0);
}

static int worker(const char *path) {
    if (pipe(answers) < 0 || pipe(tasks) < 0) exit(1);
    if (child() == 0) {
        close(answers[0]);
        close(tasks[1]);
        work(path);
    }
    close(answers[1]);
    close(tasks[0]);
    return open(path, O_CREAT | O_RDWR, 0600);
}

/// It waits for its child's answer with the lock in its hands that the child needs for it.
STAND(lock_in_pipes) {
    if (count < 1) return;
    int fd = worker(arguments[0]);
    char answer;
    flock(fd, LOCK_EX);
    announce();
    (void)!write(tasks[1], "t", 1);
    (void)!read(answers[0], &answer, 1);
}

/// Its healthy twin lets go of it before it waits.
STAND(lock_before_pipes) {
    if (count < 1) return;
    int fd = worker(arguments[0]);
    char answer = 0;
    ready();
    do {
        flock(fd, LOCK_EX);
        usleep(50000);
        flock(fd, LOCK_UN);
    } while (write(tasks[1], "t", 1) == 1 && read(answers[0], &answer, 1) == 1);
}

// MARK: Beside a thread that ticks

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static unsigned long results;

static void bring(void) {
    pthread_mutex_lock(&mutex);
    results++;
    pthread_cond_signal(&told);
    pthread_mutex_unlock(&mutex);
}

/// What it does in each round stands in a variable: its code alone does not tell.
static void (*volatile each_round)(void);

static void *tick(void *x) {
    for (;;) {
        usleep(100000);
        if (each_round) each_round();
    }
    return x;
}

__attribute__((noinline)) static unsigned long wait_for_result(unsigned long known) {
    pthread_mutex_lock(&mutex);
    while (results == known) pthread_cond_wait(&told, &mutex);
    unsigned long now = results;
    pthread_mutex_unlock(&mutex);
    return now;
}

/// A result that nobody brings, as far as can be seen: the other thread only wakes up by its timer.
STAND(result_beside_ticks) {
    (void)count; (void)arguments;
    begin("ticker", tick, NULL);
    ready_when_asleep(0);
    unsigned long known = wait_for_result(0);
    exit(known > 0);
}

/// Its healthy twin: the ticking thread brings it.
STAND(result_of_ticks) {
    (void)count; (void)arguments;
    each_round = bring;
    begin("ticker", tick, NULL);
    ready();
    unsigned long known = 0;
    while ((known = wait_for_result(known))) {}
}
