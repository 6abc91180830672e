#if defined(__linux__)
// The line number program: DWARF 5, section 6.2.
#include "hs_dwarf_private.h"
#include <stdlib.h>

enum { MAXIMUM_ROWS = 8 << 20, MAXIMUM_FILES = 1 << 17 };

static int add_directory(struct unit *unit, const char *name) {
    if (unit->directory_count >= MAXIMUM_FILES) return -1;
    if ((unit->directory_count & (unit->directory_count - 1)) == 0) {
        size_t capacity = unit->directory_count ? unit->directory_count * 2 : 1;
        const char **grown = realloc(unit->directories, capacity * sizeof *grown);
        if (!grown) return -1;
        unit->directories = grown;
    }
    unit->directories[unit->directory_count++] = name;
    return 0;
}

static int add_file(struct unit *unit, const char *name, uint64_t directory) {
    if (unit->file_count >= MAXIMUM_FILES) return -1;
    if ((unit->file_count & (unit->file_count - 1)) == 0) {
        size_t capacity = unit->file_count ? unit->file_count * 2 : 1;
        struct file *grown = realloc(unit->files, capacity * sizeof *grown);
        if (!grown) return -1;
        unit->files = grown;
    }
    unit->files[unit->file_count++] = (struct file){name, (uint32_t)directory};
    return 0;
}

/// Directory and file tables of version 5, each with a description of its entries' fields.
static void take_entries(struct hs_dwarf *dwarf, struct unit *unit, struct cursor *c, int files) {
    uint64_t formats[16][2];
    unsigned format_count = take8(c);
    for (unsigned index = 0; index < format_count; index++) {
        uint64_t content = take_uleb(c), form = take_uleb(c);
        if (index < 16) { formats[index][0] = content; formats[index][1] = form; }
    }
    if (format_count > 16) { c->failed = 1; return; }
    uint64_t count = take_uleb(c);
    for (uint64_t entry = 0; entry < count && !c->failed; entry++) {
        const char *path = NULL;
        uint64_t directory = 0;
        for (unsigned index = 0; index < format_count && !c->failed; index++) {
            struct value value;
            hs_dwarf_take_value(dwarf, unit, c, formats[index][1], 0, &value);
            if (formats[index][0] == 1 /* DW_LNCT_path */) path = value.string;
            if (formats[index][0] == 2 /* DW_LNCT_directory_index */) directory = value.number;
        }
        if ((files ? add_file(unit, path, directory) : add_directory(unit, path)) < 0) return;
    }
}

static void take_old_entries(struct unit *unit, struct cursor *c) {
    // Before version 5 entry 0 is not written: the compilation directory, and no file.
    add_directory(unit, unit->directory);
    add_file(unit, NULL, 0);
    while (!c->failed && c->at < c->end && *c->at) if (add_directory(unit, take_string(c)) < 0) return;
    take8(c);
    while (!c->failed && c->at < c->end && *c->at) {
        const char *name = take_string(c);
        uint64_t directory = take_uleb(c);
        take_uleb(c);
        take_uleb(c);
        if (add_file(unit, name, directory) < 0) return;
    }
    take8(c);
}

struct state { uint64_t address; uint64_t file, line, column; };

static int add_row(struct unit *unit, size_t *capacity, const struct state *state, int ends) {
    if (unit->row_count >= MAXIMUM_ROWS) return -1;
    if (unit->row_count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 1024;
        struct row *grown = realloc(unit->rows, *capacity * sizeof *grown);
        if (!grown) return -1;
        unit->rows = grown;
    }
    unit->rows[unit->row_count] = (struct row){
        state->address, (uint32_t)unit->row_count, (uint32_t)state->file, (uint32_t)state->line,
        (uint16_t)(state->column > 0xffff ? 0 : state->column), (uint8_t)ends};
    unit->row_count++;
    return 0;
}

