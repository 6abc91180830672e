#include "include/hs_mark.h"
#include <stdlib.h>
#include <string.h>

// struct malloc_chunk (glibc malloc/malloc.c, 2.26 to 2.41, 64-bit): {prev_size, size|flags, memory ...}. The size's
// lowest bit says that the chunk before is in use; a chunk's memory reaches into the next one's prev_size.
enum { HEADER = 16, SMALLEST = 32, PAGE = 4096 };
static const uint64_t PREVIOUS_IN_USE = 1, MAPPED = 2, FLAGS = 7;
// Swift keeps enum cases in the top byte and the lowest three bits of references on x86-64 (System.h, swift_abi).
static const uint64_t SPARE = 0xff00000000000007ull;
static const size_t HIT_LIMIT = 1u << 20;

typedef struct {
    uint64_t start;   // of its memory
    uint64_t end;     // where the next chunk's header begins
    uint64_t from;    // the place it was reached from; 0 while it was not
    uint8_t free, barred;
} chunk;

typedef struct {
    uint64_t base, end;
    const uint8_t *bytes;
    chunk *chunks;
    size_t count;
    uint32_t *pages;  // by page: the first chunk that ends behind the page's start
} range;

struct hs_marker {
    const hs_address_set *watched;
    range *ranges;
    size_t count, capacity;
    uint64_t lowest, highest;
    chunk **queue;  // reached and not yet looked into, nearest first
    size_t next, filled, room;
    hs_mark_hit *hits;
    size_t hit_count, hit_room;
    uint64_t *code;
    size_t code_count;
};

static inline uint64_t load(const range *range, uint64_t address) {
    uint64_t word;
    memcpy(&word, range->bytes + (address - range->base), sizeof word);
    return word;
}

hs_marker *hs_marker_create(const hs_address_set *watched) {
    hs_marker *marker = calloc(1, sizeof *marker);
    if (marker) {
        marker->watched = watched;
        marker->lowest = UINT64_MAX;
    }
    return marker;
}

void hs_marker_destroy(hs_marker *marker) {
    if (!marker) return;
    for (size_t i = 0; i < marker->count; i++) {
        free(marker->ranges[i].chunks);
        free(marker->ranges[i].pages);
    }
    free(marker->ranges);
    free(marker->queue);
    free(marker->hits);
    free(marker->code);
    free(marker);
}

/// Walks the chunks; 0 when they lead exactly to the end of the range, or to the unused rest of it.
static int walk(range *range, uint64_t first) {
    size_t capacity = 1024;
    range->chunks = malloc(capacity * sizeof(chunk));
    if (!range->chunks) return -1;
    uint64_t place = first;
    while (place + HEADER <= range->end) {
        uint64_t head = load(range, place + 8);
        uint64_t size = head & ~FLAGS;
        // The rest of a secondary heap that was never used reads as zeroes.
        if (size == 0 && range->count) break;
        if (size < SMALLEST || (size & 15) || size > range->end - place) return -1;
        if (range->count == capacity) {
            capacity *= 2;
            chunk *more = realloc(range->chunks, capacity * sizeof(chunk));
            if (!more) return -1;
            range->chunks = more;
        }
        chunk *one = &range->chunks[range->count++];
        *one = (chunk){.start = place + HEADER, .end = place + size};
        // What the next chunk says of this one; the last one is the unused top.
        if (head & MAPPED) one->free = 0;
        else if (place + size + HEADER <= range->end) one->free = !(load(range, place + size + 8) & PREVIOUS_IN_USE);
        else one->free = 1;
        place += size;
    }
    return 0;
}

static int index_pages(range *range) {
    size_t pages = (size_t)((range->end - range->base + PAGE - 1) / PAGE);
    range->pages = calloc(pages ? pages : 1, sizeof(uint32_t));
    if (!range->pages) return -1;
    size_t next = 0;
    for (size_t page = 0; page < pages; page++) {
        uint64_t start = range->base + page * PAGE;
        while (next < range->count && range->chunks[next].end <= start) next++;
        range->pages[page] = (uint32_t)next;
    }
    return 0;
}

int hs_marker_add(hs_marker *marker, uint64_t base, const void *bytes, size_t length, uint64_t first_chunk) {
    if (!length || base + length < base) return -1;
    if (marker->count == marker->capacity) {
        size_t capacity = marker->capacity ? marker->capacity * 2 : 64;
        range *more = realloc(marker->ranges, capacity * sizeof(range));
        if (!more) return -1;
        marker->ranges = more;
        marker->capacity = capacity;
    }
    range *one = &marker->ranges[marker->count++];
    *one = (range){.base = base, .end = base + length, .bytes = bytes};
    if (!first_chunk) return 0;
    if (first_chunk < base || first_chunk >= one->end || walk(one, first_chunk) || index_pages(one)) {
        free(one->chunks);
        free(one->pages);
        one->chunks = NULL;
        one->pages = NULL;
        one->count = 0;
        return -1;
    }
    if (one->count) {
        if (one->chunks[0].start < marker->lowest) marker->lowest = one->chunks[0].start;
        if (one->chunks[one->count - 1].end > marker->highest) marker->highest = one->chunks[one->count - 1].end;
    }
    return 0;
}

