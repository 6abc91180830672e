#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_trace.h"
#include "hs_memory.h"
#include "hs_proc.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

enum { RED_ZONE = 128, GET_RSEQ_CONFIGURATION = 0x420f };
/// Longest that a thread of ours goes before all others without a break: a few stacks.
enum { URGENT_NS = 500000 };
enum { FRESH, SEIZED, STOPPED, RELEASED };

uint64_t hs_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void halt_at(const hs_copy_request *request, int step) {
    if (request->halt_at != step) return;
    char byte = '.';
    while (write(request->halt_fd, &byte, 1) < 0 && errno == EINTR) {}
    for (;;) pause();
}

/// How long a thread has waited for a processor in all: schedstat's second number; 0 where it is not known.
static uint64_t queued_ns(const hs_thread_copy *thread) {
    if (thread->schedule_fd < 0) return 0;
    char text[96];
    ssize_t length = pread(thread->schedule_fd, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    unsigned long long ran, queued;
    return sscanf(text, "%llu %llu", &ran, &queued) == 2 ? queued : 0;
}

/// It goes on meanwhile.
static void seize(hs_copy_request *request, hs_thread_copy *thread) {
    thread->state = FRESH;
    thread->error = 0;
    thread->signal = 0;
    thread->was_stopped = 0;
    thread->stack_length = 0;
    if (ptrace(PTRACE_SEIZE, thread->tid, 0, 0) < 0) { thread->error = -errno; return; }
    thread->state = SEIZED;
    halt_at(request, HS_TRACE_SEIZED);
}

static void interrupt(hs_copy_request *request, hs_thread_copy *thread) {
    if (thread->state != SEIZED) return;
    thread->queued_ns = queued_ns(thread);
    thread->interrupted_ns = hs_monotonic_ns();
    if (ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0) < 0) { thread->error = -errno; return; }
    halt_at(request, HS_TRACE_INTERRUPTED);
}

static void wake_up(int signal) { (void)signal; }

/// Of the thread that traces.
static _Thread_local timer_t patience;
static _Thread_local int has_patience, is_patient;
static _Thread_local int urgency = HS_URGENCY_UNCHANGED;
static _Thread_local uint64_t urgent_since_ns;

/// Makes waitpid return with EINTR from `patience_ms` on, again and again, on this thread only, until 0 is asked for:
/// a thread in uninterruptible sleep never stops, and waiting for it must end.
static void set_patience(uint32_t patience_ms) {
    if (!has_patience) return;
    struct itimerspec times = {{0, 0}, {0, 0}};
    if (patience_ms > 0) times = (struct itimerspec){{0, 10000000}, {patience_ms / 1000, (long)(patience_ms % 1000) * 1000000 + 1}};
    timer_settime(patience, 0, &times, NULL);
    is_patient = patience_ms > 0;
}

static void make_patience(void) {
    struct sigaction action = {.sa_handler = wake_up};
    sigaction(SIGRTMIN + 9, &action, NULL);
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGRTMIN + 9;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    has_patience = timer_create(CLOCK_MONOTONIC, &event, &patience) == 0;
}

/// Whether any of those that are waited for would stop, had it a processor.
static int is_runnable(const hs_copy_request *request, pid_t tid) {
    if (tid > 0) return hs_proc_state(tid) == 'R';
    for (size_t index = 0; index < request->count; index++) {
        const hs_thread_copy *thread = &request->threads[index];
        if (thread->state == SEIZED && !thread->error && hs_proc_state(thread->tid) == 'R') return 1;
    }
    return 0;
}

/// Waits for a thread, or with -1 for any that this one traces. To be called with patience set.
static pid_t wait_for(const hs_copy_request *request, pid_t tid, int *status) {
    // It stops within microseconds as a rule, sooner than sleeping and waking would take; but a real-time thread
    // that does not sleep may keep it from the processor that it needs for that.
    int turns = request->urgency == HS_URGENCY_UNCHANGED ? 200 : 1;
    for (int turn = 0; turn < turns; turn++) {
        pid_t got = waitpid(tid, status, __WALL | __WNOTHREAD | WNOHANG);
        if (got != 0) return got < 0 ? -errno : got;
        __builtin_ia32_pause();
    }
    if (!has_patience) return -EAGAIN;
    uint64_t now = hs_monotonic_ns(), limit = now + (uint64_t)request->patience_ms * 1000000u;
    uint64_t runnable_limit = now + (uint64_t)request->runnable_patience_ms * 1000000u;
    pid_t got;
    do {
        got = waitpid(tid, status, __WALL | __WNOTHREAD);
        if (got < 0) got = -errno;
        now = hs_monotonic_ns();
    } while (got == -EINTR && (now < limit || (now < runnable_limit && is_runnable(request, tid))));
    return got == -EINTR ? -ETIMEDOUT : got;
}

