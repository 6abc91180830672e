#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_sockets.h"
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct opening { int netns_fd; int result; };

static int open_here(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0) return -errno;
    // The kernel answers at once; the limit only keeps a broken one from hanging us.
    struct timeval limit = {2, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    int size = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return fd;
}

static void *open_there(void *argument) {
    struct opening *opening = argument;
    opening->result = setns(opening->netns_fd, CLONE_NEWNET) < 0 ? -errno : open_here();
    return NULL;
}

int hs_open_sock_diag(int netns_fd) {
    if (netns_fd < 0) return open_here();
    struct opening opening = {netns_fd, -EINVAL};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, open_there, &opening);
    if (error) return -error;
    pthread_join(thread, NULL);
    return opening.result;
}

typedef int (*record_handler)(const struct nlmsghdr *message, void *context);

static int dump(int fd, const void *request, size_t length, uint32_t sequence, record_handler handle, void *context) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(fd, request, length, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) return -errno;
    static const size_t capacity = 1 << 16;
    char *buffer = malloc(capacity);
    if (!buffer) return -ENOMEM;
    int result = 0;
    for (int done = 0; !done;) {
        ssize_t got = recv(fd, buffer, capacity, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) { result = got < 0 ? -errno : -EIO; break; }
        int left = (int)got;
        for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; left > 0 && NLMSG_OK(message, (unsigned)left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_seq != sequence) continue;
            if (message->nlmsg_type == NLMSG_DONE) { done = 1; break; }
            if (message->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *error = NLMSG_DATA(message);
                result = message->nlmsg_len >= NLMSG_LENGTH(sizeof *error) && error->error ? error->error : -EIO;
                done = 1;
                break;
            }
            int handled = handle(message, context);
            if (handled < 0 && result == 0) result = handled;
        }
    }
    free(buffer);
    return result;
}

struct inet_table { hs_inet_socket *rows; size_t count, capacity, limit; uint8_t protocol; };

static void take_tcp_info(hs_inet_socket *row, const void *data, size_t length) {
    // Older kernels give a shorter structure; what is missing stays 0.
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    memcpy(&info, data, length < sizeof info ? length : sizeof info);
    row->has_tcp = 1;
    row->last_data_sent_ms = info.tcpi_last_data_sent;
    row->last_data_received_ms = info.tcpi_last_data_recv;
    row->last_ack_received_ms = info.tcpi_last_ack_recv;
    row->unacked = info.tcpi_unacked;
    row->retrans = info.tcpi_retrans;
    row->total_retrans = info.tcpi_total_retrans;
    row->not_sent_bytes = info.tcpi_notsent_bytes;
    row->rtt_us = info.tcpi_rtt;
    row->tcp_retransmits = info.tcpi_retransmits;
    row->backoff = info.tcpi_backoff;
    row->probes = info.tcpi_probes;
    row->bytes_sent = info.tcpi_bytes_sent;
    row->bytes_acked = info.tcpi_bytes_acked;
    row->bytes_received = info.tcpi_bytes_received;
    row->rwnd_limited_us = info.tcpi_rwnd_limited;
    row->sndbuf_limited_us = info.tcpi_sndbuf_limited;
    row->data_segments_in = info.tcpi_data_segs_in;
    row->data_segments_out = info.tcpi_data_segs_out;
}

static int take_inet(const struct nlmsghdr *message, void *context) {
    struct inet_table *table = context;
    if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return 0;
    if (table->count >= table->limit) return -EOVERFLOW;
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? table->capacity * 2 : 64;
        hs_inet_socket *rows = realloc(table->rows, capacity * sizeof *rows);
        if (!rows) return -ENOMEM;
        table->rows = rows;
        table->capacity = capacity;
    }
    const struct inet_diag_msg *diag = NLMSG_DATA(message);
    hs_inet_socket *row = &table->rows[table->count++];
    memset(row, 0, sizeof *row);
    row->family = diag->idiag_family;
    row->protocol = table->protocol;
    row->state = diag->idiag_state;
    row->timer = diag->idiag_timer;
    row->retransmits = diag->idiag_retrans;
    row->expires_ms = diag->idiag_expires;
    row->local_port = ntohs(diag->id.idiag_sport);
    row->remote_port = ntohs(diag->id.idiag_dport);
    memcpy(row->local, diag->id.idiag_src, 16);
    memcpy(row->remote, diag->id.idiag_dst, 16);
    row->receive_queue = diag->idiag_rqueue;
    row->send_queue = diag->idiag_wqueue;
    row->uid = diag->idiag_uid;
    row->inode = diag->idiag_inode;
    int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *diag));
    for (const struct rtattr *attribute = (const struct rtattr *)(diag + 1); RTA_OK(attribute, left);
         attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type == INET_DIAG_INFO && table->protocol == IPPROTO_TCP)
            take_tcp_info(row, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    }
    return 0;
}

