#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_image.h"
#include "hs_dwarf.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAXIMUM_SEGMENTS = 64, MAXIMUM_SYMBOLS = 4 << 20 };

struct function { uint64_t start, end; const char *name; };

struct hs_image {
    const uint8_t *bytes;
    size_t length;
    int is_copy;
    Elf64_Phdr segments[MAXIMUM_SEGMENTS];
    size_t segment_count;
    pthread_mutex_t lock;
    int functions_read;
    struct function *functions;
    size_t function_count;
};

static const void *within(const hs_image *image, uint64_t offset, uint64_t size) {
    if (offset > image->length || size > image->length - offset) return NULL;
    return image->bytes + offset;
}

static int read_headers(hs_image *image) {
    const Elf64_Ehdr *header = within(image, 0, sizeof *header);
    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_phentsize != sizeof(Elf64_Phdr)) return -ENOEXEC;
    for (size_t index = 0; index < header->e_phnum && image->segment_count < MAXIMUM_SEGMENTS; index++) {
        const void *at = within(image, header->e_phoff + index * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
        if (!at) break;
        memcpy(&image->segments[image->segment_count++], at, sizeof(Elf64_Phdr));
    }
    return 0;
}

static hs_image *finish(hs_image *image) {
    pthread_mutex_init(&image->lock, NULL);
    int error = read_headers(image);
    if (error == 0) return image;
    hs_image_close(image);
    errno = -error;
    return NULL;
}

hs_image *hs_image_open(const char *path) {
    // Not blocking: what the map names may have been replaced by a FIFO.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return NULL;
    struct stat facts;
    if (fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode) || facts.st_size < (off_t)sizeof(Elf64_Ehdr)) {
        close(fd);
        errno = ENOEXEC;
        return NULL;
    }
    void *bytes = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) return NULL;
    hs_image *image = calloc(1, sizeof *image);
    if (!image) { munmap(bytes, (size_t)facts.st_size); return NULL; }
    image->bytes = bytes;
    image->length = (size_t)facts.st_size;
    return finish(image);
}

hs_image *hs_image_copy(const void *bytes, size_t length) {
    hs_image *image = calloc(1, sizeof *image);
    uint8_t *copy = malloc(length);
    if (!image || !copy) { free(image); free(copy); return NULL; }
    memcpy(copy, bytes, length);
    image->bytes = copy;
    image->length = length;
    image->is_copy = 1;
    return finish(image);
}

void hs_image_close(hs_image *image) {
    if (!image) return;
    if (image->is_copy) free((void *)image->bytes);
    else munmap((void *)image->bytes, image->length);
    free(image->functions);
    pthread_mutex_destroy(&image->lock);
    free(image);
}

int hs_image_address_of_offset(const hs_image *image, uint64_t file_offset, uint64_t *address) {
    for (size_t index = 0; index < image->segment_count; index++) {
        const Elf64_Phdr *segment = &image->segments[index];
        if (segment->p_type != PT_LOAD) continue;
        // The kernel maps whole pages: a mapping begins at the page that holds p_offset.
        uint64_t page = segment->p_offset & ~4095ull;
        if (file_offset >= page && file_offset - page < segment->p_filesz + (segment->p_offset - page)) {
            *address = segment->p_vaddr - segment->p_offset + file_offset;
            return 0;
        }
    }
    return -ENOENT;
}

static const uint8_t *bytes_at(const hs_image *image, uint64_t address, size_t *available, int constant) {
    for (size_t index = 0; index < image->segment_count; index++) {
        const Elf64_Phdr *segment = &image->segments[index];
        if (segment->p_type != PT_LOAD || (constant && segment->p_flags & PF_W)) continue;
        if (address < segment->p_vaddr || address - segment->p_vaddr >= segment->p_filesz) continue;
        uint64_t offset = address - segment->p_vaddr;
        const uint8_t *at = within(image, segment->p_offset + offset, segment->p_filesz - offset);
        if (!at) return NULL;
        *available = segment->p_filesz - offset;
        return at;
    }
    return NULL;
}

const uint8_t *hs_image_bytes(const hs_image *image, uint64_t address, size_t *available) {
    return bytes_at(image, address, available, 0);
}

const uint8_t *hs_image_constant_bytes(const hs_image *image, uint64_t address, size_t *available) {
    return bytes_at(image, address, available, 1);
}

uint64_t hs_image_unwind_header(const hs_image *image) {
    for (size_t index = 0; index < image->segment_count; index++)
        if (image->segments[index].p_type == PT_GNU_EH_FRAME) return image->segments[index].p_vaddr;
    return 0;
}

