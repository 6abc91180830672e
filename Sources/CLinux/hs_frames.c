#if defined(__linux__)
// Unwind information of images without a usable .eh_frame_hdr: .eh_frame, or where there is none
// .debug_frame, which is rewritten to the same form. "Linux Standard Base Core", section 10.6, and DWARF 5, section 6.4.
#include "hs_frames.h"
#include "hs_dwarf_private.h"
#include <stdlib.h>

enum { MAXIMUM_ENTRIES = 2 << 20 };

struct entry { uint64_t start, end, at; };

struct hs_frames {
    struct section section;      // in the form of .eh_frame
    uint8_t *rewritten;          // owned, NULL where the section is the file's own
    uint64_t address;            // linked, of the section's first byte
    struct entry *entries; size_t count, capacity;
};

/// One CIE or FDE: from its length on.
struct record { uint64_t at, next, body; uint64_t id; size_t width; };

static int take_record(struct section section, uint64_t at, struct record *record) {
    struct cursor c = cursor_at(section, at);
    uint64_t length = take(&c, 4);
    record->width = 4;
    if (length == 0xffffffff) { length = take(&c, 8); record->width = 8; }
    if (c.failed || length == 0 || length > (uint64_t)(c.end - c.at)) return 0;
    record->at = at;
    record->next = (uint64_t)(c.at - section.bytes) + length;
    record->id = take(&c, record->width == 8 ? 8 : 4);
    record->body = (uint64_t)(c.at - section.bytes);
    return !c.failed && record->body <= record->next;
}

static void add(struct hs_frames *frames, uint64_t start, uint64_t length, uint64_t at) {
    if (length == 0 || start + length < start || frames->count >= MAXIMUM_ENTRIES) return;
    if (frames->count == frames->capacity) {
        size_t capacity = frames->capacity ? frames->capacity * 2 : 256;
        struct entry *grown = realloc(frames->entries, capacity * sizeof *grown);
        if (!grown) return;
        frames->entries = grown;
        frames->capacity = capacity;
    }
    frames->entries[frames->count++] = (struct entry){start, start + length, at};
}

