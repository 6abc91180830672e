#if defined(__linux__) && defined(__x86_64__)
#define _GNU_SOURCE
#include "hs_unwind.h"
#include "hs_frames.h"
#include "hs_memory.h"
#include <errno.h>
#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

// Exported by libunwind for tools that keep their own table of modules, and declared in no
// header: include/dwarf.h of libunwind 1.6, also how perf uses it.
extern int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table,
                                              unw_proc_info_t *found, int need_unwind_info, void *argument);

enum { PAGE = 4096, PAGES = 256, MAXIMUM_ACCESSES = 2000000 };

/// Addresses that no process has (the kernel's half), at which libunwind is shown what lies nowhere in
/// the process: a table of one entry, and from FRAMES on 1 GiB for each module's rewritten entries.
static const uint64_t TABLE = 0xffff800000000000, FRAMES = 0xffff900000000000;
enum { FRAMES_SHIFT = 30 };

struct module {
    uint64_t start, end, bias;
    hs_image *image;
    uint64_t table, table_length, header;  // addresses in memory; 0 when there is none
    int looked;
    hs_frames *frames;  // .eh_frame where there is no such table; .debug_frame for what neither knows
    hs_frames *debug_frames;
    int looked_for_debug;
};

struct page { uint64_t address; int valid; uint8_t bytes[PAGE]; };

struct hs_unwinder {
    pid_t pid;
    unw_addr_space_t space;
    struct module *modules;
    size_t count, capacity, last;
    struct page *pages;
    // Of the walk under way.
    const hs_thread_copy *thread;
    uint32_t known;
    int missing_register, missing_memory, missing_information;
    long accesses;
};

static struct module *module_at(hs_unwinder *unwinder, uint64_t address) {
    if (unwinder->last < unwinder->count) {
        struct module *last = &unwinder->modules[unwinder->last];
        if (address >= last->start && address < last->end) return last;
    }
    size_t low = 0, high = unwinder->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unwinder->modules[middle].end <= address) low = middle + 1;
        else high = middle;
    }
    if (low == unwinder->count || unwinder->modules[low].start > address) return NULL;
    unwinder->last = low;
    return &unwinder->modules[low];
}

static int read_live(hs_unwinder *unwinder, uint64_t address, uint8_t *bytes, size_t length) {
    while (length > 0) {
        uint64_t page_address = address & ~(uint64_t)(PAGE - 1);
        struct page *page = &unwinder->pages[(page_address / PAGE) % PAGES];
        if (!page->valid || page->address != page_address) {
            page->valid = 0;
            if (unwinder->pid == 0 || hs_read_memory(unwinder->pid, page_address, page->bytes, PAGE) != PAGE) return -1;
            page->address = page_address;
            page->valid = 1;
        }
        size_t offset = (size_t)(address - page_address);
        size_t piece = PAGE - offset < length ? PAGE - offset : length;
        memcpy(bytes, page->bytes + offset, piece);
        bytes += piece;
        address += piece;
        length -= piece;
    }
    return 0;
}

/// What is shown at addresses from TABLE on.
static int read_shown(hs_unwinder *unwinder, uint64_t address, uint8_t *bytes, size_t length) {
    // struct table_entry of libunwind's dwarf/Gfind_proc_info-lsb.c: the least offset of code, and no offset of its entry.
    static const int32_t entry[2] = {INT32_MIN, 0};
    size_t available = sizeof entry;
    const uint8_t *shown = (const uint8_t *)entry;
    uint64_t offset = address - TABLE;
    if (address >= FRAMES) {
        size_t index = (size_t)((address - FRAMES) >> FRAMES_SHIFT);
        if (index >= unwinder->count || !unwinder->modules[index].debug_frames) return -1;
        shown = hs_frames_bytes(unwinder->modules[index].debug_frames, &available);
        offset = (address - FRAMES) & ((1ull << FRAMES_SHIFT) - 1);
    }
    // libunwind reads whole words, also at the very end.
    memset(bytes, 0, length);
    if (offset >= available) return -1;
    memcpy(bytes, shown + offset, available - offset < length ? available - offset : length);
    return 0;
}

