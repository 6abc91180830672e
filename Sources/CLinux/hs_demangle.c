#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_dwarf.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/// Of the Swift runtime (stdlib/public/runtime/Demangle.cpp): named here so that a program that carries the runtime within it keeps it.
extern char *swift_demangle(const char *name, size_t length, char *output, size_t *outputSize, uint32_t flags);

char *hs_demangle(const char *name) {
    typedef char *(*cxx_demangler)(const char *, char *, size_t *, int *);
    size_t length = strlen(name);
    if (length > 16384) return NULL;
    if (strncmp(name, "$s", 2) == 0 || strncmp(name, "$S", 2) == 0 || strncmp(name, "$e", 2) == 0 || strncmp(name, "_$s", 3) == 0 || strncmp(name, "_T", 2) == 0) {
        return swift_demangle(name, length, NULL, NULL, 0);
    }
    if (strncmp(name, "_Z", 2) != 0) return NULL;
    cxx_demangler demangle = (cxx_demangler)dlsym(RTLD_DEFAULT, "__cxa_demangle");
    int status = 0;
    return demangle ? demangle(name, NULL, NULL, &status) : NULL;
}
#else
typedef int hs_demangle_unused;
#endif
