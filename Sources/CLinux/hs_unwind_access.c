#if defined(__linux__) && defined(__x86_64__)
// What libunwind asks of us: memory, registers, and where the unwind information of a place is.
#define _GNU_SOURCE
#include "hs_unwind_private.h"
#include "hs_memory.h"

// Exported by libunwind for tools that keep their own table of modules, and declared in no
// header: include/dwarf.h of libunwind 1.6, also how perf uses it.
extern int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table,
                                              unw_proc_info_t *found, int need_unwind_info, void *argument);

struct module *hs_unwind_module_at(hs_unwinder *unwinder, uint64_t address) {
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

int hs_unwind_read(hs_unwinder *unwinder, uint64_t address, uint8_t *bytes, size_t length) {
    if (address >= TABLE) return read_shown(unwinder, address, bytes, length);
    const hs_thread_copy *thread = unwinder->thread;
    if (thread && address >= thread->stack_start && address - thread->stack_start < thread->stack_length &&
        length <= thread->stack_length - (address - thread->stack_start)) {
        memcpy(bytes, thread->stack + (address - thread->stack_start), length);
        return 0;
    }
    struct module *module = hs_unwind_module_at(unwinder, address);
    if (module) {
        size_t available = 0;
        const uint8_t *at = hs_image_constant_bytes(module->image, address - module->bias, &available);
        if (at && available >= length) { memcpy(bytes, at, length); return 0; }
    }
    return read_live(unwinder, address, bytes, length);
}

/// .eh_frame_hdr as the Linux Standard Base describes it; only the form every linker writes
/// (fde_count udata4 0x03, table datarel|sdata4 0x3b).
void hs_unwind_look_for_table(struct module *module) {
    if (module->looked) return;
    module->looked = 1;
    uint64_t linked = hs_image_unwind_header(module->image);
    size_t available = 0;
    const uint8_t *header = linked ? hs_image_bytes(module->image, linked, &available) : NULL;
    if (!header || available < 12 || header[0] != 1 || header[2] != 0x03 || header[3] != 0x3b) return;
    uint64_t pointer_length = (header[1] & 0x0f) == 0x0b || (header[1] & 0x0f) == 0x03 ? 4 : 8;
    if (header[1] == 0xff || available < 8 + pointer_length) return;
    uint32_t entries = (uint32_t)hs_load_i32(header + 4 + pointer_length);
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
    struct module *module = hs_unwind_module_at(unwinder, ip);
    if (!module) { unwinder->missing_information = 1; return -UNW_ENOINFO; }
    hs_unwind_look_for_table(module);
    if (module->table_length == 0 && !module->looked_for_frames) {
        module->looked_for_frames = 1;
        module->frames = hs_frames_open(module->image, module->bias, 0);
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
    if (++unwinder->accesses > MAXIMUM_ACCESSES || hs_unwind_read(unwinder, address, (uint8_t *)value, sizeof *value) < 0) {
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

unw_accessors_t hs_unwind_accessors = {
    .find_proc_info = find_proc_info, .put_unwind_info = put_unwind_info,
    .get_dyn_info_list_addr = no_dyn_info, .access_mem = access_mem, .access_reg = access_reg,
    .access_fpreg = access_fpreg, .resume = resume_not, .get_proc_name = no_name,
};
#endif
