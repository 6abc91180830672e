#if defined(__linux__)
// Unwind information of images without a usable .eh_frame_hdr: .eh_frame, or where there is none
// .debug_frame, which is rewritten to the same form. "Linux Standard Base Core", section 10.6, and DWARF 5, section 6.4.
#include "hs_frames.h"
#include "hs_cfi_private.h"
#include "hs_image_private.h"
#include <stdlib.h>

enum { MAXIMUM_ENTRIES = 2 << 20 };

struct entry { uint64_t start, end, at; };

struct hs_frames {
    struct section section;      // in the form of .eh_frame
    uint8_t *rewritten;          // owned, NULL where the section is the file's own
    uint64_t address;            // linked, of the section's first byte
    struct entry *entries; size_t count, capacity;
};

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

static void index_entries(struct hs_frames *frames) {
    struct section section = frames->section;
    struct record record;
    struct cie cie;
    uint64_t last_cie = ~0ull, cie_at;
    int is_good = 0;
    for (uint64_t at = 0; hs_cfi_record(section, at, &record); at = record.next) {
        if (!hs_cfi_cie_of(&record, &cie_at)) continue;
        if (cie_at != last_cie) { last_cie = cie_at; is_good = hs_cfi_cie(section, last_cie, &cie); }
        if (!is_good) continue;
        struct cursor c = cursor_at(section, record.body);
        c.end = section.bytes + record.next;
        uint64_t start = hs_cfi_pointer(&c, cie.encoding, frames->address + record.body);
        uint64_t length = hs_cfi_pointer(&c, cie.encoding & 0x0f, 0);
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
    for (uint64_t at = 0; hs_cfi_record(from, at, &record); at = record.next) {
        if (record.width != 4 || record.id == 0xffffffff) continue;
        if (record.id != cie_from) {
            // CIEs are written again where they are first used after another one.
            cie_from = record.id;
            cie_to = (uint64_t)(to - frames->rewritten);
            is_good = hs_cfi_record(from, cie_from, &cie) && cie.id == 0xffffffff && cie.width == 4 &&
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

static const struct entry *find(const hs_frames *frames, uint64_t address) {
    size_t low = 0, high = frames->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (frames->entries[middle].start <= address) low = middle + 1;
        else high = middle;
    }
    return low == 0 || address >= frames->entries[low - 1].end ? NULL : &frames->entries[low - 1];
}

int hs_frames_find(const hs_frames *frames, uint64_t address, uint64_t *offset) {
    const struct entry *entry = find(frames, address);
    if (entry) *offset = entry->at;
    return entry != NULL;
}

static int is_stub(const hs_image *image, uint64_t address) {
    static const char *const names[] = {".plt", ".plt.sec", ".plt.got"};
    Elf64_Shdr section;
    for (size_t index = 0; index < sizeof names / sizeof *names; index++)
        if (hs_image_find_section(image, names[index], &section) && address >= section.sh_addr && address - section.sh_addr < section.sh_size) return 1;
    return 0;
}

int hs_image_unnamed_range(hs_image *image, uint64_t address, uint64_t *start, uint64_t *end) {
    if (is_stub(image, address)) return 0;
    pthread_mutex_lock(&image->lock);
    if (!image->has_looked_for_frames) {
        image->has_looked_for_frames = 1;
        image->frames = hs_frames_open(image, 0, 0);
    }
    const struct hs_frames *frames = image->frames;
    pthread_mutex_unlock(&image->lock);
    const struct entry *entry = frames ? find(frames, address) : NULL;
    if (!entry) return 0;
    *start = entry->start;
    *end = entry->end;
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
