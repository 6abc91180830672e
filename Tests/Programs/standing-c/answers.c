// Clients that read an answer whose length its head told, from servers that go on; and healthy ones that look alike.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char head[] = "HTTP/1.1 200 OK\r\nServer: pages\r\nContent-Length: ";

static size_t compose(char *answer, size_t size, const char *length, size_t body) {
    memset(answer, 0, size);
    size_t begun = (size_t)snprintf(answer, size, "%s%s\r\n\r\n", head, length);
    memset(answer + begun, 'p', body);
    return begun + body;
}

/// Answers one request, and looks for the next again and again.
static void serve_pages(int listener, const char *length, size_t body) {
    int connection = accept(listener, NULL, NULL);
    char request[200], answer[2000];
    if (recv(connection, request, sizeof request, 0) <= 0) exit(1);
    (void)!send(connection, answer, compose(answer, sizeof answer, length, body), 0);
    struct pollfd next = {.fd = connection, .events = POLLIN};
    while (poll(&next, 1, 300) == 0) {}
    exit(0);
}

static int ask_for_page(const char *length, size_t body) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), connection = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4) < 0) exit(1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    if (child() == 0) serve_pages(listener, length, body);
    close(listener);
    if (connect(connection, (struct sockaddr *)&address, size) < 0) exit(1);
    static const char request[] = "GET /page HTTP/1.1\r\nHost: pages\r\n\r\n";
    if (send(connection, request, sizeof request - 1, 0) < 0) exit(1);
    return connection;
}

/// Reads until `wanted` bytes have come.
static void read_page_of(int connection, size_t wanted) {
    static char page[4000];
    announce();
    for (size_t got = 0; got < wanted;) {
        ssize_t bytes = recv(connection, page + got, sizeof page - got, 0);
        if (bytes <= 0) exit(1);
        got += (size_t)bytes;
    }
}

/// Of 900 bytes 120 have come.
STAND(answer_short) { (void)count; (void)arguments; read_page_of(ask_for_page("900", 120), 970); }
/// Its healthy twin: all of them have come, and the connection is kept to hear what may come next.
STAND(answer_whole) { (void)count; (void)arguments; read_page_of(ask_for_page("120", 120), 970); }

/// Reads whatever comes in an event loop, beside a clock.
static void loop_over(int connection) {
    static char page[4000];
    struct itimerspec beat = {.it_interval = {.tv_nsec = 400000000}, .it_value = {.tv_nsec = 400000000}};
    int set = epoll_create1(0), clock = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(clock, 0, &beat, NULL);
    struct epoll_event watch = {.events = EPOLLIN, .data.fd = clock};
    epoll_ctl(set, EPOLL_CTL_ADD, clock, &watch);
    watch.data.fd = connection;
    epoll_ctl(set, EPOLL_CTL_ADD, connection, &watch);
    announce();
    for (size_t got = 0;;) {
        unsigned long ticks;
        if (epoll_wait(set, &watch, 1, -1) < 1) exit(1);
        if (watch.data.fd == clock) { (void)!read(clock, &ticks, sizeof ticks); continue; }
        ssize_t bytes = recv(connection, page + got, sizeof page - got, 0);
        if (bytes <= 0) exit(1);
        got += (size_t)bytes;
    }
}

STAND(answer_short_looped) { (void)count; (void)arguments; loop_over(ask_for_page("900", 120)); }
STAND(answer_whole_looped) { (void)count; (void)arguments; loop_over(ask_for_page("120", 120)); }

/// Sends its answer a few bytes at a time.
static void serve_slowly(int listener, const char *length) {
    int connection = accept(listener, NULL, NULL);
    char request[200], answer[2000];
    if (recv(connection, request, sizeof request, 0) <= 0) exit(1);
    int one = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)!send(connection, answer, compose(answer, sizeof answer, length, 0), 0);
    for (;;) { usleep(150000); (void)!send(connection, "pppppppp", 8, 0); }
}

