#include "include/hs_task_scan.h"
#include <string.h>

static inline uint64_t word_at(const void *bytes, size_t offset) {
    uint64_t word;
    memcpy(&word, (const char *)bytes + offset, sizeof word);
    return word;
}

/// Whether a word is one of the two or lies between them: they are neighbours in the runtime's data, so that one
/// comparison a place decides, and a hit is looked at closely.
typedef struct {
    uint64_t lowest, span;
} word_range;

static word_range range_of(hs_task_words words) {
    uint64_t low = words.task, high = words.task;
    if (words.slab && words.slab < low) low = words.slab;
    if (words.slab > high) high = words.slab;
    return (word_range){low, high - low};
}

static inline int in(word_range range, uint64_t word) { return word - range.lowest <= range.span; }

size_t hs_scan_tasks(
    const void *bytes, size_t length, uint64_t base, hs_task_words words, hs_task_hit *hits, size_t capacity, size_t *next) {
    const word_range range = range_of(words);
    size_t found = 0;
    size_t offset = *next;
    offset += (16 - (base + offset) % 16) % 16;
    while (offset + 8 <= length) {
        // Whole lines first: four places and one self-reference, all but always without a hit.
        if ((base + offset) % 64 == 0) {
            while (offset + 64 <= length) {
                uint64_t first = word_at(bytes, offset);
                int any = in(range, first) | in(range, word_at(bytes, offset + 16)) | in(range, word_at(bytes, offset + 32))
                    | in(range, word_at(bytes, offset + 48)) | (int)(first == base + offset);
                if (__builtin_expect(any, 0)) break;
                offset += 64;
            }
            if (offset + 8 > length) break;
        }
        uint64_t word = word_at(bytes, offset);
        int kind = -1;
        if (word && word == words.task) kind = HS_HIT_TASK;
        else if (word && word == words.slab) kind = HS_HIT_SLAB;
        else if (word == base + offset && word % 64 == 0 && offset + 0x18 <= length && word_at(bytes, offset + 0x10) == word)
            kind = HS_HIT_THREAD_BLOCK;
        if (kind >= 0) {
            if (found == capacity) {
                *next = offset;
                return found;
            }
            hits[found++] = (hs_task_hit){(uint32_t)offset, (uint32_t)kind};
        }
        offset += 16;
    }
    *next = length;
    return found;
}

static inline int within(hs_address_range range, uint64_t word) { return word >= range.start && word < range.end; }

size_t hs_find_runtime_variables(
    const void *bytes, size_t length, size_t start, hs_address_range image, hs_address_range code) {
    // Both metadata are small structures of one kind that lie side by side.
    const uint64_t apart = 0x100;
    for (size_t offset = start; offset + 48 <= length; offset += 8) {
        if (!within(code, word_at(bytes, offset + 16))) continue;
        uint64_t job = word_at(bytes, offset), task = word_at(bytes, offset + 8);
        if (!within(image, job) || task <= job || task - job > apart || within(code, task)) continue;
        if (within(code, word_at(bytes, offset + 24)) && within(code, word_at(bytes, offset + 32))
            && within(code, word_at(bytes, offset + 40)))
            return offset;
    }
    return length;
}