int hs_dump_inet(int diag_fd, int family, int protocol, size_t limit, hs_inet_socket **sockets, size_t *count) {
    struct { struct nlmsghdr header; struct inet_diag_req_v2 body; } request;
    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = 1;
    request.body.sdiag_family = (uint8_t)family;
    request.body.sdiag_protocol = (uint8_t)protocol;
    request.body.idiag_ext = 1 << (INET_DIAG_INFO - 1);
    request.body.idiag_states = ~0u;
    struct inet_table table = {NULL, 0, 0, limit, (uint8_t)protocol};
    int result = dump(diag_fd, &request, sizeof request, 1, take_inet, &table);
    *sockets = table.rows;
    *count = table.count;
    return result;
}

struct unix_table { hs_unix_socket *rows; size_t count, capacity, limit; };

static void take_unix_attribute(hs_unix_socket *row, const struct rtattr *attribute) {
    const void *data = RTA_DATA(attribute);
    size_t length = RTA_PAYLOAD(attribute);
    switch (attribute->rta_type) {
    case UNIX_DIAG_NAME:
        if (length > sizeof row->path - 1) length = sizeof row->path - 1;
        memcpy(row->path, data, length);
        row->path[length] = 0;
        if (length > 0 && row->path[0] == 0) {
            row->path[0] = '@';
            // Abstract names may hold any byte; further NULs would cut the name.
            for (size_t index = 1; index < length; index++) if (row->path[index] == 0) row->path[index] = '@';
        }
        break;
    case UNIX_DIAG_PEER:
        if (length >= 4) { uint32_t peer; memcpy(&peer, data, 4); row->has_peer = 1; row->peer_inode = peer; }
        break;
    case UNIX_DIAG_RQLEN:
        if (length >= sizeof(struct unix_diag_rqlen)) {
            struct unix_diag_rqlen queues;
            memcpy(&queues, data, sizeof queues);
            row->receive_queue = queues.udiag_rqueue;
            row->send_queue = queues.udiag_wqueue;
        }
        break;
    case UNIX_DIAG_ICONS:
        row->pending_count = (uint32_t)(length / 4 < 64 ? length / 4 : 64);
        memcpy(row->pending, data, row->pending_count * 4);
        break;
    default:
        break;
    }
}

static int take_unix(const struct nlmsghdr *message, void *context) {
    struct unix_table *table = context;
    if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct unix_diag_msg))) return 0;
    if (table->count >= table->limit) return -EOVERFLOW;
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? table->capacity * 2 : 64;
        hs_unix_socket *rows = realloc(table->rows, capacity * sizeof *rows);
        if (!rows) return -ENOMEM;
        table->rows = rows;
        table->capacity = capacity;
    }
    const struct unix_diag_msg *diag = NLMSG_DATA(message);
    hs_unix_socket *row = &table->rows[table->count++];
    memset(row, 0, sizeof *row);
    row->type = diag->udiag_type;
    row->state = diag->udiag_state;
    row->inode = diag->udiag_ino;
    int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *diag));
    for (const struct rtattr *attribute = (const struct rtattr *)(diag + 1); RTA_OK(attribute, left);
         attribute = RTA_NEXT(attribute, left)) {
        take_unix_attribute(row, attribute);
    }
    return 0;
}

int hs_dump_unix(int diag_fd, size_t limit, hs_unix_socket **sockets, size_t *count) {
    struct { struct nlmsghdr header; struct unix_diag_req body; } request;
    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = 2;
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_states = ~0u;
    request.body.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_ICONS;
    struct unix_table table = {NULL, 0, 0, limit};
    int result = dump(diag_fd, &request, sizeof request, 2, take_unix, &table);
    *sockets = table.rows;
    *count = table.count;
    return result;
}
#else
typedef int hs_sockets_unused;
#endif
