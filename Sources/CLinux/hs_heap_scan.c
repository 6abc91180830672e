#include "include/hs_heap_scan.h"
#include <stdlib.h>

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

int hs_address_set_contains(const hs_address_set *set, uint64_t address) {
    if (!set || address < set->lowest || address > set->highest) return 0;
    size_t slot = slot_of(address, set->mask);
    while (set->slots[slot] && set->slots[slot] != address) slot = (slot + 1) & set->mask;
    return set->slots[slot] != 0;
}

size_t hs_find_word(const void *bytes, size_t length, size_t from, uint64_t low, uint64_t high) {
    for (size_t at = from; at + sizeof(uint64_t) <= length; at += sizeof(uint64_t)) {
        uint64_t word;
        __builtin_memcpy(&word, (const char *)bytes + at, sizeof word);
        if (word - low <= high - low) return at;
    }
    return length;
}
