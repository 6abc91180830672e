// Unwind information of an image that has no usable table of it (.eh_frame_hdr).
#pragma once
#include "hs_image.h"

typedef struct hs_frames hs_frames;

/// From .eh_frame, or from .debug_frame; NULL when there is nothing in it. Pointers of the latter are
/// absolute, so `bias` is added to them. The image must outlive it.
hs_frames *hs_frames_open(hs_image *image, uint64_t bias, int from_debug);
void hs_frames_close(hs_frames *frames);

/// Where, in the bytes below, the entry (FDE) for a linked address begins; 0 when there is none.
int hs_frames_find(const hs_frames *frames, uint64_t address, uint64_t *offset);
/// All entries, in the form of .eh_frame.
const uint8_t *hs_frames_bytes(const hs_frames *frames, size_t *length);
/// The linked address of those of .eh_frame; those of .debug_frame lie nowhere in the process.
uint64_t hs_frames_address(const hs_frames *frames);
