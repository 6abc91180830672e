// Records one behind the other, each with its length first: one of no length leads to itself.
#include <pthread.h>
#include <unistd.h>
/// Counted beside the reader, and lying around what that takes the address of; who counts changes nothing of the records, unless he is to mend one some day.
static volatile long seen;
static pthread_mutex_t desk;
static volatile long rounds;
static volatile unsigned char tape[12] = {3, 1, 4, 3, 2, 4, 0, 2, 4, 3, 1, 4};
static void *count(void *unused) {
    for (;; usleep(300000)) {
        seen = seen + 2;
        rounds = rounds + 1;
#ifdef MENDS
        if (rounds > 1L << 40) tape[6] = 3;
#endif
    }
    return unused;
}
int main(void) {
    pthread_t counter;
    pthread_create(&counter, 0, count, 0);
    pthread_mutex_lock(&desk);
    long marks = 0;
    for (volatile unsigned char *at = tape; at < tape + sizeof tape; at += *at) marks |= at[1];
    pthread_mutex_unlock(&desk);
    return (int)marks;
}