/// On a loaded machine a thread waits for a processor before it can stop: nothing of ours holds it then. Only told
/// apart where we are woken at once; else all of it counts.
static void count_from_stop(const hs_copy_request *request, hs_thread_copy *thread) {
    uint64_t elapsed = hs_monotonic_ns() - thread->interrupted_ns;
    if (request->urgency == HS_URGENCY_UNCHANGED || elapsed < 100000) return;
    uint64_t queued = queued_ns(thread) - thread->queued_ns;
    thread->interrupted_ns += queued < elapsed ? queued : elapsed;
}

static void note_stop(hs_copy_request *request, hs_thread_copy *thread, int status) {
    if (!WIFSTOPPED(status)) { thread->state = RELEASED; thread->error = -ESRCH; return; }
    thread->state = STOPPED;
    count_from_stop(request, thread);
    int signal = WSTOPSIG(status);
    if (status >> 16 == PTRACE_EVENT_STOP) thread->was_stopped = signal != SIGTRAP;
    // A signal was on its way: it was taken from the thread and must be given back.
    else thread->signal = signal;
    halt_at(request, HS_TRACE_STOPPED);
}

static void await_stop(hs_copy_request *request, hs_thread_copy *thread) {
    if (thread->state != SEIZED || thread->error) return;
    int status = 0;
    pid_t got = wait_for(request, thread->tid, &status);
    if (got == thread->tid) return note_stop(request, thread, status);
    if (got != -ETIMEDOUT) thread->state = RELEASED;
    thread->error = got < 0 ? (int)got : -ECHILD;
}

/// How much there is from `start` on in the memory that the stack pointer lies in, as far as that is known: trying to read beyond
/// takes twice as long.
static size_t room_on_stack(const hs_stacks *stacks, uint64_t start, uint64_t stack_pointer, size_t capacity) {
    size_t low = 0, high = stacks ? stacks->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stacks->ends[middle] <= stack_pointer) low = middle + 1;
        else high = middle;
    }
    uint64_t room = stacks && low < stacks->count ? stacks->ends[low] - start : capacity;
    return room < capacity ? (size_t)room : capacity;
}

static hs_memory_piece piece_of(const hs_stacks *stacks, const hs_thread_copy *thread, uint64_t stack_pointer) {
    uint64_t start = (stack_pointer > RED_ZONE ? stack_pointer - RED_ZONE : stack_pointer) & ~7ull;
    return (hs_memory_piece){start, thread->stack, room_on_stack(stacks, start, stack_pointer, thread->stack_capacity), 0};
}

static void note_copied(hs_thread_copy *thread, const hs_memory_piece *piece) {
    thread->stack_start = piece->address;
    thread->stack_length = piece->copied > 0 ? (size_t)piece->copied : 0;
    if (piece->copied < 0 && !thread->error) thread->error = (int)piece->copied;
}

void hs_copy_without_stopping(pid_t pid, const hs_stacks *stacks, hs_thread_copy *thread, uint64_t stack_pointer) {
    hs_memory_piece piece = piece_of(stacks, thread, stack_pointer);
    piece.copied = hs_read_memory(pid, piece.address, piece.buffer, piece.length);
    note_copied(thread, &piece);
}

/*
 * A thread may enter its system call between our look at it and its stop, and some calls then
 * return EINTR instead of being begun again (signal(7)). Nothing was done in such a call yet and no
 * signal waits for the thread: let it begin the call anew, as the kernel does for those that it
 * restarts itself (handle_signal in arch/x86/kernel/signal.c: the number back into rax, rip on
 * the two bytes of the syscall instruction). A timeout counts from the start again.
 */
