// What others were to do: processes that have gone or stopped reading, threads that may still set what a loop looks at; and their healthy twins.
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// MARK: Semaphores in shared memory

struct shelf { sem_t parcels; int taken; };
static struct shelf *shelf;

static void *collect(void *x) {
    for (;;) { sem_wait(&shelf->parcels); shelf->taken++; }
    return x;
}

static void *report(void *x) {
    for (;;) { usleep(500000); fprintf(stderr, "%d\n", shelf->taken); }
    return x;
}

/// Two threads take what another process brings, beside one that reports.
static void collect_from(int file, pid_t (*carrier)(void)) {
    shelf = mmap(NULL, sizeof *shelf, PROT_READ | PROT_WRITE, file < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, file, 0);
    sem_init(&shelf->parcels, 1, 0);
    carrier();
    begin("report", report, NULL);
    pthread_t threads[2];
    for (int index = 0; index < 2; index++) pthread_create(&threads[index], NULL, collect, NULL);
    announce();
    for (int index = 0; index < 2; index++) pthread_join(threads[index], NULL);
}

static pid_t leave(void) {
    pid_t carrier = child();
    if (carrier == 0) { sem_post(&shelf->parcels); _exit(2); }
    waitpid(carrier, NULL, 0);
    return carrier;
}

static pid_t carry(void) {
    pid_t carrier = child();
    if (carrier == 0) for (;;) { sleep(30); sem_post(&shelf->parcels); }
    return carrier;
}

/// The process that posts has ended: nobody else has the memory.
STAND(semaphore_deserted) { (void)count; (void)arguments; collect_from(-1, leave); }

/// Its healthy twin: it brings something now and then.
STAND(semaphore_shared) { (void)count; (void)arguments; collect_from(-1, carry); }

/// So does one whose semaphore has a name, by which others come and go; as `sem_open` does, it is made under another first.
STAND(semaphore_named) {
    if (count < 1) return;
    char name[4096];
    snprintf(name, sizeof name, "%s.parcels", arguments[0]);
    int file = open(arguments[0], O_CREAT | O_RDWR, 0600);
    if (file < 0 || ftruncate(file, sizeof *shelf) < 0 || link(arguments[0], name) < 0 || unlink(arguments[0]) < 0) exit(1);
    collect_from(file, leave);
}

/// Runs on its own, and ends with the test at the latest.
static void work_alone(sem_t *licence, int keeps) {
    alarm(100);
    sem_wait(licence);
    while (keeps) usleep(50000);
    _exit(0);
}

/// One licence for several processes: a helper that goes on by itself, whose parent has ended, works with it or waits for it.
static void share_licence(int is_lost) {
    sem_t *licence = mmap(NULL, sizeof *licence, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (licence == MAP_FAILED || sem_init(licence, 1, 1) < 0) exit(1);
    pid_t starter = child();
    if (starter == 0) {
        // Whoever ends with it keeps it for good.
        if (is_lost) sem_wait(licence);
        if (fork() == 0) work_alone(licence, !is_lost);
        _exit(0);
    }
    waitpid(starter, NULL, 0);
    int left = 1;
    while (!is_lost && left > 0) { usleep(1000); sem_getvalue(licence, &left); }
    announce();
    sem_wait(licence);
}

/// A process that had the licence has ended without giving it back, and all that are left wait for it.
STAND(licence_lost) { (void)count; (void)arguments; share_licence(1); }

/// Its healthy twin: a process that is no relative works with it.
STAND(licence_lent) { (void)count; (void)arguments; share_licence(0); }

// MARK: Loops beside threads that pause

struct piece { int rounds; volatile int is_done; long sum; };

static void *turn(void *argument) {
    struct piece *piece = argument;
    while (piece->rounds < 100000) { usleep(300000); piece->sum += piece->rounds++; }
    piece->is_done = 1;
    return NULL;
}

/// A thread that pauses between its rounds will set what the loop looks at, by way of a pointer.
STAND(spin_for_rounds) {
    (void)count; (void)arguments;
    struct piece *piece = calloc(1, sizeof *piece);
    begin("turn", turn, piece);
    ready();
    while (!piece->is_done) {}
}

// MARK: Readers that stop

/// An event loop with more to write to a Unix socket; its reader takes `size` bytes each 20 ms, or none.
static void publish(size_t size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "publish-%d", getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0) exit(1);
    if (child() == 0) {
        static char bytes[65536];
        int reader = socket(AF_UNIX, SOCK_STREAM, 0);
        connect(reader, (struct sockaddr *)&address, sizeof address);
        while (size && read(reader, bytes, size) > 0) usleep(20000);
        rest();
    }
    int writer = accept(listener, NULL, NULL), set = epoll_create1(0);
    close(listener);
    fcntl(writer, F_SETFL, O_NONBLOCK);
    struct epoll_event wanted = {.events = EPOLLOUT}, event;
    epoll_ctl(set, EPOLL_CTL_ADD, writer, &wanted);
    static const char page[8192];
    announce();
    for (;;) {
        epoll_wait(set, &event, 1, -1);
        if (write(writer, page, sizeof page) < 0 && errno != EAGAIN) exit(1);
    }
}

STAND(loop_unread) { (void)count; (void)arguments; publish(0); }
STAND(loop_read_slowly) { (void)count; (void)arguments; publish(4096); }

// MARK: Output that is kept open

/// Rests until the parent that it gets after this one ends.
static void outlive(pid_t parent) {
    while (getppid() == parent) usleep(1000);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    rest();
}

/// A child reads the output of a program of its own that has left; what that started has its output still, and by now the same
/// parent as the reader.
STAND(output_inherited) {
    (void)count; (void)arguments;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t reader = child();
    if (reader == 0) {
        int ends[2];
        if (pipe(ends) < 0) _exit(1);
        pid_t starter = fork();
        if (starter == 0) {
            pid_t self = getpid(); // asked here: the one below may begin when this one has left
            if (fork() == 0) { dup2(ends[1], 1); close(ends[0]); close(ends[1]); outlive(self); }
            _exit(0);
        }
        close(ends[1]);
        waitpid(starter, NULL, 0);
        char byte;
        while (read(ends[0], &byte, 1) > 0) {}
        _exit(0);
    }
    announce();
    waitpid(reader, NULL, 0);
}
