#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_dwarf_private.h"
#include <dlfcn.h>
#include <stdlib.h>

enum { MAXIMUM_UNITS = 1 << 20, MAXIMUM_RANGES = 8 << 20, MAXIMUM_FUNCTIONS = 4 << 20, MAXIMUM_DEPTH = 512 };
enum { TAG_INLINED = 0x1d, TAG_SUBPROGRAM = 0x2e, TAG_COMPILE_UNIT = 0x11, TAG_SKELETON = 0x4a, TAG_PARTIAL = 0x3c };
enum { AT_NAME = 0x03, AT_STMT_LIST = 0x10, AT_LOW_PC = 0x11, AT_HIGH_PC = 0x12, AT_COMP_DIR = 0x1b, AT_ORIGIN = 0x31,
       AT_SPECIFICATION = 0x47, AT_RANGES = 0x55, AT_CALL_COLUMN = 0x57, AT_CALL_FILE = 0x58, AT_CALL_LINE = 0x59,
       AT_LINKAGE_NAME = 0x6e, AT_STR_OFFSETS_BASE = 0x72, AT_ADDR_BASE = 0x73, AT_RNGLISTS_BASE = 0x74,
       AT_MIPS_LINKAGE_NAME = 0x2007 };

// MARK: Values

static uint64_t indexed_address(struct hs_dwarf *dwarf, struct unit *unit, uint64_t index) {
    struct cursor c = cursor_at(dwarf->addresses, unit->addresses_base + index * unit->address_size);
    return take(&c, unit->address_size);
}

static const char *indexed_string(struct hs_dwarf *dwarf, struct unit *unit, uint64_t index) {
    size_t width = unit->is_64 ? 8 : 4;
    struct cursor c = cursor_at(dwarf->string_offsets, unit->strings_base + index * width);
    uint64_t offset = take(&c, width);
    return c.failed ? NULL : string_at(dwarf->strings, offset);
}

void hs_dwarf_take_value(struct hs_dwarf *dwarf, struct unit *unit, struct cursor *c, uint64_t form, int64_t constant, struct value *value) {
    size_t width = unit->is_64 ? 8 : 4;
    memset(value, 0, sizeof *value);
    value->form = (uint16_t)form;
    switch (form) {
    case 0x01: value->number = take(c, unit->address_size); break;                       // addr
    case 0x03: skip(c, take(c, 2)); break;                                               // block2
    case 0x04: skip(c, take(c, 4)); break;                                               // block4
    case 0x05: value->number = take(c, 2); break;                                        // data2
    case 0x06: value->number = take(c, 4); break;                                        // data4
    case 0x07: value->number = take(c, 8); break;                                        // data8
    case 0x08: value->string = take_string(c); break;                                    // string
    case 0x09: case 0x18: skip(c, take_uleb(c)); break;                                  // block, exprloc
    case 0x0a: skip(c, take8(c)); break;                                                 // block1
    case 0x0b: case 0x0c: value->number = take8(c); break;                               // data1, flag
    case 0x0d: value->number = (uint64_t)take_sleb(c); break;                            // sdata
    case 0x0e: value->string = string_at(dwarf->strings, take(c, width)); break;         // strp
    case 0x0f: value->number = take_uleb(c); break;                                      // udata
    case 0x10: value->number = take(c, unit->version <= 2 ? unit->address_size : width); // ref_addr
               value->is_reference = value->is_absolute = 1; break;
    case 0x11: value->number = take8(c); value->is_reference = 1; break;                 // ref1
    case 0x12: value->number = take(c, 2); value->is_reference = 1; break;               // ref2
    case 0x13: value->number = take(c, 4); value->is_reference = 1; break;               // ref4
    case 0x14: value->number = take(c, 8); value->is_reference = 1; break;               // ref8
    case 0x15: value->number = take_uleb(c); value->is_reference = 1; break;             // ref_udata
    case 0x16: {                                                                         // indirect
        uint64_t actual = take_uleb(c);
        if (actual == 0x16) { c->failed = 1; break; }
        hs_dwarf_take_value(dwarf, unit, c, actual, 0, value);
        break;
    }
    case 0x17: value->number = take(c, width); break;                                    // sec_offset
    case 0x19: value->number = 1; break;                                                 // flag_present
    case 0x1a: value->string = indexed_string(dwarf, unit, take_uleb(c)); break;         // strx
    case 0x1b: value->number = indexed_address(dwarf, unit, take_uleb(c)); break;        // addrx
    case 0x1c: case 0x1f20: skip(c, width); break;                                       // ref_sup4, GNU_ref_alt
    case 0x1d: case 0x1f21: skip(c, width); break;                                       // strp_sup, GNU_strp_alt
    case 0x1e: skip(c, 16); break;                                                       // data16
    case 0x1f: value->string = string_at(dwarf->line_strings, take(c, width)); break;    // line_strp
    case 0x20: skip(c, 8); break;                                                        // ref_sig8
    case 0x21: value->number = (uint64_t)constant; break;                                // implicit_const
    case 0x22: value->number = take_uleb(c); break;                                      // loclistx
    case 0x23: value->number = take_uleb(c); break;                                      // rnglistx
    case 0x24: skip(c, 8); break;                                                        // ref_sup8
    case 0x25: value->string = indexed_string(dwarf, unit, take8(c)); break;             // strx1
    case 0x26: value->string = indexed_string(dwarf, unit, take(c, 2)); break;           // strx2
    case 0x27: value->string = indexed_string(dwarf, unit, take(c, 3)); break;           // strx3
    case 0x28: value->string = indexed_string(dwarf, unit, take(c, 4)); break;           // strx4
    case 0x29: value->number = indexed_address(dwarf, unit, take8(c)); break;            // addrx1
    case 0x2a: value->number = indexed_address(dwarf, unit, take(c, 2)); break;          // addrx2
    case 0x2b: value->number = indexed_address(dwarf, unit, take(c, 3)); break;          // addrx3
    case 0x2c: value->number = indexed_address(dwarf, unit, take(c, 4)); break;          // addrx4
    default: c->failed = 1;
    }
}

