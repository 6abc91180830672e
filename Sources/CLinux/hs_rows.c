#if defined(__linux__) && defined(__x86_64__)
// From a frame to its caller where that is simple: the stack pointer and the saved registers at fixed distances, as
// in nearly all code. Each place is worked out once; libunwind, which can do everything, takes a microsecond
// and several system calls for each frame.
#define _GNU_SOURCE
#include "hs_cfi_private.h"
#include "hs_unwind_private.h"
#include <stdlib.h>

enum { ROWS = 8192, REMEMBERED = 8, MAXIMUM_OFFSET = 1 << 28 };
enum { SAME, UNDEFINED, SAVED, OTHER };

/// DWARF 5, section 6.4.2.
enum { CFA_NOP = 0x00, CFA_ADVANCE1 = 0x02, CFA_ADVANCE2, CFA_ADVANCE4, CFA_OFFSET_EXTENDED, CFA_RESTORE_EXTENDED, CFA_UNDEFINED,
       CFA_SAME_VALUE, CFA_REGISTER, CFA_REMEMBER, CFA_RESTORE_STATE, CFA_DEFINE, CFA_DEFINE_REGISTER, CFA_DEFINE_OFFSET,
       CFA_DEFINE_EXPRESSION, CFA_EXPRESSION, CFA_OFFSET_EXTENDED_SIGNED, CFA_DEFINE_SIGNED, CFA_DEFINE_OFFSET_SIGNED,
       CFA_VALUE_OFFSET, CFA_VALUE_OFFSET_SIGNED, CFA_VALUE_EXPRESSION, CFA_ARGUMENTS_SIZE = 0x2e };

/// How each register of the caller is found, from the frame's address (CFA).
struct rules {
    uint8_t kinds[HS_REGISTERS];
    int64_t offsets[HS_REGISTERS];
    uint64_t base;  // register that the frame's address counts from
    int64_t base_offset;
    int is_expression;
};

struct hs_row { uint64_t pc; int is_simple; struct rules rules; };

static void set(struct rules *rules, uint64_t number, uint8_t kind, int64_t offset) {
    if (number >= HS_REGISTERS) return;  // floating point and the like
    rules->kinds[number] = kind;
    rules->offsets[number] = offset;
}

/// Without overflow, whatever the file says.
static int64_t scaled(uint64_t factor, const struct cie *cie) { return (int64_t)(factor * (uint64_t)cie->data_alignment); }

/// Runs instructions up to the one that describes `place`, counting from `location`. 0 when one of them is not known.
static int run(struct cursor c, const struct cie *cie, const struct rules *initial, uint64_t location, uint64_t place, struct rules *rules) {
    struct rules remembered[REMEMBERED];
    int depth = 0;
    while (c.at < c.end && !c.failed && location <= place) {
        uint8_t byte = take8(&c);
        uint64_t number = byte & 0x3f;
        switch (byte >> 6) {
        case 1: location += number * cie->code_alignment; continue;
        case 2: set(rules, number, SAVED, scaled(take_uleb(&c), cie)); continue;
        case 3: if (!initial || number >= HS_REGISTERS) return 0; set(rules, number, initial->kinds[number], initial->offsets[number]); continue;
        default: break;
        }
        switch (byte) {
        case CFA_NOP: break;
        case CFA_ADVANCE1: location += take(&c, 1) * cie->code_alignment; break;
        case CFA_ADVANCE2: location += take(&c, 2) * cie->code_alignment; break;
        case CFA_ADVANCE4: location += take(&c, 4) * cie->code_alignment; break;
        case CFA_OFFSET_EXTENDED: number = take_uleb(&c); set(rules, number, SAVED, scaled(take_uleb(&c), cie)); break;
        case CFA_OFFSET_EXTENDED_SIGNED: number = take_uleb(&c); set(rules, number, SAVED, scaled((uint64_t)take_sleb(&c), cie)); break;
        case CFA_UNDEFINED: set(rules, take_uleb(&c), UNDEFINED, 0); break;
        case CFA_SAME_VALUE: set(rules, take_uleb(&c), SAME, 0); break;
        case CFA_REGISTER: set(rules, take_uleb(&c), OTHER, 0); take_uleb(&c); break;
        case CFA_EXPRESSION: case CFA_VALUE_EXPRESSION: set(rules, take_uleb(&c), OTHER, 0); skip(&c, take_uleb(&c)); break;
        case CFA_REMEMBER: if (depth == REMEMBERED) return 0; remembered[depth++] = *rules; break;
        case CFA_RESTORE_STATE: if (depth == 0) return 0; *rules = remembered[--depth]; break;
        case CFA_DEFINE: rules->base = take_uleb(&c); rules->base_offset = (int64_t)take_uleb(&c); rules->is_expression = 0; break;
        case CFA_DEFINE_SIGNED: rules->base = take_uleb(&c); rules->base_offset = scaled((uint64_t)take_sleb(&c), cie); rules->is_expression = 0; break;
        case CFA_DEFINE_REGISTER: rules->base = take_uleb(&c); break;
        case CFA_DEFINE_OFFSET: rules->base_offset = (int64_t)take_uleb(&c); break;
        case CFA_DEFINE_OFFSET_SIGNED: rules->base_offset = scaled((uint64_t)take_sleb(&c), cie); break;
        case CFA_DEFINE_EXPRESSION: rules->is_expression = 1; skip(&c, take_uleb(&c)); break;
        case CFA_ARGUMENTS_SIZE: take_uleb(&c); break;
        default: return 0;
        }
    }
    return !c.failed;
}