static void begin_call_again(hs_thread_copy *thread, struct user_regs_struct *user) {
    static const long interrupted_calls[] = {
        SYS_epoll_wait, SYS_epoll_pwait, 441 /* epoll_pwait2 */, SYS_rt_sigtimedwait, SYS_semop, SYS_semtimedop,
        SYS_recvfrom, SYS_recvmsg, SYS_accept, SYS_accept4, SYS_io_getevents, SYS_msgrcv, SYS_pause,
    };
    if (thread->signal != 0 || thread->was_stopped || (long)user->rax != -EINTR) return;
    for (size_t index = 0; index < sizeof interrupted_calls / sizeof *interrupted_calls; index++) {
        if ((long)user->orig_rax != interrupted_calls[index]) continue;
        struct user_regs_struct again = *user;
        again.rax = user->orig_rax;
        again.rip -= 2;
        struct iovec piece = {&again, sizeof again};
        ptrace(PTRACE_SETREGSET, thread->tid, 1 /* NT_PRSTATUS */, &piece);
        return;
    }
}

/// The stack pointer, or 0.
static uint64_t copy_registers(hs_thread_copy *thread) {
    if (thread->state != STOPPED) return 0;
    struct user_regs_struct user;
    struct iovec piece = {&user, sizeof user};
    if (ptrace(PTRACE_GETREGSET, thread->tid, 1 /* NT_PRSTATUS */, &piece) < 0) { thread->error = -errno; return 0; }
    begin_call_again(thread, &user);
    uint64_t *registers = thread->registers;
    registers[HS_RAX] = user.rax; registers[HS_RDX] = user.rdx; registers[HS_RCX] = user.rcx;
    registers[HS_RBX] = user.rbx; registers[HS_RSI] = user.rsi; registers[HS_RDI] = user.rdi;
    registers[HS_RBP] = user.rbp; registers[HS_RSP] = user.rsp; registers[HS_R8] = user.r8;
    registers[HS_R9] = user.r9; registers[HS_R10] = user.r10; registers[HS_R11] = user.r11;
    registers[HS_R12] = user.r12; registers[HS_R13] = user.r13; registers[HS_R14] = user.r14;
    registers[HS_R15] = user.r15; registers[HS_RIP] = user.rip;
    thread->fs_base = user.fs_base;
    // struct ptrace_rseq_configuration of linux/ptrace.h.
    struct { uint64_t pointer; uint32_t size, signature, flags, pad; } area = {0};
    thread->rseq = ptrace(GET_RSEQ_CONFIGURATION, thread->tid, (void *)sizeof area, &area) > 0 ? area.pointer : 0;
    return user.rsp;
}

static void copy(hs_copy_request *request, hs_thread_copy *thread) {
    uint64_t stack_pointer = copy_registers(thread);
    if (stack_pointer == 0) return;
    hs_copy_without_stopping(thread->tid, &request->stacks, thread, stack_pointer);
    halt_at(request, HS_TRACE_COPIED);
}

static void copy_together(hs_copy_request *request) {
    enum { TOGETHER = 64 };
    hs_memory_piece pieces[TOGETHER];
    hs_thread_copy *owners[TOGETHER];
    for (size_t next = 0; next < request->count;) {
        size_t count = 0;
        for (; next < request->count && count < TOGETHER; next++) {
            hs_thread_copy *thread = &request->threads[next];
            uint64_t stack_pointer = copy_registers(thread);
            if (stack_pointer == 0) continue;
            pieces[count] = piece_of(&request->stacks, thread, stack_pointer);
            owners[count++] = thread;
        }
        hs_read_pieces(request->pid, pieces, count);
        for (size_t index = 0; index < count; index++) {
            note_copied(owners[index], &pieces[index]);
            halt_at(request, HS_TRACE_COPIED);
        }
    }
}

static void release(hs_copy_request *request, hs_thread_copy *thread) {
    if (thread->state == STOPPED) {
        if (ptrace(PTRACE_DETACH, thread->tid, 0, (void *)(intptr_t)thread->signal) < 0 && !thread->error && errno != ESRCH)
            thread->error = -errno;
        thread->pause_ns = hs_monotonic_ns() - thread->interrupted_ns;
        thread->state = RELEASED;
        halt_at(request, HS_TRACE_RESUMED);
    } else if (thread->state == SEIZED) {
        // Never stopped, so it cannot be detached; it is released when this thread ends.
        thread->pause_ns = 0;
    }
}