// MARK: Abbreviations

static void read_abbreviations(struct hs_dwarf *dwarf, struct unit *unit) {
    struct cursor c = cursor_at(dwarf->abbreviations, unit->abbreviations_offset);
    size_t capacity = 0;
    for (;;) {
        uint64_t code = take_uleb(&c);
        if (code == 0 || c.failed || unit->abbreviation_count > (1u << 16)) return;
        if (unit->abbreviation_count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            struct abbreviation *grown = realloc(unit->abbreviations, capacity * sizeof *grown);
            if (!grown) return;
            unit->abbreviations = grown;
        }
        uint64_t tag = take_uleb(&c);
        uint8_t has_children = take8(&c);
        unit->abbreviations[unit->abbreviation_count++] =
            (struct abbreviation){(uint32_t)code, (uint16_t)tag, has_children, c.at};
        for (;;) {
            uint64_t attribute = take_uleb(&c), form = take_uleb(&c);
            if (form == 0x21) take_sleb(&c);
            if ((attribute == 0 && form == 0) || c.failed) break;
        }
    }
}

const struct abbreviation *hs_dwarf_abbreviation(struct hs_dwarf *dwarf, struct unit *unit, uint64_t code) {
    if (!unit->abbreviations) read_abbreviations(dwarf, unit);
    // Codes count from 1 as a rule.
    if (code >= 1 && code <= unit->abbreviation_count && unit->abbreviations[code - 1].code == code)
        return &unit->abbreviations[code - 1];
    for (size_t index = 0; index < unit->abbreviation_count; index++)
        if (unit->abbreviations[index].code == code) return &unit->abbreviations[index];
    return NULL;
}

/// Steps through the attributes of one entry: 1 with the next, 0 at the end.
static int next_attribute(struct hs_dwarf *dwarf, struct unit *unit, struct cursor *specification, struct cursor *c,
                          uint64_t *attribute, struct value *value) {
    *attribute = take_uleb(specification);
    uint64_t form = take_uleb(specification);
    int64_t constant = form == 0x21 ? take_sleb(specification) : 0;
    if ((*attribute == 0 && form == 0) || specification->failed || c->failed) return 0;
    hs_dwarf_take_value(dwarf, unit, c, form, constant, value);
    return !c->failed;
}

static struct cursor specification(struct hs_dwarf *dwarf, const struct abbreviation *abbreviation) {
    return (struct cursor){abbreviation->attributes, dwarf->abbreviations.bytes + dwarf->abbreviations.length, 0};
}

// MARK: Ranges

