// Shared by the parts of the unwinder.
#pragma once
#include "hs_frames.h"
#include "hs_unwind.h"
#include <libunwind.h>
#include <string.h>

enum { PAGE = 4096, PAGES = 256, MAXIMUM_ACCESSES = 2000000 };


/// Addresses that no process has (the kernel's half), at which libunwind is shown what lies nowhere in
/// the process: a table of one entry, and from FRAMES on 1 GiB for each module's rewritten entries.
static const uint64_t TABLE = 0xffff800000000000, FRAMES = 0xffff900000000000;
enum { FRAMES_SHIFT = 30 };

struct module {
    uint64_t start, end, bias;
    hs_image *image;
    uint64_t table, table_length, header;  // addresses in memory; 0 when there is none
    int looked, looked_for_frames;
    hs_frames *frames;  // .eh_frame where there is no such table; .debug_frame for what neither knows
    hs_frames *debug_frames;
    int looked_for_debug;
};

struct hs_row;
struct page { uint64_t address; int valid; uint8_t bytes[PAGE]; };

struct hs_unwinder {
    pid_t pid;
    unw_addr_space_t space;
    struct module *modules;
    size_t count, capacity, last;
    struct page *pages;
    struct hs_row *rows;  // how to go on from places that were met; made when first needed
    // Of the walk under way.
    const hs_thread_copy *thread;
    uint32_t known;
    int missing_register, missing_memory, missing_information;
    long accesses;
};


/// The module that lies at an address, NULL when none does.
struct module *hs_unwind_module_at(hs_unwinder *unwinder, uint64_t address);
/// From the copied stack, the files of modules, or the process: all of it, or negative.
int hs_unwind_read(hs_unwinder *unwinder, uint64_t address, uint8_t *bytes, size_t length);
/// Finds the module's .eh_frame_hdr, once.
void hs_unwind_look_for_table(struct module *module);
/// A walk of `unwinder->thread` through simple frames alone: their number, and how it ended; 0 when there is anything
/// about it that libunwind has to look at.
int hs_rows_walk(hs_unwinder *unwinder, hs_frame *frames, int limit, int *end);
/// What libunwind asks of us.
extern unw_accessors_t hs_unwind_accessors;

/// Looks for the frame pointer of the frame that ended a walk, whose stack pointer is `sp`:
/// first where the function's prologue puts it, then for a slot whose next word is a return
/// address after an instruction that can have called `function`.
int hs_unwind_search_frame_pointer(hs_unwinder *unwinder, hs_thread_copy *thread, uint64_t sp, uint64_t function, int *searched);
/// Looks for where the frame at `pc` and `sp`, in code without unwind information, returns to: changes the registers
/// of `thread` to that place. 0 when there is none.
int hs_unwind_search_return(hs_unwinder *unwinder, hs_thread_copy *thread, uint64_t pc, uint64_t sp);

static inline int32_t hs_load_i32(const uint8_t *at) { int32_t value; memcpy(&value, at, 4); return value; }