/// Takes the threads in the order in which they stop: none is held for as long as another one takes to stop.
static void copy_as_they_stop(hs_copy_request *request, size_t left) {
    while (left > 0) {
        int status = 0;
        pid_t got = wait_for(request, -1, &status);
        hs_thread_copy *thread = request->threads, *end = thread + request->count;
        if (got < 0) {
            for (; thread < end; thread++) {
                if (thread->state != SEIZED || thread->error) continue;
                if (got != -ETIMEDOUT) thread->state = RELEASED;
                thread->error = (int)got;
            }
            return;
        }
        while (thread < end && (thread->tid != got || thread->state != SEIZED || thread->error)) thread++;
        if (thread == end) {
            // One that was given up before, and stops now.
            if (WIFSTOPPED(status)) ptrace(PTRACE_DETACH, got, 0, (void *)(intptr_t)(status >> 16 ? 0 : WSTOPSIG(status)));
            continue;
        }
        note_stop(request, thread, status);
        copy(request, thread);
        release(request, thread);
        left--;
    }
}

void hs_copy_few(hs_copy_request *request) {
    for (size_t index = 0; index < request->count; index++) {
        hs_thread_copy *thread = &request->threads[index];
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", request->pid, thread->tid);
        thread->schedule_fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    // Both last from one call to the next: asking for them takes as long as copying a stack.
    if (urgent_since_ns == 0) {
        urgency = hs_urgency_raise();
        urgent_since_ns = hs_monotonic_ns();
    }
    if (!is_patient) set_patience(request->patience_ms);
    request->urgency = urgency;
    size_t left = 0;
    for (size_t index = 0; index < request->count; index++) {
        seize(request, &request->threads[index]);
        interrupt(request, &request->threads[index]);
        left += request->threads[index].state == SEIZED && !request->threads[index].error;
    }
    copy_as_they_stop(request, left);
    for (size_t index = 0; index < request->count; index++) {
        hs_thread_copy *thread = &request->threads[index];
        if (thread->state == SEIZED) release(request, thread);
        if (thread->schedule_fd >= 0) close(thread->schedule_fd);
    }
}

void hs_copy_pause(void) {
    if (urgent_since_ns == 0 || hs_monotonic_ns() - urgent_since_ns < URGENT_NS) return;
    hs_urgency_drop(urgency);
    urgent_since_ns = 0;
}

uint64_t hs_copy_all(hs_copy_request *request, void (*inside)(void *context), void *context) {
    // Each moment counts for all of them: their pauses are counted whole.
    for (size_t index = 0; index < request->count; index++) request->threads[index].schedule_fd = -1;
    for (size_t index = 0; index < request->count; index++) seize(request, &request->threads[index]);
    request->urgency = hs_urgency_raise();
    set_patience(request->patience_ms);
    uint64_t began = hs_monotonic_ns();
    for (size_t index = 0; index < request->count; index++) interrupt(request, &request->threads[index]);
    for (size_t index = 0; index < request->count; index++) await_stop(request, &request->threads[index]);
    set_patience(0);
    copy_together(request);
    if (inside) inside(context);
    for (size_t index = 0; index < request->count; index++) release(request, &request->threads[index]);
    uint64_t took = hs_monotonic_ns() - began;
    hs_urgency_drop(request->urgency);
    return took;
}

struct own_thread { void (*body)(void *); void *context; };

static void *run_own_thread(void *argument) {
    struct own_thread *own = argument;
    // While it holds a thread it should not wait for a processor; only root may ask for that.
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), -20);
    // Whoever made this thread may block all signals; the one that ends a wait must come. And where it blocks SIGCHLD, that is
    // not ignored (signal(7)) but wakes another thread of ours at each stop.
    sigset_t waking;
    sigemptyset(&waking);
    sigaddset(&waking, SIGRTMIN + 9);
    sigaddset(&waking, SIGCHLD);
    pthread_sigmask(SIG_UNBLOCK, &waking, NULL);
    make_patience();
    own->body(own->context);
    if (has_patience) timer_delete(patience);
    return NULL;
}

int hs_on_own_thread(void (*body)(void *context), void *context) {
    struct own_thread own = {body, context};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8u << 20);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, run_own_thread, &own);
    pthread_attr_destroy(&attributes);
    if (error) return -error;
    pthread_join(thread, NULL);
    return 0;
}

#else
typedef int hs_trace_unused;
#endif
