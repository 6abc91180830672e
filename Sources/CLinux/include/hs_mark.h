// What in a copy of another process's memory can be reached from given places: a conservative marking over
// glibc's malloc chunks. Everything is checked: the memory is untrusted.
#pragma once
#include "hs_heap_scan.h"

typedef struct hs_marker hs_marker;

/// A word that refers to one of the watched addresses, found while marking.
typedef struct {
    uint64_t place;
    uint64_t target;
} hs_mark_hit;

/// `watched`: addresses whose references are reported (`hs_marker_hits`); kept by the caller until destroyed.
hs_marker *hs_marker_create(const hs_address_set *watched);
void hs_marker_destroy(hs_marker *marker);

/// Adds a copied range; `bytes` are kept by the caller. Ranges must not overlap.
/// `first_chunk` is the address of the first malloc chunk in it, 0 for memory that is no heap.
/// Returns 0; -1 when the chunks do not lead to the range's end: then the range holds no chunks.
int hs_marker_add(hs_marker *marker, uint64_t base, const void *bytes, size_t length, uint64_t first_chunk);

/// Where code lies, as `count` pairs of start and end: by this Dispatch's items are told, whose links are left over from earlier use.
void hs_marker_code(hs_marker *marker, const uint64_t *bounds, size_t count);

/// To be called once after the last `hs_marker_add`: takes what the allocator has in its caches for free.
void hs_marker_settle(hs_marker *marker);

/// Chunks that lie in the range are never entered: their owner decides (`hs_marker_mark` over the range).
void hs_marker_bar(hs_marker *marker, uint64_t start, uint64_t end);

/// Marks all that can be reached from the words in [start, end).
void hs_marker_mark(hs_marker *marker, uint64_t start, uint64_t end);
/// Marks all that can be reached from a value, such as a register's; `place` stands for where it was.
void hs_marker_mark_word(hs_marker *marker, uint64_t word, uint64_t place);

/// References to watched addresses found so far; at most 2^20.
const hs_mark_hit *hs_marker_hits(const hs_marker *marker, size_t *count);

/// The chunk in use that holds an address: start and end of its memory; 0 when there is none.
uint64_t hs_marker_chunk(const hs_marker *marker, uint64_t address, uint64_t *end);
/// The place from which the chunk that holds `address` was first reached; 0 when it was not.
uint64_t hs_marker_reached_from(const hs_marker *marker, uint64_t address);

/// Chunks in use whose word at `offset` refers to a watched address, as hits; returns how many (at most `capacity`).
size_t hs_marker_find_word(const hs_marker *marker, size_t offset, hs_mark_hit *hits, size_t capacity);
