#if defined(__linux__)
// Sections by name, decompressed, and from the separate file with debugging information.
#include "hs_image_private.h"
#include <stdlib.h>
#include <string.h>

/// Of one section; 300 MB are the debugging information of a browser.
enum { MAXIMUM_UNPACKED_SIZE = 1 << 30, MAXIMUM_SYMBOLS_SIZE = 256 << 20 };

int hs_image_find_section(const hs_image *image, const char *name, Elf64_Shdr *found) {
    const Elf64_Ehdr *header = hs_image_within(image, 0, sizeof *header);
    if (!header || header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shstrndx >= header->e_shnum) return 0;
    Elf64_Shdr names;
    const void *at = hs_image_within(image, header->e_shoff + header->e_shstrndx * sizeof names, sizeof names);
    if (!at) return 0;
    memcpy(&names, at, sizeof names);
    const char *strings = hs_image_within(image, names.sh_offset, names.sh_size);
    if (!strings || names.sh_size == 0 || strings[names.sh_size - 1] != 0) return 0;
    for (size_t index = 0; index < header->e_shnum; index++) {
        at = hs_image_within(image, header->e_shoff + index * sizeof *found, sizeof *found);
        if (!at) return 0;
        memcpy(found, at, sizeof *found);
        if (found->sh_name < names.sh_size && found->sh_type != SHT_NOBITS && strcmp(strings + found->sh_name, name) == 0)
            return hs_image_within(image, found->sh_offset, found->sh_size) != NULL;
    }
    return 0;
}

/// ELF, "Section Compression": a header with algorithm and size, then the data. Called under the lock.
static struct unpacked unpack(const hs_image *image, const Elf64_Shdr *section) {
    struct unpacked unpacked = {section->sh_offset, NULL, 0};
    Elf64_Chdr header;
    if (section->sh_size < sizeof header) return unpacked;
    const uint8_t *bytes = image->bytes + section->sh_offset;
    memcpy(&header, bytes, sizeof header);
    if (header.ch_size == 0 || header.ch_size > MAXIMUM_UNPACKED_SIZE) return unpacked;
    bytes += sizeof header;
    size_t length = section->sh_size - sizeof header;
    if (header.ch_type == ELFCOMPRESS_ZLIB) unpacked.bytes = hs_unpack_zlib(bytes, length, header.ch_size);
    if (header.ch_type == 2 /* ELFCOMPRESS_ZSTD */) unpacked.bytes = hs_unpack_zstd(bytes, length, header.ch_size);
    unpacked.length = unpacked.bytes ? header.ch_size : 0;
    return unpacked;
}

const uint8_t *hs_image_section(hs_image *image, const char *name, size_t *length) {
    Elf64_Shdr section;
    if (!hs_image_find_section(image, name, &section)) return image->debug ? hs_image_section(image->debug, name, length) : NULL;
    if (!(section.sh_flags & SHF_COMPRESSED)) {
        *length = section.sh_size;
        return image->bytes + section.sh_offset;
    }
    pthread_mutex_lock(&image->lock);
    size_t index = 0;
    while (index < image->unpacked_count && image->unpacked[index].offset != section.sh_offset) index++;
    if (index == image->unpacked_count && index < MAXIMUM_UNPACKED) image->unpacked[image->unpacked_count++] = unpack(image, &section);
    const uint8_t *bytes = index < image->unpacked_count ? image->unpacked[index].bytes : NULL;
    *length = bytes ? image->unpacked[index].length : 0;
    pthread_mutex_unlock(&image->lock);
    return bytes;
}

const uint8_t *hs_image_loaded_section(const hs_image *image, const char *name, size_t *length, uint64_t *address) {
    Elf64_Shdr section;
    if (!hs_image_find_section(image, name, &section) || section.sh_addr == 0 || section.sh_flags & SHF_COMPRESSED) return NULL;
    *length = section.sh_size;
    *address = section.sh_addr;
    return image->bytes + section.sh_offset;
}

int hs_image_has_section(const hs_image *image, const char *name) {
    Elf64_Shdr section;
    return hs_image_find_section(image, name, &section);
}

// MARK: Separate files

void hs_image_use_debug_file(hs_image *image, hs_image *debug) {
    // One level only, so that files that name each other end.
    if (image->debug || debug->debug) { hs_image_close(debug); return; }
    image->debug = debug;
}

