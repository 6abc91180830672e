#include "include/hs_heap_scan.h"
#include <stdlib.h>
#include <string.h>

static inline uint64_t word_at(const void *bytes, size_t offset) {
    uint64_t word;
    memcpy(&word, (const char *)bytes + offset, sizeof word);
    return word;
}

struct hs_address_set {
    uint64_t *slots;
    size_t mask;
    uint64_t lowest, highest;
};

static inline size_t slot_of(uint64_t address, size_t mask) {
    return (size_t)((address * 0x9E3779B97F4A7C15ull) >> 20) & mask;
}

hs_address_set *hs_address_set_create(const uint64_t *addresses, size_t count) {
    if (count > (1u << 24)) return NULL;
    size_t size = 64;
    while (size < count * 2) size *= 2;
    hs_address_set *set = malloc(sizeof *set);
    if (!set) return NULL;
    set->slots = calloc(size, sizeof(uint64_t));
    if (!set->slots) { free(set); return NULL; }
    set->mask = size - 1;
    set->lowest = UINT64_MAX;
    set->highest = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t address = addresses[i];
        if (!address) continue;
        if (address < set->lowest) set->lowest = address;
        if (address > set->highest) set->highest = address;
        size_t slot = slot_of(address, set->mask);
        while (set->slots[slot] && set->slots[slot] != address) slot = (slot + 1) & set->mask;
        set->slots[slot] = address;
    }
    return set;
}

void hs_address_set_destroy(hs_address_set *set) {
    if (!set) return;
    free(set->slots);
    free(set);
}

size_t hs_find_references(
    const void *bytes, size_t length, size_t start, uint64_t mask, const hs_address_set *set,
    uint32_t *offsets, size_t capacity, size_t *next) {
    size_t found = 0;
    size_t offset = start;
    for (; offset + 8 <= length; offset += 8) {
        uint64_t word = word_at(bytes, offset) & ~mask;
        if (__builtin_expect(word < set->lowest || word > set->highest, 1)) continue;
        size_t slot = slot_of(word, set->mask);
        while (set->slots[slot] && set->slots[slot] != word) slot = (slot + 1) & set->mask;
        if (!set->slots[slot]) continue;
        if (found == capacity) break;
        offsets[found++] = (uint32_t)offset;
    }
    *next = offset + 8 <= length ? offset : length;
    return found;
}

int64_t hs_find_object(const void *bytes, size_t length, size_t place, size_t below) {
    if (place + 8 > length) return -1;
    size_t offset = below & ~(size_t)15;
    for (; offset >= 16; offset -= 16) {
        // struct malloc_chunk, glibc malloc/malloc.c: the size, with flags in its low bits, lies before the memory.
        uint64_t chunk = word_at(bytes, offset - 8) & ~7ull;
        if (chunk < 32 || chunk >= 1ull << 40 || (chunk & 15) || place - offset + 8 > chunk - 8) continue;
        uint64_t metadata = word_at(bytes, offset);
        if ((metadata & 7) || metadata <= 0x10000 || metadata >> 47) continue;
        // RefCount.h: bit 32 is set while an object is destroyed; the unowned count begins with 1.
        uint64_t refcount = word_at(bytes, offset + 8);
        if ((refcount >> 32 & 1) || !(uint32_t)refcount) continue;
        return (int64_t)offset;
    }
    return -1;
}