void hs_dwarf_each_range(struct hs_dwarf *dwarf, struct unit *unit, const struct value *ranges, hs_range_taker taker, void *context) {
    uint64_t base = unit->low;
    if (unit->version < 5) {
        struct cursor c = cursor_at(dwarf->ranges, ranges->number);
        uint64_t top = unit->address_size == 8 ? ~0ull : 0xffffffffull;
        for (int count = 0; count < MAXIMUM_FUNCTIONS; count++) {
            uint64_t start = take(&c, unit->address_size), end = take(&c, unit->address_size);
            if (c.failed || (start == 0 && end == 0)) return;
            if (start == top) base = end;
            else taker(context, base + start, base + end);
        }
        return;
    }
    uint64_t offset = ranges->number;
    if (ranges->form == 0x23) {  // rnglistx: an index into the unit's table of offsets
        size_t width = unit->is_64 ? 8 : 4;
        struct cursor table = cursor_at(dwarf->range_lists, unit->ranges_base + ranges->number * width);
        offset = unit->ranges_base + take(&table, width);
        if (table.failed) return;
    }
    struct cursor c = cursor_at(dwarf->range_lists, offset);
    for (int count = 0; count < MAXIMUM_FUNCTIONS && !c.failed; count++) {
        uint64_t start, end;
        switch (take8(&c)) {
        case 0: return;
        case 1: base = indexed_address(dwarf, unit, take_uleb(&c)); continue;
        case 2: start = indexed_address(dwarf, unit, take_uleb(&c)); end = indexed_address(dwarf, unit, take_uleb(&c)); break;
        case 3: start = indexed_address(dwarf, unit, take_uleb(&c)); end = start + take_uleb(&c); break;
        case 4: start = base + take_uleb(&c); end = base + take_uleb(&c); break;
        case 5: base = take(&c, unit->address_size); continue;
        case 6: start = take(&c, unit->address_size); end = take(&c, unit->address_size); break;
        case 7: start = take(&c, unit->address_size); end = start + take_uleb(&c); break;
        default: return;
        }
        if (!c.failed) taker(context, start, end);
    }
}

struct range_taking { struct hs_dwarf *dwarf; uint32_t unit; };

static void take_unit_range(void *context, uint64_t start, uint64_t end) {
    struct range_taking *taking = context;
    struct hs_dwarf *dwarf = taking->dwarf;
    // Functions that the linker dropped are left behind at 0 or 1.
    if (start <= 1 || end <= start || dwarf->range_count >= MAXIMUM_RANGES) return;
    if (dwarf->range_count == dwarf->range_capacity) {
        size_t capacity = dwarf->range_capacity ? dwarf->range_capacity * 2 : 4096;
        struct range *grown = realloc(dwarf->range_table, capacity * sizeof *grown);
        if (!grown) return;
        dwarf->range_table = grown;
        dwarf->range_capacity = capacity;
    }
    dwarf->range_table[dwarf->range_count++] = (struct range){start, end, taking->unit};
}

