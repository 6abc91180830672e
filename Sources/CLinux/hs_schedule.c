#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_trace.h"
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * nice(2) counts only within an autogroup (sched(7), "The autogroup feature"): on a loaded machine a thread
 * at -20 still waits for those of other sessions, and what it holds waits with it. A real-time thread does not.
 */
int hs_urgency_raise(void) {
    int policy = sched_getscheduler(0);
    struct sched_param lowest = {.sched_priority = 1};
    if (policy < 0 || policy == SCHED_FIFO || policy == SCHED_RR) return HS_URGENCY_UNCHANGED;
    return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0 ? policy : HS_URGENCY_UNCHANGED;
}

void hs_urgency_drop(int before) {
    struct sched_param none = {0};
    if (before != HS_URGENCY_UNCHANGED) sched_setscheduler(0, before, &none);
}

pid_t hs_thread_id(void) { return (pid_t)syscall(SYS_gettid); }

void hs_step_back(pid_t tid) {
    struct sched_param none = {0};
    sched_setscheduler(tid, SCHED_OTHER, &none);
}

static pthread_once_t stepping = PTHREAD_ONCE_INIT;
static int may_step;

static void step_and_back(void *context) {
    struct sched_param none = {0};
    (void)context;
    may_step = sched_setscheduler(0, SCHED_IDLE, &none) == 0 && sched_setscheduler(0, SCHED_OTHER, &none) == 0;
}

static void try_to_step(void) { hs_on_own_thread(step_and_back, NULL); }

// Who has neither CAP_SYS_NICE nor an RLIMIT_NICE of 20 never gets back from SCHED_IDLE (sched(7)): a thread that ends right after finds out.
int hs_step_aside(void) {
    struct sched_param none = {0};
    pthread_once(&stepping, try_to_step);
    return may_step && sched_getscheduler(0) == SCHED_OTHER && sched_setscheduler(0, SCHED_IDLE, &none) == 0 ? 0 : -1;
}

#else
typedef int hs_schedule_unused;
#endif
