// Waits on pipes, sockets and sets of descriptors.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/// A child has the write end too, and does not know.
static int inherited_pipe(void) {
    int pipes[2];
    if (pipe(pipes) < 0) exit(1);
    if (child() == 0) { close(pipes[0]); rest(); }
    close(pipes[1]);
    return pipes[0];
}

STAND(pipe_read) {
    (void)count; (void)arguments;
    int fd = inherited_pipe();
    announce();
    char byte;
    while (read(fd, &byte, 1) > 0) {}
}

/// The reader is a child that does not read.
STAND(pipe_write) {
    (void)count; (void)arguments;
    int pipes[2];
    if (pipe(pipes) < 0) return;
    if (child() == 0) { close(pipes[1]); rest(); }
    close(pipes[0]);
    static char bytes[1 << 20];
    announce();
    // More than fits: part of it is written before it blocks.
    ssize_t written = write(pipes[1], bytes, sizeof bytes);
    if (written != (ssize_t)sizeof bytes) interrupted();
    rest();
}

static void take_orders(const char *path, int isNamed) {
    char order[64];
    if (mkfifo(path, 0600) < 0) exit(1);
    int fd = open(path, O_RDWR);
    if (!isNamed) unlink(path);
    announce();
    while (read(fd, order, sizeof order) > 0) {}
}

/// Anybody may write orders into it, whose writers come and go: all is well.
STAND(fifo_orders) { (void)count; take_orders(arguments[0], 1); }
/// The same where its name is gone: nobody else can open it any more.
STAND(fifo_nameless) { (void)count; take_orders(arguments[0], 0); }

STAND(fifo_open) {
    if (count < 1) return;
    mkfifo(arguments[0], 0600);
    announce();
    open(arguments[0], O_RDONLY);
    rest();
}

STAND(poll_pipe) {
    (void)count; (void)arguments;
    struct pollfd set = {inherited_pipe(), POLLIN, 0};
    announce();
    while (poll(&set, 1, 3600000) < 0) interrupted();
}

STAND(select_pipe) {
    (void)count; (void)arguments;
    int fd = inherited_pipe();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    announce();
    while (select(fd + 1, &set, NULL, NULL, NULL) < 0) { interrupted(); FD_SET(fd, &set); }
}

STAND(epoll_pipe) {
    (void)count; (void)arguments;
    int set = epoll_create1(0), fd = inherited_pipe();
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    announce();
    while (epoll_wait(set, &event, 1, -1) < 0) interrupted();
}

static struct sockaddr_in loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return address;
}

static int listener(int backlog, struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof *address;
    *address = loopback();
    if (bind(fd, (struct sockaddr *)address, sizeof *address) < 0 || listen(fd, backlog) < 0) exit(1);
    getsockname(fd, (struct sockaddr *)address, &length);
    return fd;
}

STAND(accept_nobody) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = listener(8, &address);
    announce();
    while (accept(fd, NULL, NULL) < 0 && errno == EINTR) interrupted();
}

/// A child listens, never accepts, and its backlog is full.
STAND(connect_backlog) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = listener(0, &address);
    if (child() == 0) rest();
    close(fd);
    for (int turn = 0; turn < 4; turn++) {
        int other = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(other, (struct sockaddr *)&address, sizeof address);
        usleep(20000);
    }
    int last = socket(AF_INET, SOCK_STREAM, 0);
    announce();
    connect(last, (struct sockaddr *)&address, sizeof address);
    rest();
}

/// Connected to a child that accepted, and read the request, and says nothing.
static int silent_peer(void) {
    struct sockaddr_in address;
    int fd = listener(8, &address);
    if (child() == 0) {
        char bytes[64];
        int connection = accept(fd, NULL, NULL);
        close(fd);
        (void)!read(connection, bytes, sizeof bytes);
        rest();
    }
    close(fd);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    connect(connection, (struct sockaddr *)&address, sizeof address);
    (void)!write(connection, "request", 7);
    return connection;
}

