// Code made at run time, as a just-in-time compiler does: it is in no file, and a map tells its name.
#include "kinds.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/// push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret
static const unsigned char caller[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};

__attribute__((noinline)) static void at_the_end(void) { announce(); rest(); __asm__ volatile("" ::: "memory"); }

/// generated-code [MAP]: with the file to write the map to, where there is to be one.
STAND(generated_code) {
    (void)arguments;
    unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code + 64, caller, sizeof caller);
    if (count > 0) {
        char path[64];
        snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
        FILE *map = fopen(path, "w");
        if (map) {
            // What lay there before was replaced.
            fprintf(map, "%lx %zx stale_code\n%lx %zx made_at_run_time\n", (unsigned long)code, (size_t)4096, (unsigned long)code + 64, sizeof caller);
            fclose(map);
        }
    }
    ((void (*)(void (*)(void)))(code + 64))(at_the_end);
    __asm__ volatile("" ::: "memory");  // not a tail call
}
