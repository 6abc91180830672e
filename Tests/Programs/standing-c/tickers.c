// A thread that waits for others, beside one that only ticks.
#include "kinds.h"
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

static void *log_beats(void *unused) {
    FILE *log = fopen("/dev/null", "w");
    for (;;) {
        usleep(100000);
        fprintf(log, "%ld\n", ++beats);
        fflush(log);
    }
    return unused;
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

static sem_t batches;
static void next_batch(void) {
    while (sem_wait(&batches) != 0) {}
}

static void *flush_batches(void *unused) {
    while (!stopping) {
        next_batch();
        beats++;
    }
    return unused;
}

/// Asked to stop, and not woken up for it.
STAND(beat_flusher) {
    (void)count; (void)arguments;
    sem_init(&batches, 0, 2);
    begin("beat", beat, NULL);
    pthread_t flusher;
    pthread_create(&flusher, NULL, flush_batches, NULL);
    if (count > 100) sem_post(&batches);
    announce();
    usleep(100000);
    stopping = 1;
    pthread_join(flusher, NULL);
}

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t room, some;
    int filled;
};
static struct queue orders = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
static struct queue fills = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void push(struct queue *queue) {
    pthread_mutex_lock(&queue->lock);
    while (queue->filled == 4) pthread_cond_wait(&queue->room, &queue->lock);
    queue->filled++;
    pthread_cond_signal(&queue->some);
    pthread_mutex_unlock(&queue->lock);
}

static void pop(struct queue *queue) {
    pthread_mutex_lock(&queue->lock);
    while (queue->filled == 0) pthread_cond_wait(&queue->some, &queue->lock);
    queue->filled--;
    pthread_cond_signal(&queue->room);
    pthread_mutex_unlock(&queue->lock);
}

static void *match(void *unused) {
    for (;;) {
        pop(&orders);
        for (int part = 0; part < 3; part++) push(&fills);
    }
    return unused;
}

static void *book(void *unused) {
    for (;;) {
        pop(&fills);
        push(&orders);
        push(&orders);
    }
    return unused;
}

/// Each waits for room in the other's queue.
STAND(beat_stages) {
    (void)count; (void)arguments;
    begin("beat", beat, NULL);
    pthread_t matcher;
    pthread_create(&matcher, NULL, match, NULL);
    begin("book", book, NULL);
    push(&orders);
    announce();
    pthread_join(matcher, NULL);
}

static volatile int warm, loaded;

static void await_warm(void) { while (warm < 3) {} }

/// Turns on the spot for a count that nobody raises any more, beside one who ticks and writes.
STAND(spin_beside_beats) {
    (void)count; (void)arguments;
    begin("log", log_beats, NULL);
    if (count > 100) warm = 3;
    ready();
    await_warm();
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

static void run_workers(void) {
    pthread_t workers[3];
    for (int part = 0; part < 3; part++) pthread_create(&workers[part], NULL, work, NULL);
    announce();
    if (beats < 0) {
        stopping = 1;
        pthread_cond_broadcast(&changed);
    }
    for (int part = 0; part < 3; part++) pthread_join(workers[part], NULL);
}

/// The ends of several are waited for, and nobody is left who could give them anything.
STAND(beat_workers) {
    (void)count; (void)arguments;
    begin("beat", beat, NULL);
    run_workers();
}

/// Their ends are waited for, and whoever has work for them wakes up later.
STAND(beat_fed) {
    (void)count; (void)arguments;
    begin("beat", beat, NULL);
    begin("feeder", feed, NULL);
    run_workers();
}

static int open_port(void) {
    int port = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return bind(port, (struct sockaddr *)&address, sizeof address) ? -1 : port;
}

/// Tells whoever asks how far the program is.
static ssize_t answer(int port) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    char request[64];
    if (recvfrom(port, request, sizeof request, 0, (struct sockaddr *)&address, &length) < 0) return -1;
    long done = beats;
    return sendto(port, &done, sizeof done, 0, (struct sockaddr *)&address, length);
}

static void *report(void *unused) {
    int port = open_port();
    while (answer(port) >= 0) {}
    return unused;
}

static void *take_reports(void *unused) {
    int port = open_port();
    while (answer(port) >= 0) convert(NULL);
    return unused;
}

static void await_three(void *(*taker)(void *)) {
    wanted = 3;
    begin("taker", taker, NULL);
    convert(NULL);
    announce();
    await_all();
}

/// Beside one that takes in requests and brings nobody anything.
STAND(beat_reporter) { (void)count; (void)arguments; await_three(report); }

/// What comes in is what is waited for.
STAND(beat_reported) { (void)count; (void)arguments; await_three(take_reports); }

static int jobs[2];

static void *hand_out(void *unused) {
    for (;;) {
        for (int part = 0; part < 6000; part++) usleep(100000);
        if (write(jobs[1], "job", 3) < 0) return unused;
    }
}

/// A child reads jobs to the end of a pipe, which its parent keeps open while it waits for the child.
static void run_child(void) {
    pid_t pid = child();
    if (pid == 0) {
        char job[3];
        close(jobs[1]);
        while (read(jobs[0], job, sizeof job) > 0) beats++;
        _exit(0);
    }
    announce();
    waitpid(pid, NULL, 0);
}

STAND(beat_kept) {
    (void)count; (void)arguments;
    if (pipe(jobs)) return;
    begin("beat", beat, NULL);
    run_child();
}

/// The same beside a thread that has something for the child now and then.
STAND(beat_handing) {
    (void)count; (void)arguments;
    if (pipe(jobs)) return;
    begin("beat", beat, NULL);
    begin("jobs", hand_out, NULL);
    run_child();
}

static void *load_steps(void *unused) {
    for (int part = 0; part < 6000; part++) usleep(100000);
    loaded = 1;
    return unused;
}

static void await_loaded(void) { while (!loaded) {} }

/// Turns on the spot until another, which pauses between its steps, has done the last of them.
STAND(spin_for_steps) {
    (void)count; (void)arguments;
    begin("loader", load_steps, NULL);
    ready();
    await_loaded();
}
