// Kernel and library calls that Swift cannot make by itself: variadic functions, macros,
// structures of linux/ headers that clash with glibc's, code that must run between a stop
// and a resume. Functions return 0 or a count, or a negative errno.
#pragma once

#include "hs_heap_scan.h"
#include "hs_task_scan.h"
#include "hs_mark.h"

#if defined(__linux__)
#include "hs_borrow.h"
#include "hs_ipc.h"
#include "hs_memory.h"
#include "hs_pages.h"
#include "hs_outside.h"
#include "hs_sockets.h"
#include "hs_streams.h"
#include "hs_image.h"
#include "hs_trace.h"
#include "hs_dwarf.h"
#include "hs_unwind.h"
#include "processes.h"
#endif
