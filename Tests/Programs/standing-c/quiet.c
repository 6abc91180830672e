// Programs that are well and look as if they hung, each beside one that hangs.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in loopback(void) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound(int type, struct sockaddr_in *address) {
    int fd = socket(AF_INET, type, 0);
    socklen_t length = sizeof *address;
    *address = loopback();
    if (bind(fd, (struct sockaddr *)address, length) < 0 || getsockname(fd, (struct sockaddr *)address, &length) < 0) exit(1);
    return fd;
}

static int connected(int type, const struct sockaddr_in *address) {
    int fd = socket(AF_INET, type, 0);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) exit(1);
    return fd;
}

static void receive(int fd) {
    char bytes[512];
    while (recv(fd, bytes, sizeof bytes, 0) >= 0) {}
}

/// A question by datagram that nobody answers.
STAND(udp_silent) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    bound(SOCK_DGRAM, &address);
    int fd = connected(SOCK_DGRAM, &address);
    (void)!send(fd, "time?", 5, 0);
    announce();
    receive(fd);
}
/// Its healthy twin: whoever wants something will send.
STAND(udp_serve) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = bound(SOCK_DGRAM, &address);
    announce();
    receive(fd);
}

static void poll_all_the_time(int fd) {
    char bytes[512];
    for (volatile int news = 0; news < 10;) news += recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
}
/// The other end was closed, and the loop takes the end of the stream for nothing yet.
STAND(poll_closed) {
    (void)count; (void)arguments;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) exit(1);
    close(ends[1]);
    ready();
    poll_all_the_time(ends[0]);
}
/// Its healthy twin: datagrams are polled for, and none has come yet.
STAND(poll_datagrams) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = bound(SOCK_DGRAM, &address);
    ready();
    poll_all_the_time(fd);
}

__attribute__((noinline)) static void nap_until(time_t end) {
    struct timespec time = {end, 0};
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL) != 0) {}
}
__attribute__((noinline)) static void run_daily(void) { for (;;) nap_until(time(NULL) + 8 * 3600 + 17); }
/// The healthy twin of sleep-mistaken: the next run is in eight hours.
STAND(sleep_daily) { (void)count; (void)arguments; announce(); run_daily(); }

/// Accepts, reads all that comes, and goes round ten times a second, as brokers do.
static void broke(int listener) {
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
    for (char bytes[512];;) {
        if (epoll_wait(set, &event, 1, 100) < 1) continue;
        if (event.data.fd != listener) { if (recv(event.data.fd, bytes, sizeof bytes, 0) < 1) exit(0); continue; }
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = accept(listener, NULL, NULL)};
        epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event);
    }
}
/// The healthy twin of socket-silent: takes the next item from a broker that has none.
STAND(broker_take) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int listener = bound(SOCK_STREAM, &address);
    if (listen(listener, 8) < 0) exit(1);
    if (child() == 0) broke(listener);
    close(listener);
    int fd = connected(SOCK_STREAM, &address);
    (void)!send(fd, "take jobs", 9, 0);
    announce();
    receive(fd);
}

/// A subscription whose publisher has nothing to say for an hour: whether the last message was whole does not show.
STAND(subscription_quiet) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int listener = bound(SOCK_STREAM, &address);
    if (listen(listener, 8) < 0) exit(1);
    if (child() == 0) {
        int reader = accept(listener, NULL, NULL);
        (void)!send(reader, "event 1\n", 8, 0);
        sleep(3600);
        exit(0);
    }
    close(listener);
    int fd = connected(SOCK_STREAM, &address);
    announce();
    receive(fd);
}

/// A master that waits for its workers, which wait for connections.
STAND(prefork) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int listener = bound(SOCK_STREAM, &address);
    if (listen(listener, 8) < 0) exit(1);
    for (int worker = 0; worker < 3; worker++)
        if (child() == 0) for (;;) close(accept(listener, NULL, NULL));
    announce();
    while (wait(NULL) > 0) {}
}

/// Workers take jobs from one pipe, whose writing end the waiting master keeps.
STAND(job_pipe) {
    (void)count; (void)arguments;
    int ends[2];
    if (pipe(ends) < 0) exit(1);
    for (int worker = 0; worker < 3; worker++)
        if (child() == 0) {
            close(ends[1]);
            for (char job; read(ends[0], &job, 1) == 1;) {}
            exit(0);
        }
    announce();
    while (wait(NULL) > 0) {}
}

/// A worker with a pipe for its orders and one for what it has done; the first of the latter's ends is given back.
static int worker_with_pipes(void) {
    int orders[2], done[2];
    if (pipe2(orders, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0) exit(1);
    if (child() == 0) {
        close(orders[1]);
        close(done[0]);
        for (char order; read(orders[0], &order, 1) == 1;) if (write(done[1], &order, 1) < 0) exit(1);
        exit(0);
    }
    close(orders[0]);
    close(done[1]);
    if (write(orders[1], "o", 1) < 0) exit(1);
    return done[0];
}

static void collect(int listener) {
    struct pollfd awaited[2] = {{worker_with_pipes(), POLLIN, 0}, {listener, POLLIN, 0}};
    char done;
    if (read(awaited[0].fd, &done, 1) != 1) exit(1);
    announce();
    while (poll(awaited, listener < 0 ? 1 : 2, -1) > 0) if (read(awaited[0].fd, &done, 1) <= 0) break;
}

/// Nobody closes the pipe of the orders, by whose end the worker comes to its own.
STAND(orders_done) { (void)count; (void)arguments; collect(-1); }

/// More orders come from outside.
STAND(orders_to_come) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int listener = bound(SOCK_STREAM, &address);
    if (listen(listener, 8) < 0) exit(1);
    collect(listener);
}

static int accepted_by(void (*server)(int)) {
    struct sockaddr_in address;
    int listener = bound(SOCK_STREAM, &address);
    if (listen(listener, 8) < 0) exit(1);
    if (child() == 0) {
        server(accept(listener, NULL, NULL));
        exit(0);
    }
    close(listener);
    return connected(SOCK_STREAM, &address);
}

static void say_nothing(int connection) { (void)connection; rest(); }
/// The server was to speak first.
STAND(greet_silent) { (void)count; (void)arguments; int fd = accepted_by(say_nothing); announce(); receive(fd); }

static void answer_later(int connection) { char bytes[64]; (void)!recv(connection, bytes, sizeof bytes, 0); sleep(90); (void)!send(connection, "none", 4, 0); }
/// A long poll: who has the request will wake up in time.
STAND(long_poll) { (void)count; (void)arguments; int fd = accepted_by(answer_later); (void)!send(fd, "poll", 4, 0); announce(); receive(fd); }
