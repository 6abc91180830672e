#if defined(__linux__)
// Values of attributes, abbreviations, lists of ranges: DWARF 5, sections 7.5 and 7.25.
#include "hs_dwarf_private.h"
#include <stdlib.h>

enum { MAXIMUM_LISTED = 4 << 20, MAXIMUM_ABBREVIATIONS = 1 << 16 };

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
    case 0x1c: case 0x24: case 0x1f20:                                                   // ref_sup4, ref_sup8, GNU_ref_alt
               value->number = take(c, form == 0x1c ? 4 : form == 0x24 ? 8 : width);
               value->is_reference = value->is_absolute = value->is_elsewhere = 1; break;
    case 0x1d: case 0x1f21: {                                                            // strp_sup, GNU_strp_alt
        uint64_t offset = take(c, width);
        if (dwarf->supplementary) value->string = string_at(dwarf->supplementary->strings, offset);
        break;
    }
    case 0x1e: skip(c, 16); break;                                                       // data16
    case 0x1f: value->string = string_at(dwarf->line_strings, take(c, width)); break;    // line_strp
    case 0x20: skip(c, 8); break;                                                        // ref_sig8
    case 0x21: value->number = (uint64_t)constant; break;                                // implicit_const
    case 0x22: value->number = take_uleb(c); break;                                      // loclistx
    case 0x23: value->number = take_uleb(c); break;                                      // rnglistx
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

/// Reads the next abbreviation; 0 at the end of the table.
static int take_abbreviation(struct cursor *c, struct abbreviation *taken) {
    uint64_t code = take_uleb(c), tag = take_uleb(c);
    uint8_t has_children = take8(c);
    if (code == 0 || c->failed) return 0;
    *taken = (struct abbreviation){(uint32_t)code, (uint16_t)tag, has_children, c->at};
    for (;;) {
        uint64_t attribute = take_uleb(c), form = take_uleb(c);
        if (form == 0x21) take_sleb(c);
        if ((attribute == 0 && form == 0) || c->failed) return 1;
    }
}

int hs_dwarf_find_abbreviation(struct hs_dwarf *dwarf, const struct unit *unit, uint64_t code, struct abbreviation *found) {
    struct cursor c = cursor_at(dwarf->abbreviations, unit->abbreviations_offset);
    for (int count = 0; count < MAXIMUM_ABBREVIATIONS && take_abbreviation(&c, found); count++)
        if (found->code == code) return 1;
    return 0;
}

static void read_abbreviations(struct hs_dwarf *dwarf, struct unit *unit) {
    struct cursor c = cursor_at(dwarf->abbreviations, unit->abbreviations_offset);
    size_t capacity = 0;
    struct abbreviation taken;
    while (unit->abbreviation_count < MAXIMUM_ABBREVIATIONS && take_abbreviation(&c, &taken)) {
        if (unit->abbreviation_count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            struct abbreviation *grown = realloc(unit->abbreviations, capacity * sizeof *grown);
            if (!grown) return;
            unit->abbreviations = grown;
        }
        unit->abbreviations[unit->abbreviation_count++] = taken;
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

int hs_dwarf_next_attribute(struct hs_dwarf *dwarf, struct unit *unit, struct cursor *specification, struct cursor *c,
                            uint64_t *attribute, struct value *value) {
    *attribute = take_uleb(specification);
    uint64_t form = take_uleb(specification);
    int64_t constant = form == 0x21 ? take_sleb(specification) : 0;
    if ((*attribute == 0 && form == 0) || specification->failed || c->failed) return 0;
    hs_dwarf_take_value(dwarf, unit, c, form, constant, value);
    return !c->failed;
}

struct cursor hs_dwarf_specification(struct hs_dwarf *dwarf, const struct abbreviation *abbreviation) {
    return (struct cursor){abbreviation->attributes, dwarf->abbreviations.bytes + dwarf->abbreviations.length, 0};
}

// MARK: Ranges

void hs_dwarf_each_range(struct hs_dwarf *dwarf, struct unit *unit, const struct value *ranges, hs_range_taker taker, void *context) {
    uint64_t base = unit->low;
    if (unit->version < 5) {
        struct cursor c = cursor_at(dwarf->ranges, ranges->number);
        uint64_t top = unit->address_size == 8 ? ~0ull : 0xffffffffull;
        for (int count = 0; count < MAXIMUM_LISTED; count++) {
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
    for (int count = 0; count < MAXIMUM_LISTED && !c.failed; count++) {
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
#else
typedef int hs_dwarf_values_unused;
#endif
