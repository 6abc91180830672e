// Stacks and threads of odd shapes.
#define _GNU_SOURCE
#include "kinds.h"
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void begin(const char *name, void *(*body)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, body, argument) != 0) exit(1);
    pthread_setname_np(thread, name);
    pthread_detach(thread);
}

static volatile int sink;

__attribute__((noinline)) static void descend(long depth) {
    volatile char room[64];
    room[0] = (char)depth;
    if (depth > 0) descend(depth - 1); else rest();
    // After the call, so that it is no tail call.
    sink += room[0];
}

static void *descend_and_rest(void *depth) { descend((long)(intptr_t)depth); return NULL; }

/// deep THREADS FRAMES
STAND(deep_threads) {
    int threads = count > 0 ? atoi(arguments[0]) : 20;
    long depth = count > 1 ? atol(arguments[1]) : 60;
    for (int index = 0; index < threads; index++) begin("deep", descend_and_rest, (void *)(intptr_t)depth);
    announce();
    rest();
}

__attribute__((noinline)) static void spin_here(void) { for (;;) sink++; }

STAND(busy) { (void)count; (void)arguments; ready(); spin_here(); }

static void *blink(void *x) { usleep(500); return x; }

/// Threads come and go all the time.
STAND(churn) {
    (void)count; (void)arguments;
    for (int round = 0;; round++) {
        for (int index = 0; index < 8; index++) begin("blink", blink, NULL);
        if (round == 10) ready();
        usleep(1000);
    }
}

static volatile uint64_t *pit;

static void *fall(void *x) {
    // Every word of this stack points back into it: frame pointers and return addresses alike.
    uint64_t top = (uint64_t)(uintptr_t)pit + 2048;
    __asm__ volatile("mov %0, %%rsp\n mov %0, %%rbp\n 1: mov $34, %%eax\n syscall\n jmp 1b" ::"r"(top) : "memory");
    return x;
}

STAND(corrupt_stack) {
    (void)count; (void)arguments;
    pit = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int index = 0; index < 512; index++) pit[index] = (uint64_t)(uintptr_t)&pit[(index * 7) % 512];
    begin("fallen", fall, NULL);
    announce();
    rest();
}

/// A frame of a size known only at run time, whose CFA is in rbp, over epoll_wait: read without a stop.
__attribute__((noinline)) static void variable(int size) {
    volatile char *room = __builtin_alloca((size_t)size);
    memset((void *)room, 1, (size_t)size);
    char *arguments[] = {NULL};
    epoll_pipe(0, arguments);
    sink += room[0];
}

STAND(variable_frame) { (void)arguments; variable(100 + count); }
