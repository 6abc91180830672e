#if defined(__linux__)
#include "hs_cfi_private.h"

int hs_cfi_record(struct section section, uint64_t at, struct record *record) {
    struct cursor c = cursor_at(section, at);
    uint64_t length = take(&c, 4);
    record->width = 4;
    if (length == 0xffffffff) { length = take(&c, 8); record->width = 8; }
    if (c.failed || length == 0 || length > (uint64_t)(c.end - c.at)) return 0;
    record->at = at;
    record->next = (uint64_t)(c.at - section.bytes) + length;
    record->id = take(&c, record->width == 8 ? 8 : 4);
    record->body = (uint64_t)(c.at - section.bytes);
    return !c.failed && record->body <= record->next;
}

int hs_cfi_cie(struct section section, uint64_t at, struct cie *cie) {
    struct record record;
    memset(cie, 0, sizeof *cie);
    if (!hs_cfi_record(section, at, &record) || record.id != 0) return 0;
    struct cursor c = cursor_at(section, record.body);
    c.end = section.bytes + record.next;
    uint8_t version = take8(&c);
    const char *augmentation = take_string(&c);
    cie->code_alignment = take_uleb(&c);
    cie->data_alignment = take_sleb(&c);
    cie->return_register = version == 1 ? take8(&c) : take_uleb(&c);
    if (c.failed || !augmentation || (*augmentation && *augmentation != 'z')) return 0;
    if (*augmentation) {
        cie->has_lengths = 1;
        uint64_t length = take_uleb(&c);
        struct cursor data = c;
        skip(&c, length);
        if (c.failed) return 0;
        for (augmentation++; *augmentation; augmentation++) {
            if (*augmentation == 'R') cie->encoding = take8(&data);
            else if (*augmentation == 'L') take8(&data);
            else if (*augmentation == 'P') { uint8_t encoding = take8(&data); skip(&data, (encoding & 7) == 2 ? 2 : (encoding & 7) == 3 ? 4 : 8); }
            else if (*augmentation == 'S') cie->is_signal = 1;
            else if (*augmentation != 'B') return 0;
        }
        if (data.failed) return 0;
    }
    cie->instructions = c;
    return 1;
}

uint64_t hs_cfi_pointer(struct cursor *c, int encoding, uint64_t place) {
    uint64_t value;
    switch (encoding & 0x0f) {
    case 0x00: case 0x04: case 0x0c: value = take(c, 8); break;
    case 0x02: value = take(c, 2); break;
    case 0x0a: value = (uint64_t)(int64_t)(int16_t)take(c, 2); break;
    case 0x03: value = take(c, 4); break;
    case 0x0b: value = (uint64_t)(int64_t)(int32_t)take(c, 4); break;
    default: c->failed = 1; return 0;
    }
    return (encoding & 0x70) == 0x10 ? value + place : value;
}
#else
typedef int hs_cfi_unused;
#endif
