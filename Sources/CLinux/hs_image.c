#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_frames.h"
#include "hs_image_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MAXIMUM_REMOTE_SIZE = 256 << 20 };

static int read_headers(hs_image *image) {
    const Elf64_Ehdr *header = hs_image_within(image, 0, sizeof *header);
    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_ident[EI_DATA] != ELFDATA2LSB || (header->e_phnum > 0 && header->e_phentsize != sizeof(Elf64_Phdr))) return -ENOEXEC;
    for (size_t index = 0; index < header->e_phnum && image->segment_count < MAXIMUM_SEGMENTS; index++) {
        const void *at = hs_image_within(image, header->e_phoff + index * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
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

/// File systems whose server may be gone: a page of a mapping that it does not give would hold us for ever, at any time.
static int is_remote(int fd) {
    static const uint32_t types[] = {0x65735546 /* FUSE */, 0x6969 /* NFS */, 0xfe534d42 /* SMB2 */, 0xff534d42 /* CIFS */,
                                     0x01021997 /* 9P */, 0x00c36400 /* CEPH */, 0x5346414f /* AFS */, 0x0bd00bd0 /* Lustre */};
    struct statfs facts;
    if (fstatfs(fd, &facts) < 0) return 0;
    for (size_t index = 0; index < sizeof types / sizeof *types; index++)
        if ((uint32_t)facts.f_type == types[index]) return 1;
    return 0;
}

/// Reads it whole, now.
static hs_image *read_image(int fd, size_t length) {
    uint8_t *bytes = length <= MAXIMUM_REMOTE_SIZE ? malloc(length) : NULL;
    size_t done = 0;
    while (bytes && done < length) {
        ssize_t got = read(fd, bytes + done, length - done);
        if (got <= 0) break;
        done += (size_t)got;
    }
    close(fd);
    hs_image *image = bytes && done == length ? hs_image_copy(bytes, length) : NULL;
    free(bytes);
    return image;
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
    if (is_remote(fd)) return read_image(fd, (size_t)facts.st_size);
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
    free(image->functions.rows);
    free(image->objects.rows);
    for (size_t index = 0; index < image->unpacked_count; index++) free(image->unpacked[index].bytes);
    hs_frames_close(image->frames);
    hs_image_close(image->debug);
    hs_image_close(image->symbols_only);
    hs_image_close(image->supplementary);
    pthread_mutex_destroy(&image->lock);
    free(image);
}

int hs_image_address_of_offset(const hs_image *image, uint64_t file_offset, uint64_t *address) {
    // A page of the file may belong to two segments, mapped twice at different addresses: code is asked for first.
    for (uint32_t flags = PF_X;; flags = 0) {
        for (size_t index = 0; index < image->segment_count; index++) {
            const Elf64_Phdr *segment = &image->segments[index];
            if (segment->p_type != PT_LOAD || (segment->p_flags & flags) != flags) continue;
            // The kernel maps whole pages: a mapping begins at the page that holds p_offset.
            uint64_t page = segment->p_offset & ~4095ull;
            if (file_offset >= page && file_offset - page < segment->p_filesz + (segment->p_offset - page)) {
                *address = segment->p_vaddr - segment->p_offset + file_offset;
                return 0;
            }
        }
        if (!flags) return -ENOENT;
    }
}

static const uint8_t *bytes_at(const hs_image *image, uint64_t address, size_t *available, int constant) {
    for (size_t index = 0; index < image->segment_count; index++) {
        const Elf64_Phdr *segment = &image->segments[index];
        if (segment->p_type != PT_LOAD || (constant && segment->p_flags & PF_W)) continue;
        if (address < segment->p_vaddr || address - segment->p_vaddr >= segment->p_filesz) continue;
        uint64_t offset = address - segment->p_vaddr;
        const uint8_t *at = hs_image_within(image, segment->p_offset + offset, segment->p_filesz - offset);
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
        const uint8_t *notes = hs_image_within(image, segment->p_offset, segment->p_filesz);
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
#else
typedef int hs_image_unused;
#endif
