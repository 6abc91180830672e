// ELF files and how they lie in a process: segments, unwind table, symbols, build id.
// Every offset in the file is checked; a corrupt file gives "not found", never a fault.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct hs_image hs_image;

/// Maps an ELF64 file, or takes a copy of bytes that hold one (the vDSO). NULL with errno set
/// when it cannot be read or is not ELF64 for this machine.
hs_image *hs_image_open(const char *path);
hs_image *hs_image_copy(const void *bytes, size_t length);
void hs_image_close(hs_image *image);

/// Address, as linked, of the byte at `file_offset` in a loaded segment. 0 when found.
int hs_image_address_of_offset(const hs_image *image, uint64_t file_offset, uint64_t *address);

/// The file's bytes at a linked address, and how many follow in the same segment's file part;
/// NULL when no segment holds it.
const uint8_t *hs_image_bytes(const hs_image *image, uint64_t address, size_t *available);

/// As above, for segments that are not writable: what is in memory there equals the file.
const uint8_t *hs_image_constant_bytes(const hs_image *image, uint64_t address, size_t *available);

/// Linked address of .eh_frame_hdr (PT_GNU_EH_FRAME), 0 when there is none.
uint64_t hs_image_unwind_header(const hs_image *image);

/// GNU build id; the number of bytes, 0 when there is none.
size_t hs_image_build_id(const hs_image *image, uint8_t *bytes, size_t capacity);

/// A section by name, decompressed where need be, from the file with debugging information where this one
/// has none; NULL when neither has. Valid as long as the image.
const uint8_t *hs_image_section(hs_image *image, const char *name, size_t *length);
/// A section that the file itself has loaded into memory, and its linked address; NULL when there is none.
const uint8_t *hs_image_loaded_section(const hs_image *image, const char *name, size_t *length, uint64_t *address);
/// Whether the file itself has such a section.
int hs_image_has_section(const hs_image *image, const char *name);

/// Gives an image the separate file that its debugging information and symbols were moved to; owned
/// from now on. Before anything else is asked of the image.
void hs_image_use_debug_file(hs_image *image, hs_image *debug);
/// Name and CRC-32 of the separate file (.gnu_debuglink); NULL when none is named.
const char *hs_image_debug_link(const hs_image *image, uint32_t *checksum);
uint32_t hs_image_checksum(const hs_image *image);

/// Name, in the file that has the debugging information, of the one that dwz moved what several files share to
/// (.gnu_debugaltlink, or .debug_sup of DWARF 5), and its build id or checksum. NULL when none is named.
const char *hs_image_supplementary_link(const hs_image *image, const uint8_t **id, size_t *id_length);
/// Whether a file is the one with that id.
int hs_image_is_supplementary(const hs_image *image, const uint8_t *id, size_t id_length);
/// Gives an image that file; owned from now on. Before anything else is asked of the image.
void hs_image_use_supplementary(hs_image *image, hs_image *supplementary);
hs_image *hs_image_supplementary(const hs_image *image);

/// The function whose symbol covers a linked address, from .symtab, .dynsym or .gnu_debugdata. Returns its
/// name, valid as long as the image, and its start; NULL when none does.
const char *hs_image_function(hs_image *image, uint64_t address, uint64_t *start);
/// The same, with the first address behind it as well.
const char *hs_image_function_range(hs_image *image, uint64_t address, uint64_t *start, uint64_t *end);
/// The same of a variable or a table.
const char *hs_image_object_range(hs_image *image, uint64_t address, uint64_t *start, uint64_t *end);
/// The function that covers a linked address by the unwind information, for a file whose symbols were taken away. 1 when there is one.
int hs_image_unnamed_range(hs_image *image, uint64_t address, uint64_t *start, uint64_t *end);

/// Linked address of a symbol by name, 0 when there is none.
uint64_t hs_image_symbol(hs_image *image, const char *name);
