// A parent and its child that wait for each other over pipes and socket pairs, and those that look alike and are well.
#define _GNU_SOURCE
#include "kinds.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

/// Starts a child that reads its input to the end before it answers; `ends` are the parent's: to write, to read.
static void start_filter(int ends[2]) {
    int in[2], out[2];
    if (pipe(in) < 0 || pipe(out) < 0) exit(1);
    if (child() == 0) {
        close(in[1]); close(out[0]);
        char bytes[64];
        while (read(in[0], bytes, sizeof bytes) > 0) {}
        (void)!write(out[1], "done\n", 5);
        _exit(0);
    }
    close(in[0]); close(out[1]);
    ends[0] = in[1]; ends[1] = out[0];
}

static int watch(int first, int second) {
    int set = epoll_create1(0);
    struct epoll_event one = {.events = EPOLLIN, .data.fd = first}, two = {.events = EPOLLIN, .data.fd = second};
    epoll_ctl(set, EPOLL_CTL_ADD, first, &one);
    if (second >= 0) epoll_ctl(set, EPOLL_CTL_ADD, second, &two);
    return set;
}

/// An event loop waits for the answer of a child whose input it has not closed.
STAND(loop_filter) {
    (void)count; (void)arguments;
    int ends[2];
    struct epoll_event event;
    start_filter(ends);
    (void)!write(ends[0], "line\n", 5);
    announce();
    epoll_wait(watch(ends[1], -1), &event, 1, -1);
}

/// Its healthy twin: a helper that is asked now and then, by a timer.
STAND(loop_helper) {
    (void)count; (void)arguments;
    int ends[2], timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec minute = {{60, 0}, {60, 0}};
    struct epoll_event event;
    timerfd_settime(timer, 0, &minute, NULL);
    start_filter(ends);
    announce();
    epoll_wait(watch(ends[1], timer), &event, 1, -1);
}

/// And one that is asked when somebody connects.
STAND(loop_server) {
    (void)count; (void)arguments;
    int ends[2], listener = socket(AF_INET, SOCK_STREAM, 0);
    struct epoll_event event;
    listen(listener, 8);
    start_filter(ends);
    announce();
    epoll_wait(watch(ends[1], listener), &event, 1, -1);
}

static void take_orders(int end) {
    char byte;
    while (read(end, &byte, 1) > 0) {}
    _exit(0);
}

/// It waits for the end of a child that waits for its orders.
STAND(pair_joined) {
    (void)count; (void)arguments;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) exit(1);
    pid_t pid = child();
    if (pid == 0) take_orders(ends[1]);
    announce();
    waitpid(pid, NULL, 0);
}

/// Its healthy twin: the orders come from connections.
STAND(pair_served) {
    (void)count; (void)arguments;
    int ends[2], listener = socket(AF_INET, SOCK_STREAM, 0);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) exit(1);
    if (child() == 0) take_orders(ends[1]);
    listen(listener, 8);
    announce();
    accept(listener, NULL, NULL);
}

/// A child that answers each order at its end of a pair, and was started with the parent's end as well, as all that are started later are; one that stops answers nothing.
static int answering_child(int stops) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) exit(1);
    if (child() == 0) {
        char order[8];
        if (stops) raise(SIGSTOP);
        while (read(ends[1], order, sizeof order) > 0) if (write(ends[1], order, 1) < 0) break;
        _exit(0);
    }
    close(ends[1]);
    if (write(ends[0], "order", 5) != 5) exit(1);
    return ends[0];
}

/// Its first child is stopped; the second has answered, and its answer is fetched after the first one's.
STAND(pair_stopped) {
    (void)count; (void)arguments;
    int stopped = answering_child(1);
    answering_child(0);
    char answer;
    announce();
    (void)!read(stopped, &answer, 1);
}

/// Its healthy twin: the parent does something else before it fetches the answer.
STAND(pair_unfetched) {
    (void)count; (void)arguments;
    answering_child(0);
    ready();
    for (;;) usleep(100000);
}

/// Sends a request by one end of a pair and waits there for the answer.
static void ask(int end) {
    char answer;
    if (write(end, "request", 7) != 7) exit(1);
    (void)!read(end, &answer, 1);
}

/// Both ask, each on a pair of its own, and nobody reads the requests.
STAND(pairs_crossed) {
    (void)count; (void)arguments;
    int first[2], second[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, first) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, second) < 0) exit(1);
    if (child() == 0) {
        ask(second[1]);
        _exit(0);
    }
    announce();
    ask(first[0]);
}

/// Its healthy twin: whoever is asked answers, and then waits for the next request.
STAND(pairs_answered) {
    (void)count; (void)arguments;
    int first[2], second[2], listener = socket(AF_INET, SOCK_STREAM, 0);
    char request[8];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, first) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, second) < 0) exit(1);
    if (child() == 0) {
        ask(second[1]);
        while (read(first[1], request, sizeof request) > 0) if (write(first[1], ".", 1) < 0) break;
        _exit(0);
    }
    if (read(second[0], request, sizeof request) < 1 || write(second[0], ".", 1) != 1) exit(1);
    ask(first[0]);
    listen(listener, 8);
    announce();
    accept(listener, NULL, NULL);
}

/// Each has the lock of one file and waits for the other's; the child was started with the descriptor that has its parent's lock, and opened the file again.
STAND(locks_inherited) {
    if (count < 1) return;
    int own = opened(arguments[0], ".own"), ends[2];
    char byte;
    if (pipe(ends) < 0) exit(1);
    flock(own, LOCK_EX);
    if (child() == 0) {
        flock(opened(arguments[0], ".other"), LOCK_EX);
        if (write(ends[1], ".", 1) != 1) _exit(1);
        close(ends[0]);
        close(ends[1]);
        flock(opened(arguments[0], ".own"), LOCK_EX);
        _exit(0);
    }
    if (read(ends[0], &byte, 1) != 1) exit(1);
    close(ends[0]);
    close(ends[1]);
    announce();
    flock(opened(arguments[0], ".other"), LOCK_EX);
}

/// Its healthy twin: the child shares its parent's lock, and waits for none.
STAND(locks_shared) {
    if (count < 1) return;
    flock(opened(arguments[0], ".own"), LOCK_EX);
    if (child() == 0) rest();
    announce();
    rest();
}
