#if defined(__linux__)
// Decompression by the system's libraries, loaded when first needed: without them compressed
// debugging information is not seen, and nothing else changes.
#define _GNU_SOURCE
#include "hs_image_private.h"
#include <dlfcn.h>
#include <stdlib.h>

static void *function(const char *library, const char *name) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return handle ? dlsym(handle, name) : NULL;
}

/// By libdeflate, which takes a third of the time: libdeflate.h, LIBDEFLATE_SUCCESS is 0. Many systems have it, as others need it.
static int unpack_quickly(const uint8_t *bytes, size_t length, uint8_t *unpacked, size_t unpacked_length) {
    void *(*make)(void) = function("libdeflate.so.0", "libdeflate_alloc_decompressor");
    void (*end)(void *) = function("libdeflate.so.0", "libdeflate_free_decompressor");
    int (*decompress)(void *, const void *, size_t, void *, size_t, size_t *) = function("libdeflate.so.0", "libdeflate_zlib_decompress");
    void *decompressor = make && end && decompress ? make() : NULL;
    if (!decompressor) return 0;
    int result = decompress(decompressor, bytes, length, unpacked, unpacked_length, NULL);
    end(decompressor);
    return result == 0;
}

uint8_t *hs_unpack_zlib(const uint8_t *bytes, size_t length, size_t unpacked_length) {
    uint8_t *unpacked = malloc(unpacked_length);
    if (unpacked && unpack_quickly(bytes, length, unpacked, unpacked_length)) return unpacked;
    // zlib.h: int uncompress(Bytef *dest, uLongf *destLen, const Bytef *source, uLong sourceLen); Z_OK is 0.
    int (*uncompress)(uint8_t *, unsigned long *, const uint8_t *, unsigned long) = function("libz.so.1", "uncompress");
    unsigned long got = unpacked_length;
    if (unpacked && uncompress && uncompress(unpacked, &got, bytes, length) == 0 && got == unpacked_length) return unpacked;
    free(unpacked);
    return NULL;
}

uint8_t *hs_unpack_zstd(const uint8_t *bytes, size_t length, size_t unpacked_length) {
    // zstd.h: size_t ZSTD_decompress(void *dst, size_t dstCapacity, const void *src, size_t compressedSize).
    size_t (*decompress)(void *, size_t, const void *, size_t) = function("libzstd.so.1", "ZSTD_decompress");
    uint8_t *unpacked = decompress ? malloc(unpacked_length) : NULL;
    if (unpacked && decompress(unpacked, unpacked_length, bytes, length) == unpacked_length) return unpacked;
    free(unpacked);
    return NULL;
}

uint8_t *hs_unpack_xz(const uint8_t *bytes, size_t length, size_t limit, size_t *unpacked_length) {
    // lzma/container.h; LZMA_OK 0, LZMA_BUF_ERROR 10: the buffer is too small.
    int (*decode)(uint64_t *, uint32_t, const void *, const uint8_t *, size_t *, size_t, uint8_t *, size_t *, size_t) =
        function("liblzma.so.5", "lzma_stream_buffer_decode");
    if (!decode) return NULL;
    for (size_t capacity = length * 4 + 4096; capacity <= limit; capacity *= 4) {
        uint8_t *unpacked = malloc(capacity);
        if (!unpacked) return NULL;
        uint64_t memory = 256u << 20;
        size_t read = 0, written = 0;
        int result = decode(&memory, 0, NULL, bytes, &read, length, unpacked, &written, capacity);
        if (result == 0) { *unpacked_length = written; return unpacked; }
        free(unpacked);
        if (result != 10) return NULL;
    }
    return NULL;
}
#else
typedef int hs_unpack_unused;
#endif
