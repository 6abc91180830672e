// Scripts of a shell, and what they wait for.
#define _GNU_SOURCE
#include "kinds.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/// A script of two jobs: one ticks, the other is stopped or not.
static void run_script(const char *paused) {
    char script[300];
    snprintf(script, sizeof script, "(while sleep 0.4; do :; done) & (for i in 1 2 3 4 5 6 7 8 9; do sleep 20; done) & job=$!; %s; echo ready $$; wait $job", paused);
    execl("/bin/bash", "bash", "-c", script, NULL);
}

STAND(script_stopped) { (void)count; (void)arguments; run_script("kill -STOP $job"); }
/// Its healthy twin waits for a job that goes on.
STAND(script_going) { (void)count; (void)arguments; run_script(":"); }

/// Passes on what is in a file, and what is added to it.
STAND(follow) {
    if (count < 1) return;
    char some[512];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(arguments[0], O_RDONLY);
    for (;;) {
        ssize_t length = read(fd, some, sizeof some);
        if (length < 0 || length > 0 && write(1, some, (size_t)length) != length) exit(1);
        if (length == 0) usleep(200000);
    }
}

/// Tells what it does, and takes its time for each byte of a file.
STAND(replay) {
    if (count < 1) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    FILE *file = fopen(arguments[0], "r");
    if (!file) exit(1);
    puts("begins");
    fflush(stdout);
    while (fgetc(file) != EOF) usleep(200000);
}

/// Waits in a pipeline for the one line of a program; the reader goes, or stays for more.
static void await_line(const char *what, const char *then) {
    char script[300], self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) exit(1);
    self[length] = 0;
    snprintf(script, sizeof script, "\"$0\" %s | { read -r line; echo ready $$; %s; }; echo next", what, then);
    execl("/bin/bash", "bash", "-c", script, self, NULL);
}

STAND(follower_unread) { (void)count; (void)arguments; await_line("follow /proc/sys/kernel/ostype", ":"); }
/// Its healthy twin still takes what comes.
STAND(follower_read) { (void)count; (void)arguments; await_line("follow /proc/sys/kernel/ostype", "exec cat >/dev/null"); }

/// So does one that takes what there is in a file, piece by piece, and ends then.
STAND(replay_unread) { (void)count; (void)arguments; await_line("replay \"$0\"", ":"); }

/// Its loop is to take whatever anybody writes to a FIFO: nobody has come yet.
STAND(loop_at_fifo) {
    if (count < 1) return;
    char script[] = "mkfifo \"$0\"; (until grep -q '^State:.S' /proc/$$/status; do :; done; echo ready $$) & while read -r line; do echo \"$line\"; done < \"$0\"; echo end";
    execl("/bin/bash", "bash", "-c", script, arguments[0], NULL);
}
