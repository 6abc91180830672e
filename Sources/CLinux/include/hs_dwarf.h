// Files, lines and inlined functions of code addresses, from DWARF 4 and 5.
//
// Reads only the units that hold the addresses asked for, and each once: a capture asks for a
// few hundred addresses of binaries of a hundred megabytes. Corrupt sections give no answer.
#pragma once
#include "hs_image.h"
#include <stddef.h>
#include <stdint.h>

typedef struct hs_dwarf hs_dwarf;

typedef struct {
    /// Linkage name, or the plain one where there is no other; NULL when unknown. Valid as long as the image.
    const char *function;
    /// Directory and file name as the compiler recorded them; either may be NULL.
    const char *directory;
    const char *file;
    /// 0 when unknown.
    uint32_t line, column;
    int is_inlined;
} hs_source_frame;

/// Takes note of the sections; cheap. NULL when the image has no .debug_info. Not owned: the
/// image must outlive it. Not safe to share between threads.
hs_dwarf *hs_dwarf_open(hs_image *image);
void hs_dwarf_close(hs_dwarf *dwarf);

/// What is at a linked address: functions inlined there first, innermost first, the function
/// itself last. Returns the number of frames, 0 when nothing is known.
int hs_dwarf_frames(hs_dwarf *dwarf, uint64_t address, hs_source_frame *frames, int limit);

/// Demangles a Swift or C++ name; malloc'ed, NULL when it is neither.
char *hs_demangle(const char *name);
