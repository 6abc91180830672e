#if defined(__linux__)
// Which unit holds which addresses, and the functions of a unit.
#include "hs_dwarf_private.h"
#include <stdlib.h>

enum { MAXIMUM_UNITS = 1 << 20, MAXIMUM_RANGES = 8 << 20, MAXIMUM_FUNCTIONS = 4 << 20, MAXIMUM_DEPTH = 512 };
enum { TAG_INLINED = 0x1d, TAG_SUBPROGRAM = 0x2e, TAG_COMPILE_UNIT = 0x11, TAG_SKELETON = 0x4a, TAG_PARTIAL = 0x3c };

// MARK: Units

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

static void read_root(struct hs_dwarf *dwarf, struct unit *unit, uint32_t index) {
    struct cursor c = cursor_at(dwarf->info, unit->first_die);
    struct abbreviation root;
    if (!hs_dwarf_find_abbreviation(dwarf, unit, take_uleb(&c), &root) || c.failed) return;
    if (root.tag != TAG_COMPILE_UNIT && root.tag != TAG_SKELETON && root.tag != TAG_PARTIAL) return;
    // Bases first: other attributes of the same entry may be indexes into their tables.
    struct cursor again = c, list = hs_dwarf_specification(dwarf, &root), list_again = list;
    uint64_t attribute;
    struct value value;
    while (hs_dwarf_next_attribute(dwarf, unit, &list, &c, &attribute, &value)) {
        if (attribute == AT_STR_OFFSETS_BASE) unit->strings_base = value.number;
        if (attribute == AT_ADDR_BASE) unit->addresses_base = value.number;
        if (attribute == AT_RNGLISTS_BASE) unit->ranges_base = value.number;
    }
    struct value ranges = {0}, high = {0};
    int has_ranges = 0;
    while (hs_dwarf_next_attribute(dwarf, unit, &list_again, &again, &attribute, &value)) {
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
}

void hs_dwarf_index_units(struct hs_dwarf *dwarf) {
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

void hs_dwarf_read_functions(struct hs_dwarf *dwarf, struct unit *unit) {
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
        struct cursor list = hs_dwarf_specification(dwarf, abbreviation);
        while (hs_dwarf_next_attribute(dwarf, unit, &list, &c, &attribute, &value)) {
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
#else
typedef int hs_dwarf_units_unused;
#endif