const char *hs_image_debug_link(const hs_image *image, uint32_t *checksum) {
    // .gnu_debuglink: file name, NUL, padding to a multiple of 4, checksum of the file.
    Elf64_Shdr section;
    if (!hs_image_find_section(image, ".gnu_debuglink", &section) || section.sh_size < 8 || section.sh_size > 4096) return NULL;
    const char *name = (const char *)image->bytes + section.sh_offset;
    const char *end = memchr(name, 0, section.sh_size - 4);
    if (!end || end == name || memchr(name, '/', (size_t)(end - name))) return NULL;
    memcpy(checksum, name + section.sh_size - 4, 4);
    return name;
}

/// .debug_sup, DWARF 5, section 7.3.6: version, whether this is the supplementary file, name, length of the checksum, checksum.
static const char *debug_sup(const hs_image *image, int is_supplementary, const uint8_t **id, size_t *id_length) {
    Elf64_Shdr section;
    if (!hs_image_find_section(image, ".debug_sup", &section) || section.sh_size < 6 || section.sh_size > 8192) return NULL;
    const uint8_t *bytes = image->bytes + section.sh_offset, *end = bytes + section.sh_size;
    const char *name = (const char *)bytes + 3;
    const uint8_t *name_end = memchr(name, 0, (size_t)(end - bytes) - 3);
    if (bytes[0] != 5 || bytes[1] != 0 || bytes[2] != is_supplementary || !name_end || name_end + 2 > end) return NULL;
    // A length of one byte: checksums of more than 127 bytes are not known.
    size_t length = name_end[1];
    if (length == 0 || length > 127 || (size_t)(end - name_end) - 2 < length) return NULL;
    *id = name_end + 2;
    *id_length = length;
    return name;
}

const char *hs_image_supplementary_link(const hs_image *image, const uint8_t **id, size_t *id_length) {
    if (image->debug) image = image->debug;
    Elf64_Shdr section;
    if (!hs_image_find_section(image, ".gnu_debugaltlink", &section) || section.sh_size > 8192) return debug_sup(image, 0, id, id_length);
    const uint8_t *name = image->bytes + section.sh_offset, *name_end = memchr(name, 0, section.sh_size);
    if (!name_end || name_end == name || name + section.sh_size == name_end + 1) return NULL;
    *id = name_end + 1;
    *id_length = (size_t)(name + section.sh_size - *id);
    return (const char *)name;
}

int hs_image_is_supplementary(const hs_image *image, const uint8_t *id, size_t id_length) {
    // It is never loaded: its build id lies in a section, with no segment around it.
    Elf64_Shdr section;
    Elf64_Nhdr note;
    const uint8_t *own = NULL;
    size_t length = 0;
    if (hs_image_find_section(image, ".note.gnu.build-id", &section) && section.sh_size > sizeof note + 4) {
        memcpy(&note, image->bytes + section.sh_offset, sizeof note);
        own = image->bytes + section.sh_offset + sizeof note + 4;
        length = note.n_namesz == 4 && note.n_descsz <= section.sh_size - sizeof note - 4 ? note.n_descsz : 0;
    } else {
        debug_sup(image, 1, &own, &length);
    }
    return length == id_length && length > 0 && memcmp(own, id, id_length) == 0;
}

void hs_image_use_supplementary(hs_image *image, hs_image *supplementary) {
    if (image->supplementary || supplementary->supplementary) { hs_image_close(supplementary); return; }
    image->supplementary = supplementary;
}

hs_image *hs_image_supplementary(const hs_image *image) { return image->supplementary; }

uint32_t hs_image_checksum(const hs_image *image) {
    // CRC-32 as GDB's manual gives it, "Debugging Information in Separate Files".
    uint32_t table[256], checksum = ~0u;
    for (uint32_t index = 0; index < 256; index++) {
        table[index] = index;
        for (int bit = 0; bit < 8; bit++) table[index] = table[index] >> 1 ^ (table[index] & 1 ? 0xedb88320u : 0);
    }
    for (size_t at = 0; at < image->length; at++) checksum = table[(checksum ^ image->bytes[at]) & 0xff] ^ checksum >> 8;
    return ~checksum;
}

/// .gnu_debugdata: an ELF file with the symbols a distribution stripped, compressed by xz.
hs_image *hs_image_embedded_symbols(const hs_image *image) {
    Elf64_Shdr section;
    if (!hs_image_find_section(image, ".gnu_debugdata", &section)) return NULL;
    size_t length = 0;
    uint8_t *bytes = hs_unpack_xz(image->bytes + section.sh_offset, section.sh_size, MAXIMUM_SYMBOLS_SIZE, &length);
    hs_image *symbols = bytes ? hs_image_copy(bytes, length) : NULL;
    free(bytes);
    return symbols;
}
#else
typedef int hs_sections_unused;
#endif