static int by_start(const void *left, const void *right) {
    const struct entry *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

// MARK: .eh_frame

/// The encoding of pointers in the FDEs of a CIE ('R' of its augmentation), 0 (absolute) when it says none, -1 when it makes no sense.
static int pointer_encoding(struct section section, uint64_t cie) {
    struct record record;
    if (!take_record(section, cie, &record) || record.id != 0) return -1;
    struct cursor c = cursor_at(section, record.body);
    c.end = section.bytes + record.next;
    take8(&c);
    const char *augmentation = take_string(&c);
    take_uleb(&c); take_sleb(&c); take_uleb(&c);
    if (c.failed || !augmentation) return -1;
    if (*augmentation != 'z') return *augmentation ? -1 : 0;
    take_uleb(&c);
    for (augmentation++; *augmentation; augmentation++) {
        if (*augmentation == 'R') return take8(&c);
        if (*augmentation == 'L') take8(&c);
        else if (*augmentation == 'P') { uint8_t encoding = take8(&c); skip(&c, (encoding & 7) == 2 ? 2 : (encoding & 7) == 3 ? 4 : 8); }
        else if (*augmentation != 'S' && *augmentation != 'B') return -1;
    }
    return c.failed ? -1 : 0;
}

/// DW_EH_PE_*: the format in the low bits, 0x10 relative to the place it stands at.
static uint64_t take_pointer(struct cursor *c, int encoding, uint64_t place) {
    uint64_t value;
    switch (encoding & 0x0f) {
    case 0x00: case 0x04: case 0x0c: value = take(c, 8); break;
    case 0x02: value = take(c, 2); break;
    case 0x0a: value = (uint64_t)(int64_t)(int16_t)take(c, 2); break;
    case 0x03: value = take(c, 4); break;
    case 0x0b: value = (uint64_t)(int64_t)(int32_t)take(c, 4); break;
    default: c->failed = 1; return 0;
    }
    return (encoding & 0x70) == 0x10 ? value + place : value;
}

static void index_entries(struct hs_frames *frames) {
    struct section section = frames->section;
    struct record record;
    uint64_t last_cie = ~0ull;
    int encoding = -1;
    for (uint64_t at = 0; take_record(section, at, &record); at = record.next) {
        if (record.id == 0) continue;
        uint64_t id_at = record.body - (record.width == 8 ? 8 : 4);
        if (record.id > id_at) continue;
        if (id_at - record.id != last_cie) { last_cie = id_at - record.id; encoding = pointer_encoding(section, last_cie); }
        if (encoding < 0) continue;
        struct cursor c = cursor_at(section, record.body);
        c.end = section.bytes + record.next;
        uint64_t start = take_pointer(&c, encoding, frames->address + record.body);
        uint64_t length = take_pointer(&c, encoding & 0x0f, 0);
        if (!c.failed) add(frames, start, length, record.at);
    }
    if (frames->count) qsort(frames->entries, frames->count, sizeof *frames->entries, by_start);
}

// MARK: .debug_frame

static void put(uint8_t **to, const void *bytes, size_t count) { memcpy(*to, bytes, count); *to += count; }
static void put32(uint8_t **to, uint64_t value) { uint32_t narrow = (uint32_t)value; put(to, &narrow, 4); }

/// A CIE of .debug_frame as one of .eh_frame; at most as long. 0 when it cannot be.
static int rewrite_cie(struct section from, const struct record *record, uint8_t **to) {
    struct cursor c = cursor_at(from, record->body);
    c.end = from.bytes + record->next;
    uint8_t version = take8(&c);
    const char *augmentation = take_string(&c);
    if (c.failed || !augmentation || *augmentation) return 0;
    if (version >= 4 && (take8(&c) != 8 || take8(&c) != 0)) return 0;  // size of addresses, of segment selectors
    if (c.failed) return 0;
    size_t rest = (size_t)(c.end - c.at);
    put32(to, 4 + 2 + rest);
    put32(to, 0);
    uint8_t form[2] = {version >= 3 ? 3 : 1, 0};
    put(to, form, 2);
    put(to, c.at, rest);
    return 1;
}

/// Each record becomes one that is not longer, so a buffer of the same size is enough. Only 32-bit DWARF, as all compilers write.
static void rewrite(struct hs_frames *frames, struct section from, uint64_t bias) {
    uint8_t *to = frames->rewritten;
    struct record record, cie;
    uint64_t cie_from = ~0ull, cie_to = 0;
    int is_good = 0;
    for (uint64_t at = 0; take_record(from, at, &record); at = record.next) {
        if (record.width != 4 || record.id == 0xffffffff) continue;
        if (record.id != cie_from) {
            // CIEs are written again where they are first used after another one.
            cie_from = record.id;
            cie_to = (uint64_t)(to - frames->rewritten);
            is_good = take_record(from, cie_from, &cie) && cie.id == 0xffffffff && cie.width == 4 &&
                (size_t)(to - frames->rewritten) + (cie.next - cie.at) + 16 <= frames->section.length && rewrite_cie(from, &cie, &to);
        }
        uint64_t place = (uint64_t)(to - frames->rewritten), size = record.next - record.body;
        if (!is_good || size < 16 || place + 8 + size > frames->section.length) continue;
        struct cursor c = cursor_at(from, record.body);
        uint64_t start = take(&c, 8) + bias, length = take(&c, 8);
        put32(&to, 4 + size);
        put32(&to, place + 4 - cie_to);
        put(&to, &start, 8);
        put(&to, &length, 8);
        put(&to, c.at, size - 16);
        add(frames, start - bias, length, place);
    }
    frames->section.length = (size_t)(to - frames->rewritten);
    if (frames->count) qsort(frames->entries, frames->count, sizeof *frames->entries, by_start);
}

// MARK: Opening

hs_frames *hs_frames_open(hs_image *image, uint64_t bias, int from_debug) {
    hs_frames *frames = calloc(1, sizeof *frames);
    if (!frames) return NULL;
    if (!from_debug) {
        frames->section.bytes = hs_image_loaded_section(image, ".eh_frame", &frames->section.length, &frames->address);
        if (frames->section.bytes) index_entries(frames);
    } else {
        struct section from = {NULL, 0};
        from.bytes = hs_image_section(image, ".debug_frame", &from.length);
        // A CIE may be needed again for each FDE in the worst case; twice the size is plenty for what compilers write.
        frames->section.length = from.bytes && from.length < 1u << 28 ? from.length * 2 : 0;
        frames->rewritten = frames->section.length ? malloc(frames->section.length) : NULL;
        frames->section.bytes = frames->rewritten;
        if (frames->rewritten) rewrite(frames, from, bias);
    }
    if (frames->count > 0) return frames;
    hs_frames_close(frames);
    return NULL;
}

void hs_frames_close(hs_frames *frames) {
    if (!frames) return;
    free(frames->rewritten);
    free(frames->entries);
    free(frames);
}

int hs_frames_find(const hs_frames *frames, uint64_t address, uint64_t *offset) {
    size_t low = 0, high = frames->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (frames->entries[middle].start <= address) low = middle + 1;
        else high = middle;
    }
    if (low == 0 || address >= frames->entries[low - 1].end) return 0;
    *offset = frames->entries[low - 1].at;
    return 1;
}

const uint8_t *hs_frames_bytes(const hs_frames *frames, size_t *length) {
    *length = frames->section.length;
    return frames->section.bytes;
}

uint64_t hs_frames_address(const hs_frames *frames) { return frames->address; }
#else
typedef int hs_frames_unused;
#endif