static int read_memory(hs_unwinder *unwinder, uint64_t address, uint8_t *bytes, size_t length) {
    if (address >= TABLE) return read_shown(unwinder, address, bytes, length);
    const hs_thread_copy *thread = unwinder->thread;
    if (thread && address >= thread->stack_start && address - thread->stack_start < thread->stack_length &&
        length <= thread->stack_length - (address - thread->stack_start)) {
        memcpy(bytes, thread->stack + (address - thread->stack_start), length);
        return 0;
    }
    struct module *module = module_at(unwinder, address);
    if (module) {
        size_t available = 0;
        const uint8_t *at = hs_image_constant_bytes(module->image, address - module->bias, &available);
        if (at && available >= length) { memcpy(bytes, at, length); return 0; }
    }
    return read_live(unwinder, address, bytes, length);
}

static int32_t load_i32(const uint8_t *at) { int32_t value; memcpy(&value, at, 4); return value; }

/// .eh_frame_hdr as the Linux Standard Base describes it; only the form every linker writes
/// (fde_count udata4 0x03, table datarel|sdata4 0x3b).
static void look_for_table(struct module *module) {
    uint64_t linked = hs_image_unwind_header(module->image);
    size_t available = 0;
    const uint8_t *header = linked ? hs_image_bytes(module->image, linked, &available) : NULL;
    if (!header || available < 12 || header[0] != 1 || header[2] != 0x03 || header[3] != 0x3b) return;
    uint64_t pointer_length = (header[1] & 0x0f) == 0x0b || (header[1] & 0x0f) == 0x03 ? 4 : 8;
    if (header[1] == 0xff || available < 8 + pointer_length) return;
    uint32_t entries = (uint32_t)load_i32(header + 4 + pointer_length);
    if (entries > (available - 8 - pointer_length) / 8) return;
    module->header = linked + module->bias;
    module->table = module->header + 8 + pointer_length;
    module->table_length = entries;
}

static int search(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table, uint64_t base, uint64_t data, uint64_t length,
                  unw_proc_info_t *found, int need, void *argument) {
    table->format = UNW_INFO_FORMAT_REMOTE_TABLE;
    table->u.rti.segbase = base;
    table->u.rti.table_data = data;
    table->u.rti.table_len = length * 8 / sizeof(unw_word_t);
    return _Ux86_64_dwarf_search_unwind_table(space, ip, table, found, need, argument);
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *found, int need, void *argument) {
    hs_unwinder *unwinder = argument;
    struct module *module = module_at(unwinder, ip);
    if (!module) { unwinder->missing_information = 1; return -UNW_ENOINFO; }
    if (!module->looked) {
        module->looked = 1;
        look_for_table(module);
        if (module->table_length == 0) module->frames = hs_frames_open(module->image, module->bias, 0);
    }
    unw_dyn_info_t table;
    memset(&table, 0, sizeof table);
    table.start_ip = module->start;
    table.end_ip = module->end;
    uint64_t entry = 0;
    int result = -UNW_ENOINFO;
    if (module->table_length > 0)
        result = search(space, ip, &table, module->header, module->table, module->table_length, found, need, argument);
    else if (module->frames && hs_frames_find(module->frames, ip - module->bias, &entry))
        result = search(space, ip, &table, hs_frames_address(module->frames) + module->bias + entry, TABLE, 1, found, need, argument);
    if (result >= 0) return result;
    if (!module->looked_for_debug) {
        module->looked_for_debug = 1;
        module->debug_frames = hs_frames_open(module->image, module->bias, 1);
    }
    uint64_t shown = FRAMES + ((uint64_t)(module - unwinder->modules) << FRAMES_SHIFT);
    if (module->debug_frames && hs_frames_find(module->debug_frames, ip - module->bias, &entry))
        result = search(space, ip, &table, shown + entry, TABLE, 1, found, need, argument);
    if (result < 0) unwinder->missing_information = 1;
    return result;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *argument) {
    (void)space; (void)info; (void)argument;
}

static int no_dyn_info(unw_addr_space_t space, unw_word_t *list, void *argument) {
    (void)space; (void)list; (void)argument;
    return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *argument) {
    (void)space;
    hs_unwinder *unwinder = argument;
    if (write) return -UNW_EINVAL;
    if (++unwinder->accesses > MAXIMUM_ACCESSES || read_memory(unwinder, address, (uint8_t *)value, sizeof *value) < 0) {
        unwinder->missing_memory = 1;
        return -UNW_EINVAL;
    }
    return 0;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write, void *argument) {
    (void)space;
    hs_unwinder *unwinder = argument;
    if (write || number < 0 || number >= HS_REGISTERS) return -UNW_EBADREG;
    if (!(unwinder->known & (1u << number))) { unwinder->missing_register = 1; return -UNW_EBADREG; }
    *value = unwinder->thread->registers[number];
    return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write, void *argument) {
    (void)space; (void)number; (void)value; (void)write; (void)argument;
    return -UNW_EBADREG;
}

