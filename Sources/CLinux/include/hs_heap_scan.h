// The inner loops of searching a copied piece of another process's memory: fast in debug builds too.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A set of up to 2^24 addresses.
typedef struct hs_address_set hs_address_set;
hs_address_set *hs_address_set_create(const uint64_t *addresses, size_t count);
void hs_address_set_destroy(hs_address_set *set);
int hs_address_set_contains(const hs_address_set *set, uint64_t address);

/// The first aligned word at `from` or behind it that lies in [low, high]: its offset, or `length`.
size_t hs_find_word(const void *bytes, size_t length, size_t from, uint64_t low, uint64_t high);
