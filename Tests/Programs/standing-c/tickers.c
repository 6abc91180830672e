// A thread that waits for others, beside one that only ticks.
#include "kinds.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int finished, wanted, stopping;
static volatile long beats;

static void *beat(void *unused) {
    (void)unused;
    for (;;) {
        struct timespec pause = {0, 100000000};
        nanosleep(&pause, NULL);
        beats++;
    }
    return NULL;
}

static void *convert(void *argument) {
    // The second one gives up, and tells nobody.
    if ((long)argument == 1) return NULL;
    pthread_mutex_lock(&lock);
    finished++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void await_all(void) {
    pthread_mutex_lock(&lock);
    while (finished < wanted) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

STAND(beat_condition) {
    (void)count; (void)arguments;
    begin("beat", beat, NULL);
    wanted = 3;
    pthread_t workers[3];
    for (long part = 0; part < 3; part++) pthread_create(&workers[part], NULL, convert, (void *)part);
    for (int part = 0; part < 3; part++) pthread_join(workers[part], NULL);
    announce();
    await_all();
}

static pthread_barrier_t step;
static void *take_part(void *argument) {
    if ((long)argument == 1) return NULL;
    pthread_barrier_wait(&step);
    return NULL;
}

STAND(beat_barrier) {
    (void)count; (void)arguments;
    begin("beat", beat, NULL);
    pthread_barrier_init(&step, NULL, 3);
    pthread_t parts[3];
    for (long part = 0; part < 3; part++) pthread_create(&parts[part], NULL, take_part, (void *)part);
    announce();
    for (int part = 0; part < 3; part++) pthread_join(parts[part], NULL);
}

static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
static void insert(void) {
    pthread_rwlock_wrlock(&table);
    pthread_rwlock_unlock(&table);
}

STAND(beat_rwlock) {
    (void)count; (void)arguments;
    begin("beat", beat, NULL);
    announce();
    pthread_rwlock_rdlock(&table);
    insert();
    pthread_rwlock_unlock(&table);
}

// Well: who ticks lets them go on in the end, or they wait for work, or to be told to stop.

static void *warm_up(void *unused) {
    for (int part = 0; part < 6000; part++) usleep(100000);
    return convert(unused);
}

/// May be well: nobody can tell.
STAND(beat_warming) {
    (void)count; (void)arguments;
    begin("warmer", warm_up, NULL);
    wanted = 1;
    announce();
    await_all();
}

static void *await_signal(void *set) {
    int number;
    sigwait(set, &number);
    finished = wanted;
    pthread_cond_broadcast(&changed);
    return NULL;
}

STAND(beat_service) {
    (void)count; (void)arguments;
    static sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    begin("beat", beat, NULL);
    begin("signals", await_signal, &set);
    wanted = 1;
    announce();
    await_all();
}

static int take(void) {
    pthread_mutex_lock(&lock);
    while (!finished && !stopping) pthread_cond_wait(&changed, &lock);
    int had = finished > 0;
    finished -= had;
    pthread_mutex_unlock(&lock);
    return had;
}

static void *work(void *unused) {
    while (take()) beats++;
    return unused;
}

static void *feed(void *unused) {
    for (;;) {
        for (int part = 0; part < 6000; part++) usleep(100000);
        convert(unused);
    }
}

STAND(beat_consumer) {
    (void)count; (void)arguments;
    begin("feeder", feed, NULL);
    announce();
    work(NULL);
}

STAND(beat_workers) {
    (void)arguments;
    begin("beat", beat, NULL);
    pthread_t workers[3];
    for (int part = 0; part < 3; part++) pthread_create(&workers[part], NULL, work, NULL);
    announce();
    if (count > 100) {
        stopping = 1;
        pthread_cond_broadcast(&changed);
    }
    for (int part = 0; part < 3; part++) pthread_join(workers[part], NULL);
}