static int resume_not(unw_addr_space_t space, unw_cursor_t *cursor, void *argument) {
    (void)space; (void)cursor; (void)argument;
    return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t length, unw_word_t *offset, void *argument) {
    (void)space; (void)address; (void)name; (void)length; (void)offset; (void)argument;
    return -UNW_ENOINFO;
}

hs_unwinder *hs_unwinder_create(pid_t pid) {
    static unw_accessors_t accessors = {
        .find_proc_info = find_proc_info, .put_unwind_info = put_unwind_info,
        .get_dyn_info_list_addr = no_dyn_info, .access_mem = access_mem, .access_reg = access_reg,
        .access_fpreg = access_fpreg, .resume = resume_not, .get_proc_name = no_name,
    };
    hs_unwinder *unwinder = calloc(1, sizeof *unwinder);
    if (!unwinder) return NULL;
    unwinder->pid = pid;
    unwinder->pages = calloc(PAGES, sizeof *unwinder->pages);
    unwinder->space = unw_create_addr_space(&accessors, 0);
    if (!unwinder->pages || !unwinder->space) { hs_unwinder_free(unwinder); return NULL; }
    unw_set_caching_policy(unwinder->space, UNW_CACHE_GLOBAL);
    return unwinder;
}

void hs_unwinder_free(hs_unwinder *unwinder) {
    if (!unwinder) return;
    if (unwinder->space) unw_destroy_addr_space(unwinder->space);
    for (size_t index = 0; index < unwinder->count; index++) {
        hs_frames_close(unwinder->modules[index].frames);
        hs_frames_close(unwinder->modules[index].debug_frames);
    }
    free(unwinder->pages);
    free(unwinder->modules);
    free(unwinder);
}

int hs_unwinder_add(hs_unwinder *unwinder, uint64_t start, uint64_t end, uint64_t bias, hs_image *image) {
    if (unwinder->count && unwinder->modules[unwinder->count - 1].end > start) return -EINVAL;
    if (unwinder->count == unwinder->capacity) {
        size_t capacity = unwinder->capacity ? unwinder->capacity * 2 : 64;
        struct module *modules = realloc(unwinder->modules, capacity * sizeof *modules);
        if (!modules) return -ENOMEM;
        unwinder->modules = modules;
        unwinder->capacity = capacity;
    }
    unwinder->modules[unwinder->count++] = (struct module){.start = start, .end = end, .bias = bias, .image = image};
    return 0;
}

/// One walk with the registers as `unwinder->thread` and `known` have them. `*needing` gets the
/// index of the frame that needed an unknown register, and `*function` that frame's function.
static int walk(hs_unwinder *unwinder, hs_frame *frames, int limit, int *end, uint64_t *function) {
    unwinder->missing_register = unwinder->missing_memory = unwinder->missing_information = 0;
    unwinder->accesses = 0;
    unw_cursor_t cursor;
    if (unw_init_remote(&cursor, unwinder->space, unwinder) < 0) { *end = HS_END_MEMORY; return 0; }
    int count = 0, exact = 1, backwards = 0;
    for (;;) {
        unw_word_t pc = 0, sp = 0;
        if (unw_get_reg(&cursor, UNW_REG_IP, &pc) < 0 || unw_get_reg(&cursor, UNW_REG_SP, &sp) < 0) { *end = HS_END_MEMORY; break; }
        if (pc == 0) { *end = HS_END_OUTERMOST; break; }
        // Only a switch to a signal stack may lead downwards, and once.
        if (count > 0 && sp <= frames[count - 1].sp && ++backwards > 1) { *end = HS_END_NO_PROGRESS; break; }
        frames[count++] = (hs_frame){pc, sp, exact};
        if (count == limit) { *end = HS_END_LIMIT; break; }
        exact = unw_is_signal_frame(&cursor) > 0;
        unw_proc_info_t info;
        *function = unw_get_proc_info(&cursor, &info) == 0 ? info.start_ip : 0;
        unwinder->missing_register = unwinder->missing_memory = unwinder->missing_information = 0;
        int step = unw_step(&cursor);
        if (step > 0) continue;
        *end = unwinder->missing_register ? HS_END_REGISTER
            : step == 0 && !unwinder->missing_information ? HS_END_OUTERMOST
            : unwinder->missing_memory ? HS_END_MEMORY
            : unwinder->missing_information ? HS_END_NO_INFORMATION : HS_END_CORRUPT;
        break;
    }
    return count;
}