STAND(socket_silent) {
    (void)count; (void)arguments;
    int fd = silent_peer();
    char byte;
    announce();
    while (recv(fd, &byte, 1, 0) < 0) interrupted();
}

STAND(socket_timeout) {
    (void)count; (void)arguments;
    int fd = silent_peer();
    struct timeval timeout = {100, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    char byte;
    announce();
    while (recv(fd, &byte, 1, 0) < 0) interrupted();
}

/// The other end vanished without a word: it was closed while in repair mode (TCP_REPAIR).
STAND(socket_gone) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = listener(8, &address);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    connect(connection, (struct sockaddr *)&address, sizeof address);
    int other = accept(fd, NULL, NULL), on = 1;
    if (setsockopt(other, IPPROTO_TCP, 19 /* TCP_REPAIR */, &on, sizeof on) < 0) { puts("skipped: TCP_REPAIR"); fflush(stdout); return; }
    close(other);
    close(fd);
    char byte;
    announce();
    while (recv(connection, &byte, 1, 0) < 0) interrupted();
}

STAND(unix_silent) {
    (void)count; (void)arguments;
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (child() == 0) { close(pair[0]); rest(); }
    close(pair[1]);
    char byte;
    announce();
    while (recv(pair[0], &byte, 1, 0) < 0) interrupted();
}

/// Connected to a Unix listener that never accepts, and waits for an answer.
STAND(unix_backlog) {
    if (count < 1) return;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, arguments[0], sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4) < 0) return;
    if (child() == 0) rest();
    close(fd);
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(connection, (struct sockaddr *)&address, sizeof address);
    char byte;
    announce();
    while (recv(connection, &byte, 1, 0) < 0) interrupted();
}

/// Reads an eventfd that a child has inherited.
STAND(event_inherited) {
    (void)count; (void)arguments;
    int fd = eventfd(0, 0);
    if (child() == 0) rest();
    uint64_t value;
    announce();
    while (read(fd, &value, sizeof value) < 0) interrupted();
}

STAND(descriptor_zoo) {
    if (count < 1) return;
    char path[4096];
    snprintf(path, sizeof path, "%s/deleted", arguments[0]);
    int deleted = open(path, O_CREAT | O_RDWR, 0600);
    unlink(path);
    eventfd(7, 0);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec times = {{60, 0}, {3000, 0}};
    timerfd_settime(timer, 0, &times, NULL);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    signalfd(-1, &signals, 0);
    inotify_add_watch(inotify_init1(0), arguments[0], IN_CREATE | IN_DELETE);
    socket(AF_NETLINK, SOCK_RAW, 0);
    memfd_create("hangscope", 0);
    syscall(SYS_pidfd_open, getpid(), 0);
    open(arguments[0], O_RDONLY | O_DIRECTORY);
    open("/dev/zero", O_RDONLY | O_NONBLOCK);
    (void)deleted;
    announce();
    rest();
}

/// Waits for a change in a folder in which nothing changes.
STAND(inotify_read) {
    char events[4096];
    int fd = inotify_init1(0);
    if (count < 1 || inotify_add_watch(fd, arguments[0], IN_CREATE) < 0) return;
    announce();
    if (read(fd, events, sizeof events) < 0) interrupted();
    rest();
}

/// A busy server: answers every connection to the port it prints, until killed.
STAND(serve) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = listener(128, &address), set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    printf("port %d\n", ntohs(address.sin_port));
    ready();
    for (;;) {
        struct epoll_event events[16];
        int got = epoll_wait(set, events, 16, -1);
        if (got < 0) interrupted();
        for (int index = 0; index < got; index++) {
            int at = events[index].data.fd;
            if (at == fd) {
                event.data.fd = accept(fd, NULL, NULL);
                epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            char bytes[4096];
            ssize_t length = read(at, bytes, sizeof bytes);
            if (length <= 0 || write(at, bytes, (size_t)length) != length) close(at);
        }
    }
}
