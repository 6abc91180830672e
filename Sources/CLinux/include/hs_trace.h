// Stopping threads of another process for as long as it takes to copy registers and stack.
//
// PTRACE_SEIZE + PTRACE_INTERRUPT only: nothing is signalled, and if the tracing thread ends
// for whatever reason the kernel lets every tracee go on (ptrace(2), "Death of the tracer").
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Numbers of x86-64 registers as DWARF has them (System V ABI, figure 3.36); also libunwind's.
enum { HS_RAX, HS_RDX, HS_RCX, HS_RBX, HS_RSI, HS_RDI, HS_RBP, HS_RSP, HS_R8, HS_R9, HS_R10, HS_R11,
       HS_R12, HS_R13, HS_R14, HS_R15, HS_RIP, HS_REGISTERS };

/// Steps at which a test may halt the tracer, to kill it there.
enum { HS_TRACE_NONE, HS_TRACE_SEIZED, HS_TRACE_INTERRUPTED, HS_TRACE_STOPPED, HS_TRACE_COPIED, HS_TRACE_RESUMED };

typedef struct {
    pid_t tid;
    /// 0, or a negative errno: -EPERM traced by another or not permitted, -ESRCH gone,
    /// -ETIMEDOUT did not stop (uninterruptible sleep).
    int error;
    /// Where the stack goes; the caller's, `stack_capacity` bytes. Touch its pages beforehand.
    uint8_t *stack;
    size_t stack_capacity;
    size_t stack_length;
    /// Address of the first byte copied: the stack pointer less the 128 byte red zone.
    uint64_t stack_start;
    uint64_t registers[HS_REGISTERS];
    uint64_t fs_base;
    /// Where the kernel tells the thread which processor it runs on (rseq(2)); 0 where it does not.
    uint64_t rseq;
    /// It was stopped by a signal already, and is so again.
    int was_stopped;
    /// From its stop, or where that cannot be told from our asking for it, to its going on.
    uint64_t pause_ns;
    // Private to the tracer.
    int state;
    int signal;
    uint64_t interrupted_ns, queued_ns;
    int schedule_fd;
} hs_thread_copy;

/// Where the mappings of a process end, in ascending order; may be none, or old.
typedef struct { const uint64_t *ends; size_t count; } hs_stacks;

typedef struct {
    pid_t pid;
    hs_thread_copy *threads;
    size_t count;
    hs_stacks stacks;
    /// Longest wait for one thread to stop.
    uint32_t patience_ms;
    /// The same for one that would stop, and waits for a processor.
    uint32_t runnable_patience_ms;
    /// Test hook: at this step write a byte to `halt_fd` and wait for ever.
    int halt_at;
    int halt_fd;
    // Private to the tracer.
    int urgency;
} hs_copy_request;

/// Stops the threads, and copies and resumes each as soon as it stands: a few at a time, so that they need not wake one after the
/// other. On a thread that `hs_on_own_thread` made; it stays before all that is not real-time until `hs_copy_pause` finds that it has
/// been so for long enough, or until it ends.
void hs_copy_few(hs_copy_request *request);

/// To be called between one such call and the next.
void hs_copy_pause(void);

/// Stops all, copies all, calls `inside` (if any) while all stand, resumes all. Returns the
/// nanoseconds from the first interrupt to the last resume.
uint64_t hs_copy_all(hs_copy_request *request, void (*inside)(void *context), void *context);

/// Copies up to `thread->stack_capacity` bytes from a stack pointer on, without stopping anything.
void hs_copy_without_stopping(pid_t pid, const hs_stacks *stacks, hs_thread_copy *thread, uint64_t stack_pointer);

enum { HS_URGENCY_UNCHANGED = -1 };

/// While something of another process is held: puts the calling thread before all that is not real-time, where
/// that is permitted. Returns what to hand to `hs_urgency_drop` as soon as it is let go.
int hs_urgency_raise(void);
void hs_urgency_drop(int before);

pid_t hs_thread_id(void);

/// From now on the calling thread gets only the processors that nobody else wants; 0, or -1 where it is not one that shares them fairly, or
/// would not be permitted to be one again.
int hs_step_aside(void);
/// As before, for a thread that stepped aside.
void hs_step_back(pid_t tid);

/// Runs `body` on a thread of its own and waits for it: whatever that thread traces is
/// released when it ends, at the latest.
int hs_on_own_thread(void (*body)(void *context), void *context);

uint64_t hs_monotonic_ns(void);