static void read_slowly(const char *length) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), connection = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4) < 0) exit(1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    if (child() == 0) serve_slowly(listener, length);
    close(listener);
    if (connect(connection, (struct sockaddr *)&address, size) < 0) exit(1);
    (void)!send(connection, "GET /page HTTP/1.1\r\n\r\n", 22, 0);
    static char told[40000];
    ssize_t got = recv(connection, told, 400, 0), more = got;
    if (got <= 0) exit(1);
    announce();
    for (; more > 0 && got < (ssize_t)sizeof told - 64; got += more) more = recv(connection, told + got, 64, 0);
}

/// Of 900 MB some bytes a second come.
STAND(answer_trickles) { (void)count; (void)arguments; read_slowly("900000000"); }
/// Its healthy twin: as slow, but it will be whole before long.
STAND(answer_small) { (void)count; (void)arguments; read_slowly("90000"); }

// MARK: Readers that do not see the end

static int devices;

/// Sends a record a while, or the half of one and goes.
static void report(int goes) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(devices, (struct sockaddr *)&address, &size);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, size) < 0) exit(1);
    static const char record[40];
    if (goes) { (void)!send(fd, record, 17, 0); exit(0); }
    for (;;) { (void)!send(fd, record, sizeof record, 0); usleep(400000); }
}

/// Takes what a call gives for a count without looking for the end.
static void *collect(void *connection) {
    char record[40];
    for (;;) {
        for (size_t got = 0; got < sizeof record;) {
            ssize_t bytes = read((int)(long)connection, record + got, sizeof record - got);
            if (bytes < 0) return NULL;
            got += (size_t)bytes;
        }
    }
}

/// Looks by turns whether either connection has something.
static void *look_at_both(void *connections) {
    int *both = connections;
    char record[40];
    for (;;) for (int which = 0; which < 2; which++) (void)!recv(both[which], record, sizeof record, MSG_DONTWAIT);
    return NULL;
}

static void accept_both(int both[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    devices = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(devices, (struct sockaddr *)&address, sizeof address) < 0 || listen(devices, 4) < 0) exit(1);
    for (int which = 0; which < 2; which++) {
        if (child() == 0) report(which);
        both[which] = accept(devices, NULL, NULL);
    }
}

/// One of two devices has gone in the middle of a record.
STAND(read_past_end) {
    (void)count; (void)arguments;
    int both[2];
    accept_both(both);
    for (int which = 0; which < 2; which++) begin("device", collect, (void *)(long)both[which]);
    ready();
    rest();
}

/// Its twin goes on: the same thread looks for what the other sends.
STAND(look_past_end) {
    (void)count; (void)arguments;
    static int both[2];
    accept_both(both);
    begin("devices", look_at_both, both);
    ready();
    rest();
}

// MARK: Both ends write

/// Buffers that are soon full, and stay as large as they are.
static void keep_small(int fd) {
    int bytes = 16384;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) < 0) exit(1);
}

/// Says everything twice, and reads no more while that is not out.
static void echo_all(int reads) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    keep_small(listener);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0) exit(1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    if (child() == 0) {
        static char day[4096];
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        keep_small(fd);
        if (connect(fd, (struct sockaddr *)&address, size) < 0) exit(1);
        while (send(fd, day, sizeof day, 0) > 0) if (reads) for (int part = 0; part < 2; part++) { (void)!recv(fd, day, sizeof day, 0); usleep(20000); }
        exit(0);
    }
    int fd = accept(listener, NULL, NULL);
    static char line[4096];
    ssize_t left = 0;
    // Of two that write, both have to fill what lies between them first.
    int stands = reads;
    if (stands) announce();
    for (;;) {
        struct pollfd next = {.fd = fd, .events = left ? POLLOUT : POLLIN};
        int found = poll(&next, 1, stands ? -1 : 1000);
        if (found < 0) exit(1);
        if (found == 0) {
            if (left) stands = 1, ready();
            continue;
        }
        if (!left) { left = 2 * recv(fd, line, sizeof line, MSG_DONTWAIT); continue; }
        ssize_t out = send(fd, line, (size_t)(left > (ssize_t)sizeof line ? (ssize_t)sizeof line : left), MSG_DONTWAIT);
        if (out < 0 && errno != EAGAIN) exit(1);
        if (out > 0) left -= out;
    }
}

STAND(echo_unread) { (void)count; (void)arguments; echo_all(0); }
/// Its healthy twin: what is said comes back, and is read.
STAND(echo_read) { (void)count; (void)arguments; echo_all(1); }
