#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

extern "C" {
#include "kinds.h"
}

namespace {
class Pool {
public:
    explicit Pool(int size) {
        for (int index = 0; index < size; index++) workers.emplace_back([this] { run(); });
    }
    template <class Body> auto hand(Body body) {
        auto task = std::make_shared<std::packaged_task<decltype(body())()>>(std::move(body));
        auto result = task->get_future();
        {
            std::lock_guard<std::mutex> guard(lock);
            tasks.push_back([task] { (*task)(); });
        }
        some.notify_one();
        return result;
    }

private:
    void run() {
        for (;;) {
            std::function<void()> task;
            {
                std::unique_lock<std::mutex> guard(lock);
                some.wait(guard, [this] { return !tasks.empty(); });
                task = std::move(tasks.front());
                tasks.pop_front();
            }
            task();
        }
    }
    std::mutex lock;
    std::condition_variable some;
    std::deque<std::function<void()>> tasks;
    std::vector<std::thread> workers;
};

long measure(Pool &pool, int depth) {
    if (depth == 0) return 1;
    // Long enough that every worker has begun a task before the next ones are handed over.
    usleep(20000);
    std::vector<std::future<long>> parts;
    for (int part = 0; part < 4; part++) parts.push_back(pool.hand([&pool, depth] { return measure(pool, depth - 1); }));
    long sum = 0;
    for (auto &part : parts) sum += part.get();
    return sum;
}

void tick() {
    std::thread([] {
        for (;;) usleep(300000);
    }).detach();
}
} // namespace

extern "C" {
/// Tasks wait for tasks of the same pool, all of whose threads do so; another thread ticks on.
void pool_full(int, char **) {
    static Pool pool(3);
    tick();
    announce();
    pool.hand([] { return measure(pool, 3); }).get();
}

/// Every thread of the pool carries out a task as well, and in it waits for orders that come now and then.
void pool_of_consumers(int, char **) {
    static Pool pool(3);
    static std::mutex lock;
    static std::condition_variable come;
    for (int consumer = 0; consumer < 3; consumer++) {
        pool.hand([] {
            std::unique_lock<std::mutex> guard(lock);
            for (;;) come.wait(guard);
            return 0;
        });
    }
    tick();
    announce();
    rest();
}

/// One task of the pool has a free thread left that carries out what it waits for, every time.
void pool_enough(int, char **) {
    static Pool pool(3);
    announce();
    for (;;) pool.hand([] { return pool.hand([] { usleep(200000); return 1L; }).get(); }).get();
}
}