/// Where a jump through the procedure linkage table ends: [endbr64] [bnd] jmp *offset(%rip). 0 when it is no such jump.
static uint64_t through_linkage_table(hs_unwinder *unwinder, uint64_t stub_address) {
    uint8_t stub[11];
    if (read_memory(unwinder, stub_address, stub, sizeof stub) < 0) return 0;
    size_t skip = memcmp(stub, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0;
    if (stub[skip] == 0xf2) skip++;
    if (skip + 6 > sizeof stub || stub[skip] != 0xff || stub[skip + 1] != 0x25) return 0;
    uint64_t slot = stub_address + skip + 6 + (uint64_t)(int64_t)load_i32(stub + skip + 2), value = 0;
    return read_memory(unwinder, slot, (uint8_t *)&value, sizeof value) < 0 ? 0 : value;
}

enum { NO_CALL, DIRECT, INDIRECT };

/// What the call instruction that ends at `after` calls: `*target` is 0 where that cannot be told.
static int call_before(hs_unwinder *unwinder, uint64_t after, uint64_t *target) {
    struct module *module = module_at(unwinder, after);
    uint8_t code[7];
    *target = 0;
    if (!module || read_memory(unwinder, after - sizeof code, code, sizeof code) < 0) return NO_CALL;
    if (code[2] == 0xe8) {
        uint64_t direct = after + (uint64_t)(int64_t)load_i32(code + 3);
        uint64_t further = through_linkage_table(unwinder, direct);
        *target = further ? further : direct;
        return DIRECT;
    }
    if (code[1] == 0xff && code[2] == 0x15) {  // call *offset(%rip)
        uint64_t slot = after + (uint64_t)(int64_t)load_i32(code + 3), value = 0;
        if (read_memory(unwinder, slot, (uint8_t *)&value, sizeof value) == 0) *target = value;
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
    if (read_memory(unwinder, function, code, sizeof code) < 0) return 0;
    size_t at = memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0;
    if (code[at++] != 0x55) return 0;
    if (memcmp(code + at, "\x48\x89\xe5", 3) != 0 && memcmp(code + at, "\x48\x8b\xec", 3) != 0) return 0;
    at += 3;
    uint64_t size = 0;
    while (at + 8 < sizeof code) {
        if (code[at] == 0x41 && code[at + 1] >= 0x50 && code[at + 1] <= 0x57) { size += 8; at += 2; continue; }
        if (code[at] >= 0x50 && code[at] <= 0x57) { size += 8; at += 1; continue; }
        if (code[at] == 0x48 && code[at + 1] == 0x83 && code[at + 2] == 0xec) return size + code[at + 3];
        if (code[at] == 0x48 && code[at + 1] == 0x81 && code[at + 2] == 0xec) return size + (uint32_t)load_i32(code + at + 3);
        break;
    }
    return size;
}

/// Looks for the frame pointer of the frame that ended a walk, whose stack pointer is `sp`:
/// first where the function's prologue puts it, then for a slot whose next word is a return
/// address after an instruction that can have called `function`.
static int search_frame_pointer(hs_unwinder *unwinder, hs_thread_copy *thread, uint64_t sp, uint64_t function, int *searched) {
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

int hs_unwinder_walk(hs_unwinder *unwinder, const hs_thread_copy *thread, uint32_t known, hs_frame *frames,
                     int limit, int *end, int *searched) {
    hs_thread_copy copy = *thread;
    unwinder->thread = &copy;
    unwinder->known = known;
    *searched = 0;
    uint64_t function = 0;
    int count = limit > 0 ? walk(unwinder, frames, limit, end, &function) : 0;
    if (*end == HS_END_REGISTER && !(known & (1u << HS_RBP)) && function != 0 &&
        search_frame_pointer(unwinder, &copy, frames[count - 1].sp, function, searched)) {
        unwinder->known |= 1u << HS_RBP;
        int before = count;
        count = walk(unwinder, frames, limit, end, &function);
        if (count <= before) *searched = 0;
    }
    unwinder->thread = NULL;
    return count;
}
#endif