static int by_base(const void *a, const void *b) {
    uint64_t x = ((const range *)a)->base, y = ((const range *)b)->base;
    return x < y ? -1 : x > y;
}

static range *range_of(const hs_marker *marker, uint64_t address) {
    size_t low = 0, high = marker->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (marker->ranges[middle].end <= address) low = middle + 1;
        else high = middle;
    }
    return low < marker->count && marker->ranges[low].base <= address ? &marker->ranges[low] : NULL;
}

static chunk *chunk_in(range *range, uint64_t address) {
    if (!range || !range->count) return NULL;
    for (size_t i = range->pages[(address - range->base) / PAGE]; i < range->count; i++) {
        chunk *one = &range->chunks[i];
        if (address < one->end) return address >= one->start ? one : NULL;
    }
    return NULL;
}

static chunk *chunk_of(const hs_marker *marker, uint64_t address) {
    if (address < marker->lowest || address >= marker->highest) return NULL;
    return chunk_in(range_of(marker, address), address);
}

// tcache_perthread_struct (glibc 2.30 to 2.41): 64 counts of 16 bits, 64 entries; an entry is the memory of a free chunk, whose
// first word leads to the next, since 2.32 xor-ed with its own address >> 12 (PROTECT_PTR).
enum { BINS = 64, CACHE_SIZE = 0x280 };

static int is_cache(const hs_marker *marker, const range *range, const chunk *one) {
    if (one->end - one->start != CACHE_SIZE) return 0;
    size_t filled = 0;
    for (size_t bin = 0; bin < BINS; bin++) {
        uint16_t number;
        memcpy(&number, range->bytes + (one->start - range->base) + bin * 2, sizeof number);
        uint64_t entry = load(range, one->start + 128 + bin * 8);
        if (!number != !entry) return 0;
        if (!entry) continue;
        chunk *held = chunk_of(marker, entry);
        if (!held || held->start != entry || held->end - held->start + HEADER != SMALLEST + 16 * bin) return 0;
        filled++;
    }
    return filled > 0;
}

static void free_cached(const hs_marker *marker, const range *owner, const chunk *cache) {
    for (size_t bin = 0; bin < BINS; bin++) {
        uint64_t entry = load(owner, cache->start + 128 + bin * 8);
        for (int steps = 0; entry && steps < 1 << 16; steps++) {
            range *home = range_of(marker, entry);
            chunk *held = chunk_in(home, entry);
            if (!held || held->start != entry || held->free) break;
            held->free = 1;
            uint64_t link = load(home, entry);
            uint64_t plain = link ^ entry >> 12;
            chunk *next = plain ? chunk_of(marker, plain) : NULL;
            entry = next && next->start == plain ? plain : plain == 0 ? 0 : link;
        }
    }
}

void hs_marker_settle(hs_marker *marker) {
    qsort(marker->ranges, marker->count, sizeof(range), by_base);
    for (size_t i = 0; i < marker->count; i++) {
        range *range = &marker->ranges[i];
        for (size_t j = 0; j < range->count; j++) {
            chunk *one = &range->chunks[j];
            if (one->free || !is_cache(marker, range, one)) continue;
            free_cached(marker, range, one);
            one->free = 1;  // nothing in it is a reference of the program's
        }
    }
}

void hs_marker_bar(hs_marker *marker, uint64_t start, uint64_t end) {
    for (uint64_t place = start; place < end;) {
        chunk *one = chunk_of(marker, place);
        if (!one) {
            place += 8;
            continue;
        }
        one->barred = 1;
        place = one->end + HEADER;
    }
}

static void note_hit(hs_marker *marker, uint64_t place, uint64_t target) {
    if (marker->hit_count >= HIT_LIMIT) return;
    if (marker->hit_count == marker->hit_room) {
        size_t room = marker->hit_room ? marker->hit_room * 2 : 256;
        hs_mark_hit *more = realloc(marker->hits, room * sizeof(hs_mark_hit));
        if (!more) return;
        marker->hits = more;
        marker->hit_room = room;
    }
    marker->hits[marker->hit_count++] = (hs_mark_hit){place, target};
}

