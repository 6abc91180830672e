// The inner loops of searching a copied piece of another process's memory: fast in debug builds too.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A set of up to 2^24 addresses for `hs_find_references`.
typedef struct hs_address_set hs_address_set;
hs_address_set *hs_address_set_create(const uint64_t *addresses, size_t count);
void hs_address_set_destroy(hs_address_set *set);

/// Offsets of the aligned words in `bytes` whose value, with the bits of `mask` cleared, is in the set.
size_t hs_find_references(
    const void *bytes, size_t length, size_t start, uint64_t mask, const hs_address_set *set,
    uint32_t *offsets, size_t capacity, size_t *next);

/// Going back from `place` in steps of 16: the first offset at which a malloc chunk begins that covers `place` and
/// whose first two words can be those of a Swift object (a pointer; a refcount that is not of a dying object).
/// Returns -1 when there is none at or above 16. Go on from the answer with `below` to find the next.
int64_t hs_find_object(const void *bytes, size_t length, size_t place, size_t below);
