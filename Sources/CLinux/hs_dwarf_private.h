// Shared by the parts of the DWARF reader. Numbers are those of the DWARF 5 standard, section 7.
#pragma once
#include "hs_dwarf.h"
#include <string.h>

struct section { const uint8_t *bytes; size_t length; };

/// Reads forward within bounds; once `failed`, everything read is 0.
struct cursor { const uint8_t *at, *end; int failed; };

struct abbreviation { uint32_t code; uint16_t tag; uint8_t has_children; const uint8_t *attributes; };

struct row { uint64_t address; uint32_t ordinal, file, line; uint16_t column; uint8_t ends; };

struct function {
    uint64_t start, end;
    uint64_t die;  // offset in .debug_info
    uint32_t depth, call_file, call_line, call_column;
    uint8_t is_inlined;
};

struct file { const char *name; uint32_t directory; };

struct unit {
    uint64_t offset, end, first_die;
    uint64_t abbreviations_offset, lines_offset, strings_base, addresses_base, ranges_base, low;
    uint16_t version;
    uint8_t address_size, has_lines, is_64;
    const char *directory;
    // Read when first asked for.
    int is_read;
    struct row *rows; size_t row_count;
    struct function *functions; size_t function_count;
    const char **directories; size_t directory_count;
    struct file *files; size_t file_count;
    uint16_t line_version;
    struct abbreviation *abbreviations; size_t abbreviation_count;
};

struct range { uint64_t start, end; uint32_t unit; };

struct hs_dwarf {
    struct section info, abbreviations, strings, lines, line_strings, ranges, range_lists, addresses, string_offsets;
    struct unit *units; size_t unit_count;
    struct range *range_table; size_t range_count, range_capacity;
    int is_indexed;
    /// What several files have in common, moved to a file of its own by dwz; NULL when there is none.
    struct hs_dwarf *supplementary;
};

/// An attribute's value, as far as it is used.
/// A reference counts from the unit's start, or if absolute from that of the section, or if elsewhere from that of
/// the supplementary file's section.
struct value { uint64_t number; const char *string; uint16_t form; int is_reference, is_absolute, is_elsewhere; };

static inline uint8_t take8(struct cursor *c) {
    if (c->at >= c->end) { c->failed = 1; return 0; }
    return *c->at++;
}
static inline uint64_t take(struct cursor *c, size_t size) {
    if ((size_t)(c->end - c->at) < size || size > 8) { c->failed = 1; c->at = c->end; return 0; }
    uint64_t value = 0;
    memcpy(&value, c->at, size);
    c->at += size;
    return value;
}
static inline uint64_t take_uleb(struct cursor *c) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = take8(c);
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80) || c->failed) return value;
    }
}
static inline int64_t take_sleb(struct cursor *c) {
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
        uint8_t byte = take8(c);
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (!(byte & 0x80) || c->failed) {
            if (shift < 64 && byte & 0x40) value |= ~0ull << shift;
            return (int64_t)value;
        }
    }
}
static inline void skip(struct cursor *c, uint64_t count) {
    if ((uint64_t)(c->end - c->at) < count) { c->failed = 1; c->at = c->end; } else c->at += count;
}
static inline const char *take_string(struct cursor *c) {
    const uint8_t *end = c->at < c->end ? memchr(c->at, 0, (size_t)(c->end - c->at)) : NULL;
    if (!end) { c->failed = 1; c->at = c->end; return NULL; }
    const char *string = (const char *)c->at;
    c->at = end + 1;
    return string;
}
static inline struct cursor cursor_at(struct section section, uint64_t offset) {
    if (offset > section.length) return (struct cursor){NULL, NULL, 1};
    return (struct cursor){section.bytes + offset, section.bytes + section.length, 0};
}
/// Sections of strings end with a NUL (checked when they are opened), so every string in them ends.
static inline const char *string_at(struct section section, uint64_t offset) {
    return offset < section.length ? (const char *)section.bytes + offset : NULL;
}

enum { AT_NAME = 0x03, AT_STMT_LIST = 0x10, AT_LOW_PC = 0x11, AT_HIGH_PC = 0x12, AT_COMP_DIR = 0x1b, AT_ORIGIN = 0x31,
       AT_SPECIFICATION = 0x47, AT_RANGES = 0x55, AT_CALL_COLUMN = 0x57, AT_CALL_FILE = 0x58, AT_CALL_LINE = 0x59,
       AT_LINKAGE_NAME = 0x6e, AT_STR_OFFSETS_BASE = 0x72, AT_ADDR_BASE = 0x73, AT_RNGLISTS_BASE = 0x74,
       AT_MIPS_LINKAGE_NAME = 0x2007 };

void hs_dwarf_take_value(struct hs_dwarf *dwarf, struct unit *unit, struct cursor *c, uint64_t form, int64_t constant, struct value *value);
void hs_dwarf_read_lines(struct hs_dwarf *dwarf, struct unit *unit);
typedef void (*hs_range_taker)(void *context, uint64_t start, uint64_t end);
void hs_dwarf_each_range(struct hs_dwarf *dwarf, struct unit *unit, const struct value *ranges, hs_range_taker take, void *context);
/// Steps through the attributes of one entry: 1 with the next, 0 at the end.
int hs_dwarf_next_attribute(struct hs_dwarf *dwarf, struct unit *unit, struct cursor *specification, struct cursor *c,
                            uint64_t *attribute, struct value *value);
struct cursor hs_dwarf_specification(struct hs_dwarf *dwarf, const struct abbreviation *abbreviation);
/// Finds which addresses each unit has.
void hs_dwarf_index_units(struct hs_dwarf *dwarf);
void hs_dwarf_read_functions(struct hs_dwarf *dwarf, struct unit *unit);
/// One abbreviation without reading the others; `found` is the caller's. 0 when there is none.
int hs_dwarf_find_abbreviation(struct hs_dwarf *dwarf, const struct unit *unit, uint64_t code, struct abbreviation *found);
const struct abbreviation *hs_dwarf_abbreviation(struct hs_dwarf *dwarf, struct unit *unit, uint64_t code);