static int by_start(const void *left, const void *right) {
    const struct range *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

// MARK: Units

static void read_root(struct hs_dwarf *dwarf, struct unit *unit, uint32_t index) {
    struct cursor c = cursor_at(dwarf->info, unit->first_die);
    const struct abbreviation *root = hs_dwarf_abbreviation(dwarf, unit, take_uleb(&c));
    if (!root || c.failed || (root->tag != TAG_COMPILE_UNIT && root->tag != TAG_SKELETON && root->tag != TAG_PARTIAL)) return;
    // Bases first: other attributes of the same entry may be indexes into their tables.
    struct cursor again = c, list = specification(dwarf, root), list_again = list;
    uint64_t attribute;
    struct value value;
    while (next_attribute(dwarf, unit, &list, &c, &attribute, &value)) {
        if (attribute == AT_STR_OFFSETS_BASE) unit->strings_base = value.number;
        if (attribute == AT_ADDR_BASE) unit->addresses_base = value.number;
        if (attribute == AT_RNGLISTS_BASE) unit->ranges_base = value.number;
    }
    struct value ranges = {0}, high = {0};
    int has_ranges = 0;
    while (next_attribute(dwarf, unit, &list_again, &again, &attribute, &value)) {
        switch (attribute) {
        case AT_STMT_LIST: unit->lines_offset = value.number; unit->has_lines = 1; break;
        case AT_COMP_DIR: unit->directory = value.string; break;
        case AT_LOW_PC: unit->low = value.number; break;
        case AT_HIGH_PC: high = value; break;
        case AT_RANGES: ranges = value; has_ranges = 1; break;
        default: break;
        }
    }
    struct range_taking taking = {dwarf, index};
    if (has_ranges) hs_dwarf_each_range(dwarf, unit, &ranges, take_unit_range, &taking);
    else if (high.form) take_unit_range(&taking, unit->low, high.form == 0x01 || high.form == 0x1b ? high.number : unit->low + high.number);
    free(unit->abbreviations);
    unit->abbreviations = NULL;
    unit->abbreviation_count = 0;
}

static void index_units(struct hs_dwarf *dwarf) {
    dwarf->is_indexed = 1;
    size_t capacity = 0;
    for (uint64_t offset = 0; offset < dwarf->info.length && dwarf->unit_count < MAXIMUM_UNITS;) {
        struct cursor c = cursor_at(dwarf->info, offset);
        uint64_t length = take(&c, 4);
        int is_64 = length == 0xffffffff;
        if (is_64) length = take(&c, 8);
        if (c.failed || length > (uint64_t)(c.end - c.at)) break;
        struct unit unit;
        memset(&unit, 0, sizeof unit);
        unit.offset = offset;
        unit.end = (uint64_t)(c.at - dwarf->info.bytes) + length;
        unit.is_64 = (uint8_t)is_64;
        unit.version = (uint16_t)take(&c, 2);
        uint8_t type = 1;
        if (unit.version >= 5) {
            type = take8(&c);
            unit.address_size = take8(&c);
            unit.abbreviations_offset = take(&c, is_64 ? 8 : 4);
            if (type == 4 || type == 5) skip(&c, 8);            // skeleton, split: id
            if (type == 2 || type == 6) skip(&c, is_64 ? 16 : 12);  // type units: signature, offset
            // DW_AT_*_base may be left out; the tables then begin behind their header (7.26, 7.27, 7.28).
            unit.strings_base = is_64 ? 16 : 8;
            unit.addresses_base = is_64 ? 16 : 8;
            unit.ranges_base = is_64 ? 20 : 12;
        } else {
            unit.abbreviations_offset = take(&c, is_64 ? 8 : 4);
            unit.address_size = take8(&c);
        }
        unit.first_die = (uint64_t)(c.at - dwarf->info.bytes);
        if (!c.failed && unit.version >= 2 && unit.version <= 5 && (unit.address_size == 8 || unit.address_size == 4) && type != 2 && type != 6) {
            if (dwarf->unit_count == capacity) {
                capacity = capacity ? capacity * 2 : 256;
                struct unit *grown = realloc(dwarf->units, capacity * sizeof *grown);
                if (!grown) break;
                dwarf->units = grown;
            }
            dwarf->units[dwarf->unit_count] = unit;
            read_root(dwarf, &dwarf->units[dwarf->unit_count], (uint32_t)dwarf->unit_count);
            dwarf->unit_count++;
        }
        offset = unit.end;
    }
    if (dwarf->range_count) qsort(dwarf->range_table, dwarf->range_count, sizeof *dwarf->range_table, by_start);
}

// MARK: Functions

struct function_taking { struct unit *unit; size_t *capacity; struct function template; };

static void take_function(void *context, uint64_t start, uint64_t end) {
    struct function_taking *taking = context;
    struct unit *unit = taking->unit;
    if (start <= 1 || end <= start || unit->function_count >= MAXIMUM_FUNCTIONS) return;
    if (unit->function_count == *taking->capacity) {
        *taking->capacity = *taking->capacity ? *taking->capacity * 2 : 256;
        struct function *grown = realloc(unit->functions, *taking->capacity * sizeof *grown);
        if (!grown) return;
        unit->functions = grown;
    }
    struct function function = taking->template;
    function.start = start;
    function.end = end;
    unit->functions[unit->function_count++] = function;
}

static void read_functions(struct hs_dwarf *dwarf, struct unit *unit) {
    struct cursor c = cursor_at(dwarf->info, unit->first_die);
    c.end = dwarf->info.bytes + unit->end;
    size_t capacity = 0;
    uint32_t depth = 0;
    while (!c.failed && c.at < c.end) {
        uint64_t die = (uint64_t)(c.at - dwarf->info.bytes);
        uint64_t code = take_uleb(&c);
        if (code == 0) { if (depth-- <= 1) return; continue; }
        const struct abbreviation *abbreviation = hs_dwarf_abbreviation(dwarf, unit, code);
        if (!abbreviation) return;
        int wanted = abbreviation->tag == TAG_SUBPROGRAM || abbreviation->tag == TAG_INLINED;
        struct function_taking taking = {unit, &capacity, {0}};
        taking.template.die = die;
        taking.template.depth = depth;
        taking.template.is_inlined = abbreviation->tag == TAG_INLINED;
        struct value value, ranges = {0}, low = {0}, high = {0};
        uint64_t attribute;
        struct cursor list = specification(dwarf, abbreviation);
        while (next_attribute(dwarf, unit, &list, &c, &attribute, &value)) {
            if (!wanted) continue;
            switch (attribute) {
            case AT_LOW_PC: low = value; break;
            case AT_HIGH_PC: high = value; break;
            case AT_RANGES: ranges = value; break;
            case AT_CALL_FILE: taking.template.call_file = (uint32_t)value.number; break;
            case AT_CALL_LINE: taking.template.call_line = (uint32_t)value.number; break;
            case AT_CALL_COLUMN: taking.template.call_column = (uint32_t)value.number; break;
            default: break;
            }
        }
        if (wanted && ranges.form) hs_dwarf_each_range(dwarf, unit, &ranges, take_function, &taking);
        else if (wanted && low.form && high.form)
            take_function(&taking, low.number, high.form == 0x01 || high.form == 0x1b || (high.form >= 0x29 && high.form <= 0x2c) ? high.number : low.number + high.number);
        if (abbreviation->has_children && ++depth > MAXIMUM_DEPTH) return;
        if (!abbreviation->has_children && depth == 0) return;
    }
}

static struct unit *unit_of(struct hs_dwarf *dwarf, uint64_t offset) {
    size_t low = 0, high = dwarf->unit_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dwarf->units[middle].end <= offset) low = middle + 1;
        else high = middle;
    }
    return low < dwarf->unit_count && dwarf->units[low].offset <= offset ? &dwarf->units[low] : NULL;
}

