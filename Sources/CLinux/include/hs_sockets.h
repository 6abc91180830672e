// Sockets as sock_diag(7) tells them, flattened to what a capture needs.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    uint8_t family;      // AF_INET, AF_INET6
    uint8_t protocol;    // IPPROTO_TCP, IPPROTO_UDP
    uint8_t state;       // TCP_* of include/net/tcp_states.h
    uint8_t timer;       // 0 none, 1 retransmit, 2 keepalive, 3 time-wait, 4 zero-window probe
    uint8_t retransmits; // of the timer
    uint8_t has_tcp;
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t expires_ms;
    uint32_t receive_queue;
    uint32_t send_queue;
    uint32_t uid;
    uint64_t inode;
    uint8_t local[16];
    uint8_t remote[16];
    // struct tcp_info, linux/tcp.h
    uint32_t last_data_sent_ms, last_data_received_ms, last_ack_received_ms;
    uint32_t unacked, retrans, total_retrans, not_sent_bytes, rtt_us;
    uint8_t tcp_retransmits, backoff, probes;
    uint64_t bytes_sent, bytes_acked, bytes_received;
    uint64_t rwnd_limited_us, sndbuf_limited_us;
    uint64_t data_segments_in, data_segments_out;
} hs_inet_socket;

typedef struct {
    uint8_t type;   // SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET
    uint8_t state;  // 1 established or unconnected datagram, 7 closed, 10 listening
    uint8_t has_peer;
    uint32_t receive_queue;
    uint32_t send_queue;
    uint64_t inode;
    uint64_t peer_inode;
    /// The bound name; begins with '@' for an abstract one.
    char path[112];
    /// For a listener: inodes of connections not accepted yet, at most 64.
    uint32_t pending_count;
    uint32_t pending[64];
} hs_unix_socket;

/// Opens a sock_diag socket in the network namespace behind `netns_fd`, or in the caller's
/// own when that is -1. A thread of its own enters the namespace, so the caller's stays as it is.
int hs_open_sock_diag(int netns_fd);

/// Dumps the sockets of one family and protocol. `*sockets` is malloc'ed; free it with free().
/// `limit` bounds the number of records; a longer table gives -EOVERFLOW with what fitted.
int hs_dump_inet(int diag_fd, int family, int protocol, size_t limit, hs_inet_socket **sockets, size_t *count);
int hs_dump_unix(int diag_fd, size_t limit, hs_unix_socket **sockets, size_t *count);
