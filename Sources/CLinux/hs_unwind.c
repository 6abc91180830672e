#if defined(__linux__) && defined(__x86_64__)
#define _GNU_SOURCE
#include "hs_unwind_private.h"
#include <errno.h>
#include <stdlib.h>

hs_unwinder *hs_unwinder_create(pid_t pid) {
    hs_unwinder *unwinder = calloc(1, sizeof *unwinder);
    if (!unwinder) return NULL;
    unwinder->pid = pid;
    unwinder->pages = calloc(PAGES, sizeof *unwinder->pages);
    unwinder->space = unw_create_addr_space(&hs_unwind_accessors, 0);
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
    free(unwinder->rows);
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

/// One walk with the registers as `unwinder->thread` and `known` have them; `exact` is told of the first frame. `*needing` gets the
/// index of the frame that needed an unknown register, and `*function` that frame's function.
static int walk(hs_unwinder *unwinder, hs_frame *frames, int limit, int exact, int *end, uint64_t *function) {
    unwinder->missing_register = unwinder->missing_memory = unwinder->missing_information = 0;
    unwinder->accesses = 0;
    unw_cursor_t cursor;
    if (unw_init_remote(&cursor, unwinder->space, unwinder) < 0) { *end = HS_END_MEMORY; return 0; }
    int count = 0, backwards = 0;
    for (;;) {
        unw_word_t pc = 0, sp = 0;
        if (unw_get_reg(&cursor, UNW_REG_IP, &pc) < 0 || unw_get_reg(&cursor, UNW_REG_SP, &sp) < 0) { *end = HS_END_MEMORY; break; }
        if (pc == 0) { *end = HS_END_OUTERMOST; break; }
        // Only a switch to a signal stack may lead downwards, and once.
        if (count > 0 && sp <= frames[count - 1].sp && ++backwards > 1) { *end = HS_END_NO_PROGRESS; break; }
        frames[count++] = (hs_frame){pc, sp, exact, 0};
        if (count == limit) { *end = HS_END_LIMIT; break; }
        exact = unw_is_signal_frame(&cursor) > 0;
        unw_proc_info_t info;
        unwinder->missing_information = 0;
        *function = unw_get_proc_info(&cursor, &info) == 0 ? info.start_ip : 0;
        // libunwind would guess by the frame pointer, and leave out whoever called this code.
        if (unwinder->missing_information && hs_unwind_module_at(unwinder, pc)) { *end = HS_END_NO_INFORMATION; break; }
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

/// A walk, and where it needed the frame pointer and did not have it, a second one with what was found on the stack.
static int walk_searching(hs_unwinder *unwinder, hs_thread_copy *copy, hs_frame *frames, int limit, int exact, int *end, int *searched) {
    uint64_t function = 0;
    int count = walk(unwinder, frames, limit, exact, end, &function);
    int how = 0;
    if (*end == HS_END_REGISTER && !(unwinder->known & (1u << HS_RBP)) && function != 0 &&
        hs_unwind_search_frame_pointer(unwinder, copy, frames[count - 1].sp, function, &how)) {
        unwinder->known |= 1u << HS_RBP;
        int before = count;
        count = walk(unwinder, frames, limit, exact, end, &function);
        if (count > before && how > *searched) *searched = how;
    }
    return count;
}

int hs_unwinder_walk(hs_unwinder *unwinder, const hs_thread_copy *thread, uint32_t known, hs_frame *frames,
                     int limit, int *end, int *searched) {
    hs_thread_copy copy = *thread;
    unwinder->thread = &copy;
    unwinder->known = known;
    *searched = 0;
    int count = hs_rows_walk(unwinder, frames, limit, end), exact = 1;
    if (count > 0) { unwinder->thread = NULL; return count; }
    while (count < limit) {
        int more = walk_searching(unwinder, &copy, frames + count, limit - count, exact, end, searched);
        count += more;
        // Code without unwind information, such as musl: on from where it returns to, with no other register known.
        if (more == 0 || count == limit || *end != HS_END_NO_INFORMATION) break;
        if (!hs_unwind_search_return(unwinder, &copy, frames[count - 1].pc, frames[count - 1].sp)) break;
        unwinder->known = 1u << HS_RIP | 1u << HS_RSP;
        *searched = 3;
        exact = 0;
    }
    unwinder->thread = NULL;
    return count;
}
#endif