/// The name of an entry, by way of its abstract origin or declaration.
static const char *name_of(struct hs_dwarf *dwarf, uint64_t die) {
    const char *plain = NULL;
    for (int hops = 0; hops < 8; hops++) {
        struct unit *unit = unit_of(dwarf, die);
        if (!unit) return plain;
        struct cursor c = cursor_at(dwarf->info, die);
        c.end = dwarf->info.bytes + unit->end;
        const struct abbreviation *abbreviation = hs_dwarf_abbreviation(dwarf, unit, take_uleb(&c));
        if (!abbreviation || c.failed) return plain;
        struct cursor list = specification(dwarf, abbreviation);
        uint64_t attribute, next = 0;
        struct value value;
        while (next_attribute(dwarf, unit, &list, &c, &attribute, &value)) {
            if ((attribute == AT_LINKAGE_NAME || attribute == AT_MIPS_LINKAGE_NAME) && value.string) return value.string;
            if (attribute == AT_NAME && !plain) plain = value.string;
            if ((attribute == AT_ORIGIN || attribute == AT_SPECIFICATION) && value.is_reference)
                next = value.is_absolute ? value.number : unit->offset + value.number;
        }
        if (!next) return plain;
        die = next;
    }
    return plain;
}

// MARK: Answers

static void set_file(const struct unit *unit, uint32_t number, hs_source_frame *frame) {
    if (number >= unit->file_count) return;
    frame->file = unit->files[number].name;
    uint32_t directory = unit->files[number].directory;
    if (directory < unit->directory_count) frame->directory = unit->directories[directory];
    if (!frame->directory) frame->directory = unit->directory;
}

static void set_line(const struct unit *unit, uint64_t address, uint64_t function_start, hs_source_frame *frame) {
    size_t low = 0, high = unit->row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unit->rows[middle].address <= address) low = middle + 1;
        else high = middle;
    }
    if (low == 0 || unit->rows[low - 1].ends) return;
    // Line 0 is code of no line; what stands before it in the same function is nearest.
    size_t row = low - 1;
    while (unit->rows[row].line == 0 && row > 0 && !unit->rows[row - 1].ends && unit->rows[row - 1].address >= function_start) row--;
    set_file(unit, unit->rows[row].file, frame);
    frame->line = unit->rows[row].line;
    frame->column = unit->rows[row].column;
}

