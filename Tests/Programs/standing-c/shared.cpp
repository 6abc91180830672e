// Read-write locks of C++, which readers hold by guards.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unistd.h>

extern "C" {
#include "kinds.h"
}

namespace {
std::shared_mutex tables;
std::mutex state;
std::condition_variable changed;
bool isLoaded = false;
std::atomic<bool> isRead;

__attribute__((noinline)) void await_tables(std::shared_lock<std::shared_mutex> &reading, bool keeps) {
    if (!keeps) reading.unlock();
    isRead = true;
    std::unique_lock<std::mutex> guard(state);
    changed.wait(guard, [] { return isLoaded; });
}

void read_tables(bool keeps) {
    std::shared_lock<std::shared_mutex> reading(tables);
    await_tables(reading, keeps);
}

void load_tables() {
    std::unique_lock<std::shared_mutex> writing(tables);
    std::lock_guard<std::mutex> guard(state);
    isLoaded = true;
    changed.notify_all();
}

void beat() {
    std::thread([] {
        for (;;) usleep(300000);
    }).detach();
}
} // namespace

extern "C" {
/// A reader keeps the lock while it waits for what only a writer would tell it.
void shared_kept(int, char **) {
    std::thread reader([] { read_tables(true); });
    while (!isRead) usleep(1000);
    beat();
    std::thread writer(load_tables);
    announce();
    writer.join();
    reader.join();
}

/// Its healthy twin: the reader has let go of the lock, and the writer gets it when another is done with it.
void shared_let_go(int, char **) {
    static std::atomic<bool> isAtWork;
    std::thread reader([] { read_tables(false); });
    while (!isRead) usleep(1000);
    std::thread([] {
        std::unique_lock<std::shared_mutex> writing(tables);
        isAtWork = true;
        for (volatile long sum = 0; sum < 1L << 50; sum = sum + 1) if (sum % (1 << 20) == 0) usleep(2000);
    }).detach();
    while (!isAtWork) usleep(1000);
    std::thread writer(load_tables);
    ready();
    reader.join();
    writer.join();
}
}