static void reach(hs_marker *marker, uint64_t word, uint64_t place) {
    uint64_t address = word & ~SPARE;
    if (address < marker->lowest || address >= marker->highest) {
        // Dispatch keeps the owner of an event source inverted (_dispatch_ptr2wref, source_internal.h).
        address = ~word;
        if (address < marker->lowest || address >= marker->highest) return;
    }
    if (hs_address_set_contains(marker->watched, address)) note_hit(marker, place, address);
    chunk *one = chunk_of(marker, address);
    if (!one || one->free || one->barred || one->from) return;
    if (marker->filled == marker->room) {
        size_t room = marker->room ? marker->room * 2 : 4096;
        chunk **more = realloc(marker->queue, room * sizeof(chunk *));
        if (!more) return;
        marker->queue = more;
        marker->room = room;
    }
    one->from = place ? place : 1;
    marker->queue[marker->filled++] = one;
}

static void scan(hs_marker *marker, uint64_t start, uint64_t end) {
    range *range = range_of(marker, start);
    if (!range) return;
    if (end > range->end) end = range->end;
    for (uint64_t place = (start + 7) & ~7ull; place + 8 <= end; place += 8) reach(marker, load(range, place), place);
}

void hs_marker_code(hs_marker *marker, const uint64_t *bounds, size_t count) {
    free(marker->code);
    marker->code = malloc(count * 2 * sizeof(uint64_t) + 1);
    marker->code_count = marker->code ? count : 0;
    if (marker->code) memcpy(marker->code, bounds, count * 2 * sizeof(uint64_t));
}

static int is_code(const hs_marker *marker, uint64_t address) {
    for (size_t i = 0; i < marker->code_count; i++) {
        if (address >= marker->code[2 * i] && address < marker->code[2 * i + 1]) return 1;
    }
    return 0;
}

// struct dispatch_continuation_s (libdispatch src/queue_internal.h), 64 bytes: {flags, priority, next, voucher, function, context,
// data, other}. It is used again and again: only what it calls now, and with what, counts. Objects of Swift begin with a pointer.
enum { ITEM_SIZE = 64, ITEM_FUNCTION = 32, ITEM_CONTEXT = 40, ITEM_END = 56 };

static int is_dispatch_item(const hs_marker *marker, const chunk *one) {
    if (one->end + 8 - one->start < ITEM_SIZE || one->end + 8 - one->start > ITEM_SIZE + 16) return 0;
    range *range = range_of(marker, one->start);
    uint64_t flags = load(range, one->start);
    return flags && flags < 0x10000 && is_code(marker, load(range, one->start + ITEM_FUNCTION));
}

static void drain(hs_marker *marker) {
    while (marker->next < marker->filled) {
        chunk *one = marker->queue[marker->next++];
        if (is_dispatch_item(marker, one)) scan(marker, one->start + ITEM_CONTEXT, one->start + ITEM_END);
        else scan(marker, one->start, one->end + 8);
    }
    marker->next = marker->filled = 0;
}

void hs_marker_mark(hs_marker *marker, uint64_t start, uint64_t end) {
    scan(marker, start, end);
    drain(marker);
}

void hs_marker_mark_word(hs_marker *marker, uint64_t word, uint64_t place) {
    reach(marker, word, place);
    drain(marker);
}

const hs_mark_hit *hs_marker_hits(const hs_marker *marker, size_t *count) {
    *count = marker->hit_count;
    return marker->hits;
}

// Also for the last word of its memory, which lies in the next chunk's header.
static chunk *chunk_around(const hs_marker *marker, uint64_t place) {
    chunk *one = chunk_of(marker, place);
    return one || place < 8 ? one : chunk_of(marker, place - 8);
}

uint64_t hs_marker_chunk(const hs_marker *marker, uint64_t address, uint64_t *end) {
    chunk *one = chunk_around(marker, address);
    if (!one || one->free) return 0;
    *end = one->end + 8;
    return one->start;
}

uint64_t hs_marker_reached_from(const hs_marker *marker, uint64_t address) {
    chunk *one = chunk_around(marker, address);
    return one ? one->from : 0;
}

size_t hs_marker_find_word(const hs_marker *marker, size_t offset, hs_mark_hit *hits, size_t capacity) {
    size_t found = 0;
    for (size_t i = 0; i < marker->count; i++) {
        const range *range = &marker->ranges[i];
        for (size_t j = 0; j < range->count && found < capacity; j++) {
            const chunk *one = &range->chunks[j];
            if (one->free || one->end - one->start + 8 < offset + 8 || one->start + offset + 8 > range->end) continue;
            uint64_t address = load(range, one->start + offset) & ~SPARE;
            if (hs_address_set_contains(marker->watched, address)) hits[found++] = (hs_mark_hit){one->start, address};
        }
    }
    return found;
}
