// Shared by what reads ELF files.
#pragma once
#include "hs_image.h"
#include <elf.h>
#include <pthread.h>

enum { MAXIMUM_SEGMENTS = 64, MAXIMUM_UNPACKED = 16 };

struct hs_function { uint64_t start, end; const char *name; };

/// A compressed section, decompressed when first asked for; `bytes` is NULL where that failed.
struct unpacked { uint64_t offset; uint8_t *bytes; size_t length; };

struct hs_image {
    const uint8_t *bytes;
    size_t length;
    int is_copy;
    Elf64_Phdr segments[MAXIMUM_SEGMENTS];
    size_t segment_count;
    /// Guards what is made when first asked for, below.
    pthread_mutex_t lock;
    struct hs_symbols { int read; struct hs_function *rows; size_t count; } functions, objects;
    struct unpacked unpacked[MAXIMUM_UNPACKED];
    size_t unpacked_count;
    /// The file with its debugging information, and the table of symbols from .gnu_debugdata; owned, may be NULL.
    hs_image *debug, *symbols_only;
    /// Its unwind information, made when first asked for; owned, may be NULL.
    struct hs_frames *frames;
    int has_looked_for_frames;
    /// What its debugging information shares with that of other files; owned, may be NULL.
    hs_image *supplementary;
};

/// The bytes of the file from `offset` on, NULL when it has not so many.
static inline const void *hs_image_within(const hs_image *image, uint64_t offset, uint64_t size) {
    if (offset > image->length || size > image->length - offset) return NULL;
    return image->bytes + offset;
}

/// Sections of this file alone, as they lie in it; 0 when there is none by that name.
int hs_image_find_section(const hs_image *image, const char *name, Elf64_Shdr *found);

/// A copy of the symbols in .gnu_debugdata, NULL when there are none.
hs_image *hs_image_embedded_symbols(const hs_image *image);

/// What was compressed, in a buffer of its own: NULL when it is damaged, larger than `limit`, or the library
/// that knows the format is missing on this machine.
uint8_t *hs_unpack_zlib(const uint8_t *bytes, size_t length, size_t unpacked_length);
uint8_t *hs_unpack_zstd(const uint8_t *bytes, size_t length, size_t unpacked_length);
uint8_t *hs_unpack_xz(const uint8_t *bytes, size_t length, size_t limit, size_t *unpacked_length);
