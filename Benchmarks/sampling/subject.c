// subject THREADS: threads that wake a hundred times a second and do a little, as a service with timers does.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void *work(void *argument) {
    (void)argument;
    volatile unsigned sum = 0;
    for (struct timespec pause = {0, 10000000};; nanosleep(&pause, NULL))
        for (unsigned turn = 0; turn < 20000; turn++) sum += turn;
    return NULL;
}

int main(int count, char **arguments) {
    for (int number = 0; number < (count > 1 ? atoi(arguments[1]) : 50); number++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) != 0) return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) pause();
}
