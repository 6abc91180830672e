// DWARF unwinding of copied stacks, by libunwind with accessors of our own: memory comes
// from the copy, then from the mapped ELF files, then from the live process.
#pragma once
#include "hs_image.h"
#include "hs_trace.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct hs_unwinder hs_unwinder;

/// `pid` is where memory that is neither copied nor in a file is read from; 0 for none.
hs_unwinder *hs_unwinder_create(pid_t pid);
void hs_unwinder_free(hs_unwinder *unwinder);

/// Adds code that lies from `start` to `end`; a linked address plus `bias` is the address in
/// memory. The image is not owned and must outlive the unwinder. Add in ascending order.
int hs_unwinder_add(hs_unwinder *unwinder, uint64_t start, uint64_t end, uint64_t bias, hs_image *image);

enum {
    HS_END_OUTERMOST,         // the unwind information says there is no caller
    HS_END_LIMIT,             // as many frames as were asked for
    HS_END_NO_INFORMATION,    // code without unwind information
    HS_END_MEMORY,            // stack or code that cannot be read
    HS_END_REGISTER,          // needs a register that is not known
    HS_END_NO_PROGRESS,       // the stack pointer stopped growing: corrupt
    HS_END_CORRUPT,
};

typedef struct {
    uint64_t pc;
    /// Stack pointer in this frame (the CFA of the next inner one).
    uint64_t sp;
    /// The pc is exact: innermost, or interrupted by a signal. Else it is a return address.
    int exact;
    /// Registers that are known as this frame has them; 0 where that was not kept.
    uint32_t known;
} hs_frame;

/// Bits of `known`: 1 << HS_RBP and so on. Returns the number of frames; `*end` says why it ended.
/// Where the frame pointer is not known and needed, it is looked for on the stack and
/// `*searched` is set: 1 confirmed by the function's prologue or by the call that made the frame, 2 likely. 3: code without unwind information was
/// passed by looking for its return addresses there.
int hs_unwinder_walk(hs_unwinder *unwinder, const hs_thread_copy *thread, uint32_t known, hs_frame *frames,
                     int limit, int *end, int *searched);

/// The address that the call instruction before `return_address` calls, through the procedure
/// linkage table too; 0 when that cannot be told. Names functions of stripped libraries.
uint64_t hs_unwinder_call_target(hs_unwinder *unwinder, uint64_t return_address);
