// Records of .eh_frame: "Linux Standard Base Core", section 10.6, and DWARF 5, section 6.4.
#pragma once
#include "hs_dwarf_private.h"

/// One CIE or FDE: from its length on.
struct record { uint64_t at, next, body; uint64_t id; size_t width; };

/// What the entries of a CIE have in common. `encoding` of their pointers is 0 (absolute) where it says none.
struct cie {
    int encoding, is_signal, has_lengths;  // lengths: an augmentation of each entry stands before its instructions
    uint64_t code_alignment, return_register;
    int64_t data_alignment;
    struct cursor instructions;
};

int hs_cfi_record(struct section section, uint64_t at, struct record *record);
/// 0 when it makes no sense, or has an augmentation that is not known.
int hs_cfi_cie(struct section section, uint64_t at, struct cie *cie);
/// DW_EH_PE_*: the format in the low bits, 0x10 relative to the place it stands at.
uint64_t hs_cfi_pointer(struct cursor *c, int encoding, uint64_t place);
/// Where the CIE of an entry begins.
static inline int hs_cfi_cie_of(const struct record *fde, uint64_t *at) {
    uint64_t id_at = fde->body - (fde->width == 8 ? 8 : 4);
    *at = id_at - fde->id;
    return fde->id != 0 && fde->id <= id_at;
}
