// Clients that read an answer whose length its head told, from servers that go on; and healthy ones that look alike.
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
