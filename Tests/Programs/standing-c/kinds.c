#include "kinds.h"
#include <stddef.h>

const struct kind kinds[] = {
    {"mutex-cycle", mutex_cycle}, {"mutex-abandoned", mutex_abandoned}, {"mutex-self", mutex_self},
    {"mutex-held", mutex_held}, {"mutex-pi", mutex_pi}, {"mutex-robust", mutex_robust}, {"mutex-shared", mutex_shared},
    {"condition", condition}, {"semaphore", semaphore}, {"rwlock-read", rwlock_read}, {"rwlock-write", rwlock_write},
    {"barrier", barrier}, {"join", join}, {"once", once}, {"healthy-locks", healthy_locks},
    {"pipe-read", pipe_read}, {"pipe-write", pipe_write}, {"fifo-open", fifo_open}, {"poll", poll_pipe},
    {"select", select_pipe}, {"epoll", epoll_pipe}, {"accept", accept_nobody}, {"connect-backlog", connect_backlog},
    {"socket-silent", socket_silent}, {"socket-timeout", socket_timeout}, {"socket-gone", socket_gone},
    {"unix-silent", unix_silent}, {"unix-backlog", unix_backlog}, {"descriptor-zoo", descriptor_zoo},
    {"lock-posix", lock_posix}, {"lock-behind", lock_behind}, {"lock-ofd", lock_ofd}, {"lock-flock", lock_flock}, {"lock-sqlite", lock_sqlite},
    {"lock-sqlite-wal", lock_sqlite_wal},
    {"sleep", sleep_long}, {"sleep-until", sleep_until}, {"wait-child", wait_child}, {"vfork", wait_vfork},
    {"sigtimedwait", wait_signal}, {"pause", wait_pause}, {"semop", semop_wait}, {"msgrcv", message_wait},
    {"zombie-leader", zombie_leader}, {"exec-again", exec_again}, {"short-lived", short_lived},
    {"not-dumpable", not_dumpable}, {"confined", confined}, {"deny-ptrace", deny_ptrace}, {"forks", forks},
    {"connect-nobody", connect_nobody}, {"echo-once", echo_once},
    {"deep", deep_threads}, {"busy", busy}, {"churn", churn}, {"corrupt-stack", corrupt_stack},
    {"variable-frame", variable_frame}, {"serve", serve},
    {NULL, NULL},
};