/// Whether nothing but fixed distances is in it.
static int is_simple(const struct rules *rules) {
    if (rules->is_expression || rules->base >= HS_REGISTERS || rules->base_offset > MAXIMUM_OFFSET || rules->base_offset < -MAXIMUM_OFFSET) return 0;
    for (int index = 0; index < HS_REGISTERS; index++) {
        if (rules->kinds[index] == OTHER) return 0;
        if (rules->kinds[index] == SAVED && (rules->offsets[index] > MAXIMUM_OFFSET || rules->offsets[index] < -MAXIMUM_OFFSET)) return 0;
    }
    // Without a rule for it the return address would be this frame's own again.
    return rules->kinds[HS_RIP] != SAME && rules->kinds[HS_RSP] == SAME;
}

/// The entry for a linked address by the table of .eh_frame_hdr, counted from the section's start.
static int find_entry(const struct module *module, uint64_t section, uint64_t address, uint64_t *at) {
    size_t available = 0;
    uint64_t header = module->header - module->bias, table = module->table - module->bias;
    const uint8_t *rows = hs_image_bytes(module->image, table, &available);
    size_t low = 0, high = module->table_length;
    if (!rows || high > available / 8) return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (header + (uint64_t)(int64_t)hs_load_i32(rows + middle * 8) <= address) low = middle + 1;
        else high = middle;
    }
    *at = low ? header + (uint64_t)(int64_t)hs_load_i32(rows + (low - 1) * 8 + 4) - section : 0;
    return low > 0;
}

static int work_out(hs_unwinder *unwinder, uint64_t pc, struct rules *rules) {
    struct module *module = hs_unwind_module_at(unwinder, pc);
    struct section section = {NULL, 0};
    struct record record;
    struct cie cie;
    uint64_t section_address = 0, entry = 0, cie_at = 0;
    if (!module) return 0;
    hs_unwind_look_for_table(module);
    if (module->table_length == 0) return 0;
    section.bytes = hs_image_loaded_section(module->image, ".eh_frame", &section.length, &section_address);
    uint64_t address = pc - module->bias;
    if (!section.bytes || !find_entry(module, section_address, address, &entry) || !hs_cfi_record(section, entry, &record) ||
        !hs_cfi_cie_of(&record, &cie_at) || !hs_cfi_cie(section, cie_at, &cie)) return 0;
    // How libunwind sees code that a signal interrupted differs from one version to the next: left to it.
    if (cie.is_signal || cie.return_register != HS_RIP) return 0;
    struct cursor c = cursor_at(section, record.body);
    c.end = section.bytes + record.next;
    uint64_t start = hs_cfi_pointer(&c, cie.encoding, section_address + record.body), length = hs_cfi_pointer(&c, cie.encoding & 0x0f, 0);
    if (cie.has_lengths) skip(&c, take_uleb(&c));
    if (c.failed || address < start || address - start >= length) return 0;
    memset(rules, 0, sizeof *rules);
    rules->base = HS_REGISTERS;
    if (!run(cie.instructions, &cie, NULL, 0, ~0ull, rules)) return 0;
    struct rules initial = *rules;
    return run(c, &cie, &initial, start, address, rules) && is_simple(rules);
}

static const struct hs_row *row_at(hs_unwinder *unwinder, uint64_t pc) {
    struct hs_row *row = &unwinder->rows[(pc ^ pc >> 13) % ROWS];
    if (row->pc != pc) {
        row->pc = pc;
        row->is_simple = work_out(unwinder, pc, &row->rules);
    }
    return row->is_simple ? row : NULL;
}

int hs_rows_walk(hs_unwinder *unwinder, hs_frame *frames, int limit, int *end) {
    if (!unwinder->rows) unwinder->rows = calloc(ROWS, sizeof *unwinder->rows);
    if (!unwinder->rows) return 0;
    uint64_t registers[HS_REGISTERS];
    memcpy(registers, unwinder->thread->registers, sizeof registers);
    uint32_t known = unwinder->known;
    for (int count = 0; registers[HS_RIP] != 0; ) {
        // Downwards leads only a switch of stacks, or what is corrupt.
        if (count > 0 && registers[HS_RSP] <= frames[count - 1].sp) return 0;
        frames[count] = (hs_frame){registers[HS_RIP], registers[HS_RSP], count == 0, known};
        if (++count == limit) { *end = HS_END_LIMIT; return count; }
        // A return address stands behind the call it belongs to.
        const struct hs_row *row = row_at(unwinder, registers[HS_RIP] - (count > 1));
        if (!row) return 0;
        const struct rules *rules = &row->rules;
        if (rules->kinds[HS_RIP] == UNDEFINED) { *end = HS_END_OUTERMOST; return count; }
        if (!(known & 1u << rules->base)) return 0;
        uint64_t frame = registers[rules->base] + (uint64_t)rules->base_offset;
        for (int index = 0; index < HS_REGISTERS; index++) {
            if (rules->kinds[index] == UNDEFINED) known &= ~(1u << index);
            if (rules->kinds[index] != SAVED) continue;
            if (hs_unwind_read(unwinder, frame + (uint64_t)rules->offsets[index], (uint8_t *)&registers[index], 8) < 0) return 0;
            known |= 1u << index;
        }
        registers[HS_RSP] = frame;
        known |= 1u << HS_RSP;
        if (registers[HS_RIP] == 0) { *end = HS_END_OUTERMOST; return count; }
    }
    return 0;
}
#endif
