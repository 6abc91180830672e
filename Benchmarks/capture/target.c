// target GAPS THREADS DEPTH GIBIBYTES: threads that wait at the end of DEPTH calls beside so much touched memory, and
// one that does nothing but read the clock. The longest time between two readings, in nanoseconds, stands
// in the first 8 bytes of the file GAPS; whoever writes 0 there begins a new measurement. With a fifth argument it waits as well.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t standing;
static int depth;

__attribute__((noinline)) static int descend(int left) {
    if (left <= 1) {
        pthread_barrier_wait(&standing);
        pthread_mutex_lock(&lock);
        for (;;) pthread_cond_wait(&never, &lock);
    }
    return descend(left - 1) + left;  // not a tail call
}

static void *stand(void *argument) {
    (void)argument;
    return (void *)(intptr_t)descend(depth);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int main(int count, char **arguments) {
    if (count < 5) return 64;
    int file = open(arguments[1], O_RDWR | O_CREAT, 0644), threads = atoi(arguments[2]);
    if (file < 0 || ftruncate(file, 4096) < 0) return 1;
    volatile int64_t *longest = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    depth = atoi(arguments[3]);
    size_t ballast = (size_t)(atof(arguments[4]) * (1 << 30));
    if (ballast) {
        char *memory = malloc(ballast);
        for (size_t at = 0; at < ballast; at += 4096) memory[at] = (char)at;
    }
    pthread_barrier_init(&standing, NULL, (unsigned)threads + 1);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    for (int number = 0; number < threads; number++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, stand, NULL) != 0) return 1;
    }
    pthread_barrier_wait(&standing);
    puts("ready");
    fflush(stdout);
    while (count > 5) pause();
    for (int64_t before = now();;) {
        int64_t here = now();
        if (here - before > *longest) *longest = here - before;
        before = here;
    }
}
