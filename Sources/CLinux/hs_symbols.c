#if defined(__linux__)
// Functions by address and addresses by name, from .symtab and .dynsym.
#include "hs_image_private.h"
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_SYMBOLS = 4 << 20 };

/// Handles one symbol; not 0 ends the search.
typedef int (*symbol_handler)(const Elf64_Sym *symbol, const char *name, void *context);

static void each_symbol_of(const hs_image *image, symbol_handler handle, void *context) {
    const Elf64_Ehdr *header = hs_image_within(image, 0, sizeof *header);
    if (!header || header->e_shentsize != sizeof(Elf64_Shdr)) return;
    for (size_t index = 0; index < header->e_shnum; index++) {
        Elf64_Shdr section, strings;
        const void *at = hs_image_within(image, header->e_shoff + index * sizeof section, sizeof section);
        if (!at) return;
        memcpy(&section, at, sizeof section);
        if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
        at = section.sh_link < header->e_shnum
            ? hs_image_within(image, header->e_shoff + section.sh_link * sizeof strings, sizeof strings) : NULL;
        if (!at) continue;
        memcpy(&strings, at, sizeof strings);
        const char *names = hs_image_within(image, strings.sh_offset, strings.sh_size);
        const uint8_t *symbols = hs_image_within(image, section.sh_offset, section.sh_size);
        if (!names || !symbols || strings.sh_size == 0 || names[strings.sh_size - 1] != 0) continue;
        uint64_t count = section.sh_size / sizeof(Elf64_Sym);
        for (uint64_t position = 0; position < count && position < MAXIMUM_SYMBOLS; position++) {
            Elf64_Sym symbol;
            memcpy(&symbol, symbols + position * sizeof symbol, sizeof symbol);
            if (symbol.st_name >= strings.sh_size || symbol.st_shndx == SHN_UNDEF) continue;
            if (handle(&symbol, names + symbol.st_name, context)) return;
        }
    }
}

/// Where the file has no full table, also from its separate file, or from what a distribution left of it.
static void each_symbol(hs_image *image, symbol_handler handle, void *context) {
    each_symbol_of(image, handle, context);
    if (image->debug) each_symbol_of(image->debug, handle, context);
    else if (image->symbols_only) each_symbol_of(image->symbols_only, handle, context);
}

struct gathering { struct hs_function *rows; size_t count, capacity; int types; };

static int gather(const Elf64_Sym *symbol, const char *name, void *context) {
    struct gathering *gathering = context;
    int type = ELF64_ST_TYPE(symbol->st_info);
    if (!(gathering->types >> type & 1) || !*name) return 0;
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity ? gathering->capacity * 2 : 1024;
        struct hs_function *rows = realloc(gathering->rows, capacity * sizeof *rows);
        if (!rows) return 1;
        gathering->rows = rows;
        gathering->capacity = capacity;
    }
    uint64_t end = symbol->st_value + symbol->st_size;
    gathering->rows[gathering->count++] =
        (struct hs_function){symbol->st_value, end < symbol->st_value ? symbol->st_value : end, name};
    return 0;
}

static int by_start(const void *left, const void *right) {
    const struct hs_function *a = left, *b = right;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    // Of two names for one place the one with fewer leading underscores is what people write; __GI_ is glibc's own mark.
    size_t underscoresOfA = strncmp(a->name, "__GI_", 5) == 0 ? 9 : strspn(a->name, "_");
    size_t underscoresOfB = strncmp(b->name, "__GI_", 5) == 0 ? 9 : strspn(b->name, "_");
    if (underscoresOfA != underscoresOfB) return underscoresOfA > underscoresOfB ? -1 : 1;
    return strcmp(b->name, a->name);
}

