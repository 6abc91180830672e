// Waits on the locks of the C library.
#define _GNU_SOURCE
#include "kinds.h"
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t meeting;

static void *first_then_second(void *x) {
    pthread_mutex_lock(&first);
    pthread_barrier_wait(&meeting);
    pthread_mutex_lock(&second);
    return x;
}

static void *second_then_first(void *x) {
    pthread_mutex_lock(&second);
    pthread_barrier_wait(&meeting);
    pthread_mutex_lock(&first);
    return x;
}

STAND(mutex_cycle) {
    (void)count; (void)arguments;
    pthread_barrier_init(&meeting, NULL, 2);
    begin("first", first_then_second, NULL);
    begin("second", second_then_first, NULL);
    announce();
    rest();
}

static void *lock_and_exit(void *mutex) {
    pthread_mutex_lock(mutex);
    return NULL;
}

/// The thread that held the mutex has exited.
STAND(mutex_abandoned) {
    (void)count; (void)arguments;
    pthread_t thread;
    pthread_create(&thread, NULL, lock_and_exit, &first);
    pthread_join(thread, NULL);
    announce();
    pthread_mutex_lock(&first);
}

/// The holder locks it again itself.
STAND(mutex_self) {
    (void)count; (void)arguments;
    pthread_mutex_lock(&first);
    announce();
    pthread_mutex_lock(&first);
}

static void *lock_and_rest(void *mutex) {
    pthread_mutex_lock(mutex);
    pthread_barrier_wait(&meeting);
    rest();
    return NULL;
}

static void stand_behind(pthread_mutex_t *mutex) {
    pthread_barrier_init(&meeting, NULL, 2);
    begin("holder", lock_and_rest, mutex);
    pthread_barrier_wait(&meeting);
    announce();
    pthread_mutex_lock(mutex);
}

STAND(mutex_held) { (void)count; (void)arguments; stand_behind(&first); }

STAND(mutex_pi) {
    (void)count; (void)arguments;
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&mutex, &attributes);
    stand_behind(&mutex);
}

static void stand_behind_type(int type) {
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutex_init(&mutex, &attributes);
    stand_behind(&mutex);
}

STAND(mutex_recursive) { (void)count; (void)arguments; stand_behind_type(PTHREAD_MUTEX_RECURSIVE); }
STAND(mutex_errorcheck) { (void)count; (void)arguments; stand_behind_type(PTHREAD_MUTEX_ERRORCHECK); }

STAND(mutex_robust) {
    (void)count; (void)arguments;
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    stand_behind(&mutex);
}

/// Held by a thread of another process.
STAND(mutex_shared) {
    (void)count; (void)arguments;
    pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(mutex, &attributes);
    int pipes[2];
    if (pipe(pipes) < 0) return;
    if (child() == 0) {
        pthread_mutex_lock(mutex);
        (void)!write(pipes[1], ".", 1);
        rest();
    }
    char byte;
    (void)!read(pipes[0], &byte, 1);
    announce();
    pthread_mutex_lock(mutex);
}

STAND(condition) {
    (void)count; (void)arguments;
    static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&first);
    announce();
    for (;;) pthread_cond_wait(&changed, &first);
}

STAND(semaphore) {
    (void)count; (void)arguments;
    static sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    announce();
    for (;;) sem_wait(&semaphore);
}

static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;

static void *write_and_rest(void *x) {
    pthread_rwlock_wrlock(&shared);
    pthread_barrier_wait(&meeting);
    rest();
    return x;
}

static void *read_and_rest(void *x) {
    pthread_rwlock_rdlock(&shared);
    pthread_barrier_wait(&meeting);
    rest();
    return x;
}

/// A reader behind a writer.
STAND(rwlock_read) {
    (void)count; (void)arguments;
    pthread_barrier_init(&meeting, NULL, 2);
    begin("writer", write_and_rest, NULL);
    pthread_barrier_wait(&meeting);
    announce();
    pthread_rwlock_rdlock(&shared);
}

/// A writer behind two readers.
STAND(rwlock_write) {
    (void)count; (void)arguments;
    pthread_barrier_init(&meeting, NULL, 3);
    begin("reader", read_and_rest, NULL);
    begin("reader", read_and_rest, NULL);
    pthread_barrier_wait(&meeting);
    announce();
    pthread_rwlock_wrlock(&shared);
}

static void *write_between(void *lock) {
    pthread_rwlock_wrlock(lock);
    pthread_rwlock_unlock(lock);
    return lock;
}

/// Takes a read lock again that it has, behind a writer that waits for the first to be given back.
STAND(rwlock_again) {
    (void)count; (void)arguments;
    static pthread_rwlock_t settings;
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&settings, &attributes);
    pthread_rwlock_rdlock(&settings);
    begin("writer", write_between, &settings);
    while (pthread_rwlock_tryrdlock(&settings) == 0) { pthread_rwlock_unlock(&settings); usleep(1000); }
    announce();
    pthread_rwlock_rdlock(&settings);
}

/// One of three has come.
STAND(barrier) {
    (void)count; (void)arguments;
    pthread_barrier_init(&meeting, NULL, 3);
    announce();
    pthread_barrier_wait(&meeting);
}

static void *rest_for_ever(void *x) { rest(); return x; }

STAND(join) {
    (void)count; (void)arguments;
    pthread_t thread;
    pthread_create(&thread, NULL, rest_for_ever, NULL);
    pthread_setname_np(thread, "joined");
    announce();
    pthread_join(thread, NULL);
}

static pthread_once_t control = PTHREAD_ONCE_INIT;
static void initialise(void) { pthread_barrier_wait(&meeting); rest(); }
static void *go_first(void *x) { pthread_once(&control, initialise); return x; }

/// Another thread never finishes the initialisation.
STAND(once) {
    (void)count; (void)arguments;
    pthread_barrier_init(&meeting, NULL, 2);
    begin("initialiser", go_first, NULL);
    pthread_barrier_wait(&meeting);
    announce();
    pthread_once(&control, initialise);
    rest();
}

static void *take_turns(void *x) {
    for (;;) {
        pthread_mutex_lock(&first);
        usleep(1000);
        pthread_mutex_unlock(&first);
        usleep(1000);
    }
    return x;
}

/// The healthy twin: the same lock, contended, and going on.
STAND(healthy_locks) {
    (void)count; (void)arguments;
    begin("one", take_turns, NULL);
    begin("two", take_turns, NULL);
    ready();
    rest();
}

static volatile int passed_over;

// Once the main thread waits, the word that it waits for changes, and nobody wakes it: as for those whom a signal to one of them passes over.
static void *pass_over(void *unused) {
    char path[64], text[8] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", getpid());
    while (strncmp(text, "202 ", 4) != 0) {
        FILE *file = fopen(path, "r");
        if (file && !fgets(text, sizeof text, file)) text[0] = 0;
        if (file) fclose(file);
    }
    passed_over = 1;
    announce();
    return unused;
}

STAND(futex_passed) {
    (void)count; (void)arguments;
    pthread_t thread;
    pthread_create(&thread, NULL, pass_over, NULL);
    for (int expected = 0; syscall(SYS_futex, &passed_over, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0) < 0; expected = passed_over) interrupted();
}
