// Gates that the main thread waits at, beside one that ticks: such as keep a program alive, and such as somebody was to open.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <semaphore.h>
#include <thread>
#include <unistd.h>
#include <vector>

extern "C" {
#include "kinds.h"
}

namespace {
class Gate {
public:
    void open() {
        std::lock_guard<std::mutex> guard(lock);
        isOpen = true;
        opened.notify_all();
    }
    __attribute__((noinline)) void await() {
        std::unique_lock<std::mutex> guard(lock);
        opened.wait(guard, [this] { return isOpen; });
    }

private:
    std::vector<int> passed;
    std::mutex lock;
    std::condition_variable opened;
    bool isOpen = false;
};

/// Others of the program open gates of theirs, and tick.
void begin_ticks() {
    Gate ours;
    std::thread([&ours] { ours.open(); }).join();
    ours.await();
    std::thread([] {
        for (;;) usleep(300000);
    }).detach();
    announce();
}

__attribute__((noinline)) void await_alone() {
    std::mutex lock;
    std::condition_variable end;
    std::unique_lock<std::mutex> guard(lock);
    end.wait(guard);
    write(1, "end\n", 4);
}

__attribute__((noinline)) void await_static() {
    static sem_t closed;
    sem_init(&closed, 0, 0);
    while (sem_wait(&closed) != 0) {}
}

/// Whoever was given it has gone, and has not opened it.
__attribute__((noinline)) void await_handed(bool opens) {
    auto gate = std::make_unique<Gate>();
    std::thread([gate = gate.get(), opens] {
        if (opens) gate->open();
    }).join();
    gate->await();
    write(1, "end\n", 4);
}

std::vector<Gate *> gates;

__attribute__((noinline)) void open_all() {
    for (auto gate : gates) gate->open();
}

/// It is known to all, of whom nobody opens it.
__attribute__((noinline)) void await_passed() {
    Gate gate;
    gates.push_back(&gate);
    gate.await();
    gates.clear();
}

/// Its only permit has been taken, and not given back.
__attribute__((noinline)) void await_twice() {
    sem_t permits;
    sem_init(&permits, 0, 1);
    for (int part = 0; part < 2; part++) sem_wait(&permits);
    sem_post(&permits);
    sem_post(&permits);
}
} // namespace

extern "C" {
/// Nobody else has the condition variable.
void gate_alone(int, char **) {
    begin_ticks();
    await_alone();
}

void gate_static(int, char **) {
    begin_ticks();
    await_static();
}

void gate_handed(int count, char **) {
    begin_ticks();
    await_handed(count > 9);
}

void gate_passed(int count, char **) {
    begin_ticks();
    if (count > 9) open_all();
    await_passed();
}

void gate_twice(int, char **) {
    begin_ticks();
    await_twice();
}
}