/// Sorts by start in three passes of 11 bits, and what begins at one place among itself: of several
/// hundred thousand functions in a tenth of qsort's time.
static void sort_functions(struct hs_function *rows, size_t count) {
    enum { BITS = 11, BUCKETS = 1 << BITS, PASSES = 3 };
    uint64_t lowest = ~0ull, highest = 0;
    for (size_t index = 0; index < count; index++) {
        if (rows[index].start < lowest) lowest = rows[index].start;
        if (rows[index].start > highest) highest = rows[index].start;
    }
    struct hs_function *other = count > 64 && highest - lowest < 1ull << (BITS * PASSES) ? malloc(count * sizeof *other) : NULL;
    if (!other) { if (count) qsort(rows, count, sizeof *rows, by_start); return; }
    struct hs_function *from = rows, *to = other;
    for (int pass = 0; pass < PASSES; pass++) {
        size_t places[BUCKETS] = {0}, next = 0;
        for (size_t index = 0; index < count; index++) places[((from[index].start - lowest) >> (pass * BITS)) & (BUCKETS - 1)]++;
        for (size_t bucket = 0; bucket < BUCKETS; bucket++) { size_t here = places[bucket]; places[bucket] = next; next += here; }
        for (size_t index = 0; index < count; index++) to[places[((from[index].start - lowest) >> (pass * BITS)) & (BUCKETS - 1)]++] = from[index];
        struct hs_function *swap = from; from = to; to = swap;
    }
    memcpy(rows, from, count * sizeof *rows);
    free(other);
    for (size_t first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count && rows[next].start == rows[first].start;) next++;
        if (next - first > 1) qsort(rows + first, next - first, sizeof *rows, by_start);
    }
}

static const struct hs_symbols *symbols_of(hs_image *image, struct hs_symbols *symbols, int types) {
    pthread_mutex_lock(&image->lock);
    if (!symbols->read) {
        symbols->read = 1;
        Elf64_Shdr section;
        if (!image->debug && !image->symbols_only && !hs_image_find_section(image, ".symtab", &section)) image->symbols_only = hs_image_embedded_symbols(image);
        struct gathering gathering = {NULL, 0, 0, types};
        each_symbol(image, gather, &gathering);
        sort_functions(gathering.rows, gathering.count);
        symbols->rows = gathering.rows;
        symbols->count = gathering.count;
    }
    pthread_mutex_unlock(&image->lock);
    return symbols;
}

/// Where a symbol's function ends; of one without a size (SwiftPM gives `main` so to a function that has another name) where its alias does.
static uint64_t end_of(const struct hs_function *first, const struct hs_function *symbol, uint64_t address) {
    if (symbol->end > symbol->start) return symbol->end;
    const struct hs_function *last = symbol - first > 8 ? symbol - 8 : first;
    for (const struct hs_function *alias = symbol; alias-- > last && alias->start == symbol->start;) {
        if (address < alias->end) return alias->end;
    }
    return symbol->end;
}

static const char *range_of(const struct hs_symbols *symbols, uint64_t address, uint64_t *start, uint64_t *end) {
    size_t low = 0, high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->rows[middle].start <= address) low = middle + 1;
        else high = middle;
    }
    // Aliases and symbols without a size lie before it; look a few back.
    for (size_t back = 0; back < 8 && low > back; back++) {
        const struct hs_function *symbol = &symbols->rows[low - 1 - back];
        if (address < symbol->end || (symbol->end == symbol->start && back == 0)) {
            *start = symbol->start;
            *end = end_of(symbols->rows, symbol, address);
            return symbol->name;
        }
    }
    return NULL;
}

const char *hs_image_function(hs_image *image, uint64_t address, uint64_t *start) {
    uint64_t end;
    return hs_image_function_range(image, address, start, &end);
}

const char *hs_image_function_range(hs_image *image, uint64_t address, uint64_t *start, uint64_t *end) {
    return range_of(symbols_of(image, &image->functions, 1 << STT_FUNC | 1 << STT_GNU_IFUNC), address, start, end);
}

const char *hs_image_object_range(hs_image *image, uint64_t address, uint64_t *start, uint64_t *end) {
    return range_of(symbols_of(image, &image->objects, 1 << STT_OBJECT), address, start, end);
}

struct search { const char *name; uint64_t address; };

static int match(const Elf64_Sym *symbol, const char *name, void *context) {
    struct search *search = context;
    if (symbol->st_value == 0 || strcmp(name, search->name) != 0) return 0;
    search->address = symbol->st_value;
    return 1;
}

uint64_t hs_image_symbol(hs_image *image, const char *name) {
    struct search search = {name, 0};
    each_symbol(image, match, &search);
    return search.address;
}
#else
typedef int hs_symbols_unused;
#endif
