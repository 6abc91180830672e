// Conversations over TCP that hang, and healthy ones that look alike. The other side is a child.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

typedef void (*side)(int connection);

static int listening(struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr *)address, sizeof *address) < 0 || listen(fd, 8) < 0) exit(1);
    getsockname(fd, (struct sockaddr *)address, &length);
    return fd;
}

/// Forks the server, connects to it, and sends it a request.
static int ask(side server) {
    struct sockaddr_in address;
    int fd = listening(&address);
    if (child() == 0) {
        int connection = accept(fd, NULL, NULL);
        char request[64];
        (void)!recv(connection, request, sizeof request, 0);
        server(connection);
        rest();
    }
    close(fd);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) exit(1);
    (void)!send(connection, "request", 7, 0);
    return connection;
}

/// Nothing that arrives at the socket from now on gets through to it.
static void swallow(int fd) {
    struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {1, &none};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) exit(1);
}

static void read_all(int connection) {
    char bytes[4096];
    while (recv(connection, bytes, sizeof bytes, 0) > 0) {}
}

static void drip(int connection) {
    (void)!send(connection, "HTTP/1.1 200 OK\r\n\r\n", 19, 0);
    for (;;) { usleep(150000); (void)!send(connection, "x", 1, 0); }
}

static void trickle(int connection) {
    char bytes[700] = {0};
    for (;;) { usleep(150000); (void)!send(connection, bytes, sizeof bytes, 0); }
}

/// An answer of which a byte comes now and then.
STAND(answer_drips) { (void)count; (void)arguments; int fd = ask(drip); ready(); read_all(fd); }
/// Its healthy twin: slow, but it will be whole.
STAND(answer_slow) { (void)count; (void)arguments; int fd = ask(trickle); ready(); read_all(fd); }

static void half(int connection) { (void)!send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", 39, 0); }
/// The answer begins, and the server turns to other things.
STAND(answer_stalls) { (void)count; (void)arguments; int fd = ask(half); announce(); read_all(fd); }

static void news(int connection) {
    (void)!send(connection, "subscribed", 10, 0);
    for (;;) { usleep(900000); (void)!send(connection, "something happened, and here is all about it", 44, 0); }
}
/// Its healthy twin: a subscription.
STAND(subscription) { (void)count; (void)arguments; int fd = ask(news); ready(); read_all(fd); }

static pthread_mutex_t kept = PTHREAD_MUTEX_INITIALIZER;

static void *take_turn(void *x) { pthread_mutex_lock(&kept); pthread_mutex_unlock(&kept); return x; }

static void read_page(int connection, size_t length) {
    char page[4096];
    for (size_t got = 0; got < length;) {
        ssize_t bytes = recv(connection, page + got, length - got, 0);
        if (bytes <= 0) exit(1);
        got += (size_t)bytes;
    }
}

static void half_and_listen(int connection) { char bytes[2048] = "<html>"; (void)!send(connection, bytes, 300, 0); read_all(connection); (void)!send(connection, bytes, sizeof bytes, 0); }

/// Half of the answer has come, and the server waits for the next request; whoever reads has a lock that others want.
STAND(answer_locked) {
    (void)count; (void)arguments;
    int fd = ask(half_and_listen);
    pthread_mutex_lock(&kept);
    for (int other = 0; other < 3; other++) begin("other", take_turn, NULL);
    announce();
    read_page(fd, 2048);
    pthread_mutex_unlock(&kept);
}

/// Its healthy twin: the answer is whole, the lock was given back, and news may come.
STAND(answer_unlocked) {
    (void)count; (void)arguments;
    int fd = ask(half_and_listen);
    pthread_mutex_lock(&kept);
    for (int other = 0; other < 3; other++) begin("other", take_turn, NULL);
    read_page(fd, 300);
    pthread_mutex_unlock(&kept);
    announce();
    read_all(fd);
}

static void close_at_once(int connection) { close(connection); }

/// The connection is closed instead of an answer; whoever waits for it is never told.
STAND(closed_early) {
    (void)count; (void)arguments;
    ask(close_at_once);
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    announce();
    for (;;) pthread_cond_wait(&answered, &mutex);
}

static void answer_and_close(int connection) { (void)!send(connection, "answer", 6, 0); close(connection); }

/// Its healthy twin: answered, closed by the server, kept in a pool, while this process waits for other work.
STAND(closed_after) {
    (void)count; (void)arguments;
    int fd = ask(answer_and_close);
    char bytes[64];
    (void)!recv(fd, bytes, sizeof bytes, 0);
    struct sockaddr_in address;
    int other = listening(&address);
    announce();
    accept(other, NULL, NULL);
}

/// Nobody answers the connection's first packet: a filter at the listener drops it.
STAND(connect_blackholed) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    swallow(listening(&address));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    announce();
    connect(fd, (struct sockaddr *)&address, sizeof address);
    rest();
}