static int frames_in(struct hs_dwarf *dwarf, struct unit *unit, uint64_t address, hs_source_frame *frames, int limit) {
    if (!unit->is_read) {
        unit->is_read = 1;
        hs_dwarf_read_lines(dwarf, unit);
        read_functions(dwarf, unit);
    }
    // Nested entries come after the ones around them, so covering ones are met from the outside in.
    const struct function *chain[64];
    int count = 0;
    for (size_t index = 0; index < unit->function_count; index++) {
        const struct function *function = &unit->functions[index];
        if (address < function->start || address >= function->end) continue;
        while (count > 0 && chain[count - 1]->depth >= function->depth) count--;
        if (count < 64) chain[count++] = function;
    }
    if (count == 0 || chain[0]->is_inlined) return 0;
    int written = 0;
    for (int index = count - 1; index >= 0 && written < limit; index--) {
        hs_source_frame *frame = &frames[written++];
        memset(frame, 0, sizeof *frame);
        frame->function = name_of(dwarf, chain[index]->die);
        frame->is_inlined = chain[index]->is_inlined;
        if (index == count - 1) {
            set_line(unit, address, chain[index]->start, frame);
        } else {
            // Where the next inner one was inlined.
            set_file(unit, chain[index + 1]->call_file, frame);
            frame->line = chain[index + 1]->call_line;
            frame->column = chain[index + 1]->call_column;
        }
    }
    return written;
}

int hs_dwarf_frames(hs_dwarf *dwarf, uint64_t address, hs_source_frame *frames, int limit) {
    if (!dwarf->is_indexed) index_units(dwarf);
    size_t low = 0, high = dwarf->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dwarf->range_table[middle].start <= address) low = middle + 1;
        else high = middle;
    }
    // Ranges of several units may overlap; the nearest start is tried first.
    for (size_t back = 0; back < 8 && low > back; back++) {
        const struct range *range = &dwarf->range_table[low - 1 - back];
        if (address >= range->end) continue;
        int count = frames_in(dwarf, &dwarf->units[range->unit], address, frames, limit);
        if (count > 0) return count;
    }
    return 0;
}

// MARK: Opening

static struct section section(const hs_image *image, const char *name) {
    struct section section = {NULL, 0};
    section.bytes = hs_image_section(image, name, &section.length);
    if (!section.bytes) section.length = 0;
    return section;
}

hs_dwarf *hs_dwarf_open(const hs_image *image) {
    struct section info = section(image, ".debug_info");
    if (!info.bytes) return NULL;
    hs_dwarf *dwarf = calloc(1, sizeof *dwarf);
    if (!dwarf) return NULL;
    dwarf->info = info;
    dwarf->abbreviations = section(image, ".debug_abbrev");
    dwarf->strings = section(image, ".debug_str");
    dwarf->lines = section(image, ".debug_line");
    dwarf->line_strings = section(image, ".debug_line_str");
    dwarf->ranges = section(image, ".debug_ranges");
    dwarf->range_lists = section(image, ".debug_rnglists");
    dwarf->addresses = section(image, ".debug_addr");
    dwarf->string_offsets = section(image, ".debug_str_offsets");
    return dwarf;
}

void hs_dwarf_close(hs_dwarf *dwarf) {
    if (!dwarf) return;
    for (size_t index = 0; index < dwarf->unit_count; index++) {
        struct unit *unit = &dwarf->units[index];
        free(unit->rows);
        free(unit->functions);
        free(unit->directories);
        free(unit->files);
        free(unit->abbreviations);
    }
    free(dwarf->units);
    free(dwarf->range_table);
    free(dwarf);
}

char *hs_demangle(const char *name) {
    typedef char *(*swift_demangler)(const char *, size_t, char *, size_t *, uint32_t);
    typedef char *(*cxx_demangler)(const char *, char *, size_t *, int *);
    size_t length = strlen(name);
    if (length > 16384) return NULL;
    if (strncmp(name, "$s", 2) == 0 || strncmp(name, "$S", 2) == 0 || strncmp(name, "$e", 2) == 0 || strncmp(name, "_$s", 3) == 0 || strncmp(name, "_T", 2) == 0) {
        swift_demangler demangle = (swift_demangler)dlsym(RTLD_DEFAULT, "swift_demangle");
        return demangle ? demangle(name, length, NULL, NULL, 0) : NULL;
    }
    if (strncmp(name, "_Z", 2) != 0) return NULL;
    cxx_demangler demangle = (cxx_demangler)dlsym(RTLD_DEFAULT, "__cxa_demangle");
    int status = 0;
    return demangle ? demangle(name, NULL, NULL, &status) : NULL;
}
#else
typedef int hs_dwarf_unused;
#endif