size_t hs_image_build_id(const hs_image *image, uint8_t *bytes, size_t capacity) {
    for (size_t index = 0; index < image->segment_count; index++) {
        const Elf64_Phdr *segment = &image->segments[index];
        if (segment->p_type != PT_NOTE) continue;
        const uint8_t *notes = within(image, segment->p_offset, segment->p_filesz);
        for (uint64_t at = 0; notes && at + sizeof(Elf64_Nhdr) <= segment->p_filesz;) {
            Elf64_Nhdr note;
            memcpy(&note, notes + at, sizeof note);
            uint64_t name = at + sizeof note;
            uint64_t content = name + ((note.n_namesz + 3ull) & ~3ull);
            uint64_t next = content + ((note.n_descsz + 3ull) & ~3ull);
            if (content > segment->p_filesz || note.n_descsz > segment->p_filesz - content) break;
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0) {
                size_t count = note.n_descsz < capacity ? note.n_descsz : capacity;
                memcpy(bytes, notes + content, count);
                return count;
            }
            at = next;
        }
    }
    return 0;
}

const uint8_t *hs_image_section(const hs_image *image, const char *name, size_t *length) {
    const Elf64_Ehdr *header = within(image, 0, sizeof *header);
    if (!header || header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shstrndx >= header->e_shnum) return NULL;
    Elf64_Shdr names, section;
    const void *at = within(image, header->e_shoff + header->e_shstrndx * sizeof names, sizeof names);
    if (!at) return NULL;
    memcpy(&names, at, sizeof names);
    const char *strings = within(image, names.sh_offset, names.sh_size);
    if (!strings || names.sh_size == 0 || strings[names.sh_size - 1] != 0) return NULL;
    for (size_t index = 0; index < header->e_shnum; index++) {
        at = within(image, header->e_shoff + index * sizeof section, sizeof section);
        if (!at) return NULL;
        memcpy(&section, at, sizeof section);
        if (section.sh_name >= names.sh_size || strcmp(strings + section.sh_name, name) != 0) continue;
        if (section.sh_type == SHT_NOBITS || section.sh_flags & SHF_COMPRESSED) return NULL;
        *length = section.sh_size;
        return within(image, section.sh_offset, section.sh_size);
    }
    return NULL;
}

// MARK: Symbols

typedef int (*symbol_handler)(const Elf64_Sym *symbol, const char *name, void *context);

static void each_symbol(const hs_image *image, symbol_handler handle, void *context) {
    const Elf64_Ehdr *header = within(image, 0, sizeof *header);
    if (!header || header->e_shentsize != sizeof(Elf64_Shdr)) return;
    for (size_t index = 0; index < header->e_shnum; index++) {
        Elf64_Shdr section, strings;
        const void *at = within(image, header->e_shoff + index * sizeof section, sizeof section);
        if (!at) return;
        memcpy(&section, at, sizeof section);
        if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
        at = section.sh_link < header->e_shnum
            ? within(image, header->e_shoff + section.sh_link * sizeof strings, sizeof strings) : NULL;
        if (!at) continue;
        memcpy(&strings, at, sizeof strings);
        const char *names = within(image, strings.sh_offset, strings.sh_size);
        const uint8_t *symbols = within(image, section.sh_offset, section.sh_size);
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

struct gathering { struct function *rows; size_t count, capacity; };

static int gather(const Elf64_Sym *symbol, const char *name, void *context) {
    struct gathering *gathering = context;
    int type = ELF64_ST_TYPE(symbol->st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || !*name) return 0;
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity ? gathering->capacity * 2 : 1024;
        struct function *rows = realloc(gathering->rows, capacity * sizeof *rows);
        if (!rows) return 1;
        gathering->rows = rows;
        gathering->capacity = capacity;
    }
    uint64_t end = symbol->st_value + symbol->st_size;
    gathering->rows[gathering->count++] =
        (struct function){symbol->st_value, end < symbol->st_value ? symbol->st_value : end, name};
    return 0;
}

static int by_start(const void *left, const void *right) {
    const struct function *a = left, *b = right;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    // Of two names for one place the one with fewer leading underscores is what people write.
    size_t underscoresOfA = strspn(a->name, "_"), underscoresOfB = strspn(b->name, "_");
    if (underscoresOfA != underscoresOfB) return underscoresOfA > underscoresOfB ? -1 : 1;
    return strcmp(b->name, a->name);
}

const char *hs_image_function(hs_image *image, uint64_t address, uint64_t *start) {
    pthread_mutex_lock(&image->lock);
    if (!image->functions_read) {
        image->functions_read = 1;
        struct gathering gathering = {NULL, 0, 0};
        each_symbol(image, gather, &gathering);
        if (gathering.count) qsort(gathering.rows, gathering.count, sizeof *gathering.rows, by_start);
        image->functions = gathering.rows;
        image->function_count = gathering.count;
    }
    pthread_mutex_unlock(&image->lock);
    size_t low = 0, high = image->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (image->functions[middle].start <= address) low = middle + 1;
        else high = middle;
    }
    // Aliases and symbols without a size lie before it; look a few back.
    for (size_t back = 0; back < 8 && low > back; back++) {
        const struct function *function = &image->functions[low - 1 - back];
        if (address < function->end || (function->end == function->start && back == 0)) {
            *start = function->start;
            return function->name;
        }
    }
    return NULL;
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
typedef int hs_image_unused;
#endif