static int by_address(const void *left, const void *right) {
    const struct row *a = left, *b = right;
    if (a->address != b->address) return a->address < b->address ? -1 : 1;
    // Where one sequence ends and another begins, the beginning counts.
    if (a->ends != b->ends) return a->ends ? -1 : 1;
    // In the order of the program; comparing places would contradict itself while the sort moves rows.
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

struct program { uint8_t minimum, line_range, opcode_base, default_unused; int8_t line_base; uint8_t lengths[256]; };

static void run(struct unit *unit, struct cursor *c, const struct program *program) {
    size_t capacity = 0;
    struct state state = {0, 1, 1, 0};
    while (!c->failed && c->at < c->end) {
        uint8_t opcode = take8(c);
        if (opcode >= program->opcode_base) {
            unsigned adjusted = opcode - program->opcode_base;
            state.address += (uint64_t)(adjusted / program->line_range) * program->minimum;
            state.line += (uint64_t)(int64_t)(program->line_base + (int)(adjusted % program->line_range));
            if (add_row(unit, &capacity, &state, 0) < 0) return;
            continue;
        }
        switch (opcode) {
        case 0: {
            uint64_t length = take_uleb(c);
            if (length == 0 || length > (uint64_t)(c->end - c->at)) { c->failed = 1; return; }
            const uint8_t *next = c->at + length;
            switch (take8(c)) {
            case 1:  // DW_LNE_end_sequence
                if (add_row(unit, &capacity, &state, 1) < 0) return;
                state = (struct state){0, 1, 1, 0};
                break;
            case 2: state.address = take(c, (size_t)length - 1 > 8 ? 8 : (size_t)length - 1); break;  // DW_LNE_set_address
            default: break;
            }
            c->at = next;
            break;
        }
        case 1: if (add_row(unit, &capacity, &state, 0) < 0) return; break;        // copy
        case 2: state.address += take_uleb(c) * program->minimum; break;           // advance_pc
        case 3: state.line += (uint64_t)take_sleb(c); break;                       // advance_line
        case 4: state.file = take_uleb(c); break;                                  // set_file
        case 5: state.column = take_uleb(c); break;                                // set_column
        case 8: state.address += (uint64_t)((255 - program->opcode_base) / program->line_range) * program->minimum; break;
        case 9: state.address += take(c, 2); break;                                // fixed_advance_pc
        default:
            for (unsigned index = 0; index < program->lengths[opcode]; index++) take_uleb(c);
        }
    }
}

void hs_dwarf_read_lines(struct hs_dwarf *dwarf, struct unit *unit) {
    if (!unit->has_lines) return;
    struct cursor c = cursor_at(dwarf->lines, unit->lines_offset);
    uint64_t length = take(&c, 4);
    size_t width = 4;
    if (length == 0xffffffff) { length = take(&c, 8); width = 8; }
    if (c.failed || length > (uint64_t)(c.end - c.at)) return;
    c.end = c.at + length;
    unit->line_version = (uint16_t)take(&c, 2);
    if (unit->line_version < 2 || unit->line_version > 5) return;
    if (unit->line_version >= 5) skip(&c, 2);
    uint64_t header_length = take(&c, width);
    if (c.failed || header_length > (uint64_t)(c.end - c.at)) return;
    const uint8_t *first = c.at + header_length;
    struct program program;
    memset(&program, 0, sizeof program);
    program.minimum = take8(&c);
    if (unit->line_version >= 4) take8(&c);
    take8(&c);
    program.line_base = (int8_t)take8(&c);
    program.line_range = take8(&c);
    program.opcode_base = take8(&c);
    if (program.line_range == 0 || program.opcode_base == 0) return;
    for (unsigned index = 1; index < program.opcode_base; index++) program.lengths[index] = take8(&c);
    if (unit->line_version >= 5) {
        take_entries(dwarf, unit, &c, 0);
        take_entries(dwarf, unit, &c, 1);
    } else {
        take_old_entries(unit, &c);
    }
    if (c.failed) return;
    c.at = first;
    run(unit, &c, &program);
    // Compilers write most programs in order.
    for (size_t index = 1; index < unit->row_count; index++) {
        if (by_address(&unit->rows[index - 1], &unit->rows[index]) < 0) continue;
        qsort(unit->rows, unit->row_count, sizeof *unit->rows, by_address);
        return;
    }
}
#else
typedef int hs_dwarf_lines_unused;
#endif
