// Counters at which clerks serve whoever comes, each in a thread of its own, and a main thread that only keeps the office open.
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

extern "C" {
#include "kinds.h"
}

namespace {
struct Counter {
    std::mutex lock;
    std::condition_variable come;
    std::deque<int> queue;
    Counter *next = nullptr;
    int served = 0;
    std::thread clerk;

    void open() { clerk = std::thread([this] { serve(); }); }
    void send(int customer) {
        {
            std::lock_guard<std::mutex> guard(lock);
            queue.push_back(customer);
        }
        come.notify_one();
    }
    [[noreturn]] void serve() {
        for (;;) {
            int customer;
            {
                std::unique_lock<std::mutex> guard(lock);
                come.wait(guard, [this] { return !queue.empty(); });
                customer = queue.front();
                queue.pop_front();
                served++;
            }
            if (next && customer > 0) next->send(customer - 1);
        }
    }
    void close() { clerk.join(); }
};

/// One whose clerk goes home when told to.
struct Stall {
    std::mutex lock;
    std::condition_variable come;
    std::deque<int> queue;
    bool isClosing = false;
    std::thread clerk;

    void open() { clerk = std::thread([this] { serve(); }); }
    void serve() {
        std::unique_lock<std::mutex> guard(lock);
        for (;;) {
            come.wait(guard, [this] { return isClosing || !queue.empty(); });
            if (queue.empty()) return;
            queue.pop_front();
        }
    }
    void close() {
        {
            std::lock_guard<std::mutex> guard(lock);
            isClosing = true;
        }
        come.notify_one();
    }
};

/// Each sends whom it has served on to the next one.
std::vector<std::unique_ptr<Counter>> office(int size) {
    std::vector<std::unique_ptr<Counter>> counters;
    for (int index = 0; index < size; index++) counters.push_back(std::make_unique<Counter>());
    for (int index = 0; index < size; index++) counters[index]->next = counters[(index + 1) % size].get();
    for (auto &counter : counters) counter->open();
    for (int customer = 0; customer < 20; customer++) counters[customer % size]->send(customer);
    return counters;
}

/// Two that hand the ball to each other, and wait for it.
struct Court {
    std::mutex lock;
    std::condition_variable thrown;
    int holder = 0;

    [[noreturn]] void play(int self) {
        for (;;) {
            give(self);
            std::unique_lock<std::mutex> guard(lock);
            thrown.wait(guard, [&] { return holder == self; });
        }
    }
    void give(int self) {
        std::lock_guard<std::mutex> guard(lock);
        // To a third that there is not.
        holder = self + 2;
        thrown.notify_all();
    }
};

/// Questions whose answers nobody brings.
struct Desk {
    std::mutex lock;
    std::map<int, std::promise<long>> open;
    std::future<long> ask(int number) {
        std::lock_guard<std::mutex> guard(lock);
        return open[number].get_future();
    }
};

Desk desk;

long look_up(int number) { return desk.ask(number).get(); }
long add_up(int first) { return look_up(first) + look_up(first + 1); }
void ask_desk(int first) { printf("%ld\n", add_up(first)); }
} // namespace

extern "C" {
/// Clerks whose ends the main thread waits for, to stay alive: they have none.
void clerks_at_rest(int, char **) {
    auto counters = office(3);
    announce();
    for (auto &counter : counters) counter->close();
}

/// Their ends are waited for where they would have one, and nobody tells them to close: for good, or by mistake.
void stalls_at_rest(int, char **) {
    Stall stalls[3];
    for (auto &stall : stalls) {
        stall.queue.push_back(1);
        stall.open();
    }
    announce();
    for (auto &stall : stalls) stall.clerk.join();
    for (auto &stall : stalls) stall.close();
}

/// The main thread waits for what is never to come.
void clerks_kept(int, char **) {
    auto counters = office(3);
    std::mutex lock;
    std::condition_variable never;
    std::unique_lock<std::mutex> guard(lock);
    announce();
    for (;;) never.wait(guard);
}

/// The main thread means to tell what they have done.
void clerks_awaited(int, char **) {
    auto counters = office(3);
    announce();
    int served = 0;
    for (auto &counter : counters) {
        counter->close();
        served += counter->served;
    }
    printf("%d served\n", served);
}

/// Each gives first, and waits for what it gets for that.
void ball_lost(int, char **) {
    static Court court;
    std::thread one([] { court.play(1); }), two([] { court.play(2); });
    announce();
    one.join();
    two.join();
}

/// No pool: nobody has handed these threads what they do.
void desk_deserted(int, char **) {
    std::thread one([] { ask_desk(1); }), two([] { ask_desk(11); });
    announce();
    one.join();
    two.join();
    puts("asked");
}
}
