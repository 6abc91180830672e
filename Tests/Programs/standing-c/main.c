// standing-c KIND [ARGUMENT...]: stands still in one kind of wait and prints "ready PID" when
// it does. Every kind is a function; `standing-c list` names them. On SIGTERM it ends; for the
// waits that a stop may interrupt it prints "interrupted COUNT" for each EINTR it got.
#include "kinds.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile int interruptions;

void ready(void) {
    printf("ready %d\n", getpid());
    fflush(stdout);
}

void interrupted(void) {
    printf("interrupted %d\n", ++interruptions);
    fflush(stdout);
}

int main(int count, char **arguments) {
    // A test that is killed must leave nothing behind for long.
    alarm(600);
    if (count < 2 || strcmp(arguments[1], "list") == 0) {
        for (const struct kind *kind = kinds; kind->name; kind++) puts(kind->name);
        return count < 2;
    }
    for (const struct kind *kind = kinds; kind->name; kind++)
        if (strcmp(kind->name, arguments[1]) == 0) {
            kind->stand(count - 2, arguments + 2);
            return 0;
        }
    fprintf(stderr, "standing-c: no kind %s\n", arguments[1]);
    return 64;
}
