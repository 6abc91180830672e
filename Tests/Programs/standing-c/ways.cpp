// Threads whose function goes on in one place and has the code that it has left behind in another, as compilers lay it out.
#include <atomic>
#include <cstdio>
#include <thread>
#include <unistd.h>
#include <vector>

extern "C" {
#include "kinds.h"
}

namespace {
/// Halves what is left until nothing is: of a length of nothing it takes nothing off.
struct Shelf {
    std::atomic<int> sorted{0};
    volatile long step{0};

    __attribute__((noinline)) void sort(long left) {
        while (left > 0) left -= step;
        sorted++;
    }
};

/// Set by way of its address.
struct Parcel {
    volatile long weight{0};
    std::atomic<int> packed{0};
};

Parcel parcel;

__attribute__((noinline)) void weigh(volatile long *weight, useconds_t pause) {
    for (long part = 0; part < 1L << 40; part++) {
        *weight = *weight + part;
        if (pause > 0) usleep(pause);
    }
}

void pack(Parcel *parcel, useconds_t pause) {
    std::thread([parcel, pause] {
        weigh(&parcel->weight, pause);
        parcel->packed = 1;
    }).detach();
}

__attribute__((noinline)) void await_packed() {
    while (!parcel.packed) usleep(20000);
}
} // namespace

extern "C" {
/// One of the threads goes round in a circle; the function that has started them waits until all are done.
void spin_beside_tally(int, char **) {
    static Shelf shelf;
    std::vector<std::thread> sorters;
    for (long first = 0; first < 2; first++) sorters.emplace_back([first] { shelf.sort(first); });
    ready();
    while (shelf.sorted < 2) usleep(100000);
    puts("sorted");
    _exit(0);
}

/// Its twin: some day that function changes what the circle depends on.
void spin_until_tally(int, char **) {
    static Shelf shelf;
    std::vector<std::thread> sorters;
    for (long first = 0; first < 2; first++) sorters.emplace_back([first] { shelf.sort(first); });
    ready();
    for (long round = 0; shelf.sorted < 2; round++) {
        usleep(100000);
        if (round >= 1L << 40) shelf.step = 1;
    }
    _exit(0);
}

/// Looks now and then at what a thread sets that was handed its address, when it has computed long enough.
void flag_handed(int, char **) {
    pack(&parcel, 0);
    ready();
    await_packed();
}

/// Or when it has slept often enough.
void flag_handed_slowly(int, char **) {
    pack(&parcel, 10000);
    ready();
    await_packed();
}
}
