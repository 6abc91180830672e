#if defined(__linux__) && defined(__x86_64__)
// Looking on the stack for what the unwind information does not tell, by the instructions that made the frames.
#define _GNU_SOURCE
#include "hs_unwind_private.h"

/// Where a jump through the procedure linkage table ends: [endbr64] [bnd] jmp *offset(%rip). 0 when it is no such jump.
static uint64_t through_linkage_table(hs_unwinder *unwinder, uint64_t stub_address) {
    uint8_t stub[11];
    if (hs_unwind_read(unwinder, stub_address, stub, sizeof stub) < 0) return 0;
    size_t skip = memcmp(stub, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0;
    if (stub[skip] == 0xf2) skip++;
    if (skip + 6 > sizeof stub || stub[skip] != 0xff || stub[skip + 1] != 0x25) return 0;
    uint64_t slot = stub_address + skip + 6 + (uint64_t)(int64_t)hs_load_i32(stub + skip + 2), value = 0;
    return hs_unwind_read(unwinder, slot, (uint8_t *)&value, sizeof value) < 0 ? 0 : value;
}

enum { NO_CALL, DIRECT, INDIRECT };

/// What the call instruction that ends at `after` calls: `*target` is 0 where that cannot be told.
static int call_before(hs_unwinder *unwinder, uint64_t after, uint64_t *target) {
    struct module *module = hs_unwind_module_at(unwinder, after);
    uint8_t code[7];
    *target = 0;
    if (!module || hs_unwind_read(unwinder, after - sizeof code, code, sizeof code) < 0) return NO_CALL;
    if (code[2] == 0xe8) {
        uint64_t direct = after + (uint64_t)(int64_t)hs_load_i32(code + 3);
        uint64_t further = through_linkage_table(unwinder, direct);
        *target = further ? further : direct;
        return DIRECT;
    }
    if (code[1] == 0xff && code[2] == 0x15) {  // call *offset(%rip)
        uint64_t slot = after + (uint64_t)(int64_t)hs_load_i32(code + 3), value = 0;
        if (hs_unwind_read(unwinder, slot, (uint8_t *)&value, sizeof value) == 0) *target = value;
        return DIRECT;
    }
    // ff /2: call through a register (2 or 3 bytes) or memory (2 to 7 bytes).
    for (int length = 2; length <= 7; length++) {
        const uint8_t *at = code + 7 - length;
        if (at[0] == 0xff && ((at[1] >> 3) & 7) == 2) return INDIRECT;
    }
    return NO_CALL;
}

uint64_t hs_unwinder_call_target(hs_unwinder *unwinder, uint64_t return_address) {
    uint64_t target = 0;
    call_before(unwinder, return_address, &target);
    return target;
}

/// Bytes from the stack pointer to the frame pointer in the body of a function, by its prologue
/// [endbr64] push %rbp; mov %rsp,%rbp; push ...; sub $n,%rsp. 0 when it has no such prologue.
static uint64_t frame_size(hs_unwinder *unwinder, uint64_t function) {
    uint8_t code[48];
    if (hs_unwind_read(unwinder, function, code, sizeof code) < 0) return 0;
    size_t at = memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0;
    if (code[at++] != 0x55) return 0;
    if (memcmp(code + at, "\x48\x89\xe5", 3) != 0 && memcmp(code + at, "\x48\x8b\xec", 3) != 0) return 0;
    at += 3;
    uint64_t size = 0;
    while (at + 8 < sizeof code) {
        if (code[at] == 0x41 && code[at + 1] >= 0x50 && code[at + 1] <= 0x57) { size += 8; at += 2; continue; }
        if (code[at] >= 0x50 && code[at] <= 0x57) { size += 8; at += 1; continue; }
        if (code[at] == 0x48 && code[at + 1] == 0x83 && code[at + 2] == 0xec) return size + code[at + 3];
        if (code[at] == 0x48 && code[at + 1] == 0x81 && code[at + 2] == 0xec) return size + (uint32_t)hs_load_i32(code + at + 3);
        break;
    }
    return size;
}

int hs_unwind_search_frame_pointer(hs_unwinder *unwinder, hs_thread_copy *thread, uint64_t sp, uint64_t function, int *searched) {
    uint64_t likely = 0, after = 0, target = 0, offset;
    uint64_t expected = sp + frame_size(unwinder, function);
    offset = expected - thread->stack_start;
    if (expected > sp && offset < thread->stack_length && thread->stack_length - offset >= 16) {
        memcpy(&after, thread->stack + offset + 8, 8);
        int kind = call_before(unwinder, after, &target);
        if (kind == INDIRECT || (kind == DIRECT && (target == function || target == 0))) {
            thread->registers[HS_RBP] = expected;
            *searched = 1;
            return 1;
        }
    }
    for (uint64_t slot = (sp + 7) & ~7ull;; slot += 8) {
        offset = slot - thread->stack_start;
        if (offset > thread->stack_length || thread->stack_length - offset < 16) break;
        memcpy(&after, thread->stack + offset + 8, 8);
        int kind = call_before(unwinder, after, &target);
        if (kind == DIRECT && target == function) { thread->registers[HS_RBP] = slot; *searched = 1; return 1; }
        if ((kind == INDIRECT || (kind == DIRECT && target == 0)) && !likely) likely = slot;
    }
    if (!likely) return 0;
    thread->registers[HS_RBP] = likely;
    *searched = 2;
    return 1;
}

enum { RETURN_SLOTS = 2048, LIKELY_SLOTS = 128 };

int hs_unwind_search_return(hs_unwinder *unwinder, hs_thread_copy *thread, uint64_t pc, uint64_t sp) {
    struct module *module = hs_unwind_module_at(unwinder, pc);
    uint64_t start = 0, likely = 0, likely_after = 0;
    if (!module || !hs_image_function(module->image, pc - module->bias, &start)) start = 0;
    uint64_t function = start ? start + module->bias : 0;
    uint64_t first = (sp + 7) & ~7ull;
    for (uint64_t slot = first; slot - first < RETURN_SLOTS * 8ull; slot += 8) {
        uint64_t offset = slot - thread->stack_start, after = 0, target = 0;
        if (offset > thread->stack_length || thread->stack_length - offset < 8) break;
        memcpy(&after, thread->stack + offset, 8);
        int kind = call_before(unwinder, after, &target);
        // A call of this very function made the frame; else the nearest place that any call returns to may have.
        int is_own = kind == DIRECT && function != 0 && target == function;
        if (kind != NO_CALL && !likely && slot - first < LIKELY_SLOTS * 8ull) { likely = slot; likely_after = after; }
        if (!is_own) continue;
        likely = slot;
        likely_after = after;
        break;
    }
    if (!likely) return 0;
    thread->registers[HS_RIP] = likely_after;
    thread->registers[HS_RSP] = likely + 8;
    return 1;
}
#endif