static void deaf(int connection) { swallow(connection); }

/// The peer hears nothing any more: what is sent is sent again and again.
STAND(peer_deaf) {
    (void)count; (void)arguments;
    int fd = ask(deaf);
    usleep(100000);
    (void)!send(fd, "another request", 15, 0);
    announce();
    read_all(fd);
}

static void write_all(int connection) {
    static char bytes[1 << 20];
    while (send(connection, bytes, sizeof bytes, 0) > 0) {}
}

static void nothing(int connection) { (void)connection; }
/// The peer does not read.
STAND(peer_not_reading) { (void)count; (void)arguments; int fd = ask(nothing); announce(); write_all(fd); }
static void doze(int connection) { (void)connection; for (;;) sleep(30); }
static void nap(int connection) { char bytes[64]; for (;;) { sleep(30); (void)!recv(connection, bytes, sizeof bytes, 0); } }
/// Who is to read it does nothing but sleep, half a minute at a time.
STAND(peer_dozing) { (void)count; (void)arguments; int fd = ask(doze); announce(); write_all(fd); }
/// Its twin: it reads on between two naps.
STAND(peer_napping) { (void)count; (void)arguments; int fd = ask(nap); announce(); write_all(fd); }
/// Both write, neither reads.
STAND(both_write) { (void)count; (void)arguments; int fd = ask(write_all); announce(); write_all(fd); }
/// Their healthy twin: it is all read.
STAND(peer_reading) { (void)count; (void)arguments; int fd = ask(read_all); ready(); for (;;) { (void)!send(fd, "line\n", 5, 0); usleep(100000); } }

/// An event loop with a request that nobody answers.
STAND(loop_silent) {
    (void)count; (void)arguments;
    int fd = ask(nothing), set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    announce();
    while (epoll_wait(set, &event, 1, -1) < 0) {}
}

static void answer_and_listen(int connection) { (void)!send(connection, "answer", 6, 0); read_all(connection); }

/// Its healthy twin: the request was answered, the connection is kept.
STAND(loop_kept) {
    (void)count; (void)arguments;
    int fd = ask(answer_and_listen), set = epoll_create1(0);
    char bytes[64];
    (void)!recv(fd, bytes, sizeof bytes, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    announce();
    while (epoll_wait(set, &event, 1, -1) < 0) {}
}

/// The name server is there and says nothing. Port 53 needs a privilege.
STAND(resolve) {
    (void)count; (void)arguments;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 0x4d00 + (unsigned)getpid() % 200);
    if (bind(fd, (struct sockaddr *)&server, sizeof server) < 0) { puts("skipped: port 53"); fflush(stdout); return; }
    res_init();
    _res.nscount = 1;
    _res.nsaddr_list[0] = server;
    announce();
    for (;;) {
        struct addrinfo *found, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
        getaddrinfo("service.example.test", "80", &hints, &found);
    }
}

/// No descriptor is left, and it tries again and again.
STAND(descriptors_gone) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = listening(&address);
    struct rlimit limit = {64, 64};
    setrlimit(RLIMIT_NOFILE, &limit);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (struct sockaddr *)&address, sizeof address);
    while (dup(fd) >= 0) {}
    ready();
    while (accept(fd, NULL, NULL) < 0 && errno == EMFILE) usleep(50000);
}

/// Its healthy twin: many descriptors, and some left.
STAND(descriptors_many) {
    (void)count; (void)arguments;
    struct sockaddr_in address;
    int fd = listening(&address);
    struct rlimit limit = {64, 64};
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int turn = 0; turn < 40; turn++) (void)!dup(fd);
    announce();
    accept(fd, NULL, NULL);
}

/// Has a few orders for whoever asked, the next one when the last was answered, and then no more.
static void few_orders(int connection) {
    char answer[64];
    for (int order = 0; order < 4; order++) {
        if (order > 0) (void)!recv(connection, answer, sizeof answer, 0);
        (void)!send(connection, "order", 5, 0);
    }
    (void)!recv(connection, answer, sizeof answer, 0);
}

static void take(int connection) {
    char order[5];
    for (size_t have = 0; have < sizeof order; have++) if (read(connection, order + have, 1) <= 0) exit(1);
}

static void say(int connection, const char *words) { (void)!write(connection, words, strlen(words)); }

/// A worker has said that its last order is done, and waits for the next one.
STAND(orders_answered) {
    (void)count; (void)arguments;
    int fd = ask(few_orders);
    announce();
    for (;;) {
        take(fd);
        usleep(20000);
        say(fd, "done");
    }
}

/// Its twin that hangs: it has asked for the next one.
STAND(orders_asked) {
    (void)count; (void)arguments;
    int fd = ask(few_orders);
    take(fd);
    announce();
    for (;;) {
        say(fd, "next");
        take(fd);
        usleep(20000);
    }
}
