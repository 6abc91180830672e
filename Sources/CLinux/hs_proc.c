#if defined(__linux__)
#define _GNU_SOURCE
#include "hs_proc.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

size_t hs_proc_read(const char *path, char *text, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, capacity - 1);
    if (fd >= 0) close(fd);
    if (length < 0) length = 0;
    text[length] = 0;
    return (size_t)length;
}

char hs_proc_state(pid_t tid) {
    char text[256], path[48];
    snprintf(path, sizeof path, "/proc/%d/stat", tid);
    hs_proc_read(path, text, sizeof text);
    const char *name_end = strrchr(text, ')');
    return name_end && name_end[1] == ' ' ? name_end[2] : 0;
}
#else
typedef int hs_proc_unused;
#endif
