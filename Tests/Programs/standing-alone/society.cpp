// Threads that wait beside a main thread which only ticks: for each other and for nobody else, or for what somebody else has brought them so far.
// Each is a program of its own (-DKIND=...): whoever could let them go on is told by all of the code that a program comes to.
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {
volatile long beats;

/// Once nobody gets on any more.
[[noreturn]] void tick() {
    for (long seen = -1, still = 0;; seen = beats) {
        still = seen == beats ? still + 1 : 0;
        if (still == 5) {
            puts("ready");
            fflush(stdout);
        }
        usleep(100000);
    }
}

/// A kitchen to which a waiter brings orders, all of which are to come back before the next.
struct Kitchen {
    std::mutex lock;
    std::condition_variable ordered, served;
    std::deque<int> orders;
    int open = 0;

    [[noreturn]] void cook(bool isCareless) {
        for (;;) {
            int dish;
            {
                std::unique_lock<std::mutex> guard(lock);
                ordered.wait(guard, [this] { return !orders.empty(); });
                dish = orders.front();
                orders.pop_front();
            }
            // Burnt, and nobody told.
            if (isCareless && dish == 17) continue;
            std::lock_guard<std::mutex> guard(lock);
            beats = beats + 1;
            if (--open == 0) served.notify_one();
        }
    }
    void serve(int first) {
        std::unique_lock<std::mutex> guard(lock);
        for (int dish = first; dish < first + 5; dish++) {
            orders.push_back(dish);
            open++;
            ordered.notify_one();
        }
        served.wait(guard, [this] { return open == 0; });
    }
};

void open_kitchen(Kitchen *kitchen, bool isCareless) {
    for (int cook = 0; cook < 3; cook++) std::thread([kitchen, isCareless] { kitchen->cook(isCareless); }).detach();
}

/// A waiter whose last dish never comes.
[[maybe_unused]] void dish_burnt() {
    auto kitchen = new Kitchen;
    open_kitchen(kitchen, true);
    std::thread([kitchen] {
        for (int first = 0;; first += 5) kitchen->serve(first);
    }).detach();
}

/// Cooks without orders: the main thread has brought them what there was.
[[maybe_unused]] void kitchen_at_rest() {
    auto kitchen = new Kitchen;
    open_kitchen(kitchen, false);
    for (int first = 0; first < 20; first += 5) kitchen->serve(first);
}

/// A waiter who waits for guests, whom the main thread has shown in.
[[maybe_unused]] void waiter_at_rest() {
    static std::mutex door;
    static std::condition_variable came;
    static int guests;
    auto kitchen = new Kitchen;
    open_kitchen(kitchen, false);
    std::thread([kitchen] {
        for (;;) {
            {
                std::unique_lock<std::mutex> guard(door);
                came.wait(guard, [] { return guests > 0; });
                guests--;
            }
            kitchen->serve(0);
        }
    }).detach();
    for (int guest = 0; guest < 3; guest++) {
        {
            std::lock_guard<std::mutex> guard(door);
            guests++;
        }
        came.notify_one();
    }
}

/// Boats that are lent, and things that are done once each.
struct Pool {
    std::mutex lock;
    std::condition_variable some;
    std::vector<int> free;

    [[gnu::noinline]] int take() {
        std::unique_lock<std::mutex> guard(lock);
        some.wait(guard, [this] { return !free.empty(); });
        int boat = free.back();
        free.pop_back();
        return boat;
    }
    void give(int boat) {
        {
            std::lock_guard<std::mutex> guard(lock);
            free.push_back(boat);
        }
        some.notify_one();
    }
};

bool row(Pool &boats, int trip) {
    int boat = boats.take();
    beats = beats + 1;
    // Sunk.
    if (trip % 5 == 4) return false;
    boats.give(boat);
    return true;
}

void begin_rowing(Pool *boats) {
    for (int rower = 0; rower < 3; rower++) {
        std::thread([boats] {
            for (int trip = 0;; trip++) row(*boats, trip);
        }).detach();
    }
}

/// All boats are gone.
[[maybe_unused]] void boats_lost() {
    auto boats = new Pool;
    for (int boat = 0; boat < 4; boat++) boats->free.push_back(boat);
    begin_rowing(boats);
}

/// The main thread brings boats.
[[maybe_unused]] void boats_used_up() {
    auto boats = new Pool;
    begin_rowing(boats);
    for (int boat = 0; boat < 4; boat++) boats->give(boat);
}

struct Heap {
    std::mutex lock;
    std::condition_variable some;
    std::vector<int> stones;
};

/// What was there from the beginning is done, or was lost: nobody can tell.
[[maybe_unused]] void stones_broken() {
    auto heap = new Heap;
    heap->stones = {9, 8, 7, 6};
    for (int breaker = 0; breaker < 3; breaker++) {
        std::thread([heap] {
            for (;;) {
                int stone;
                {
                    std::unique_lock<std::mutex> guard(heap->lock);
                    heap->some.wait(guard, [heap] { return !heap->stones.empty(); });
                    stone = heap->stones.back();
                    heap->stones.pop_back();
                }
                beats = beats + 1;
                if (stone == 0) continue;
                {
                    std::lock_guard<std::mutex> guard(heap->lock);
                    heap->stones.push_back(stone - 1);
                }
                heap->some.notify_one();
            }
        }).detach();
    }
}
} // namespace

int main() {
    KIND();
    tick();
}
