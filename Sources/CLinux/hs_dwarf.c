#if defined(__linux__)
#include "hs_dwarf_private.h"
#include <stdlib.h>

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
        struct cursor list = hs_dwarf_specification(dwarf, abbreviation);
        uint64_t attribute, next = 0;
        int elsewhere = 0;
        struct value value;
        while (hs_dwarf_next_attribute(dwarf, unit, &list, &c, &attribute, &value)) {
            if ((attribute == AT_LINKAGE_NAME || attribute == AT_MIPS_LINKAGE_NAME) && value.string) return value.string;
            if (attribute == AT_NAME && !plain) plain = value.string;
            if ((attribute == AT_ORIGIN || attribute == AT_SPECIFICATION) && value.is_reference) {
                next = value.is_absolute ? value.number : unit->offset + value.number;
                elsewhere = value.is_elsewhere;
            }
        }
        if (!next || (elsewhere && !dwarf->supplementary)) return plain;
        if (elsewhere) {
            dwarf = dwarf->supplementary;
            if (!dwarf->is_indexed) hs_dwarf_index_units(dwarf);
        }
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
        hs_dwarf_read_functions(dwarf, unit);
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
    // Functions may be described in a file of their own (-gsplit-dwarf, 7.3.2); lines are here.
    if (unit->function_count == 0 && limit > 0) {
        memset(&frames[0], 0, sizeof frames[0]);
        set_line(unit, address, 0, &frames[0]);
        return frames[0].line > 0;
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
    if (!dwarf->is_indexed) hs_dwarf_index_units(dwarf);
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

static struct section section(hs_image *image, const char *name) {
    struct section section = {NULL, 0};
    section.bytes = hs_image_section(image, name, &section.length);
    if (!section.bytes) section.length = 0;
    return section;
}

static struct section strings(hs_image *image, const char *name) {
    struct section found = section(image, name);
    // One that does not end in a NUL is corrupt, and whatever is read from it might not end.
    if (found.length > 0 && found.bytes[found.length - 1] != 0) found.length = 0;
    return found;
}

hs_dwarf *hs_dwarf_open(hs_image *image) {
    struct section info = section(image, ".debug_info");
    if (!info.bytes) return NULL;
    hs_dwarf *dwarf = calloc(1, sizeof *dwarf);
    if (!dwarf) return NULL;
    dwarf->info = info;
    dwarf->abbreviations = section(image, ".debug_abbrev");
    dwarf->strings = strings(image, ".debug_str");
    dwarf->lines = section(image, ".debug_line");
    dwarf->line_strings = strings(image, ".debug_line_str");
    dwarf->ranges = section(image, ".debug_ranges");
    dwarf->range_lists = section(image, ".debug_rnglists");
    dwarf->addresses = section(image, ".debug_addr");
    dwarf->string_offsets = section(image, ".debug_str_offsets");
    hs_image *supplementary = hs_image_supplementary(image);
    if (supplementary) dwarf->supplementary = hs_dwarf_open(supplementary);
    return dwarf;
}

void hs_dwarf_close(hs_dwarf *dwarf) {
    if (!dwarf) return;
    hs_dwarf_close(dwarf->supplementary);
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
#else
typedef int hs_dwarf_unused;
#endif
