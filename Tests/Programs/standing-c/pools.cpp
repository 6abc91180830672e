#include <condition_variable>
#include <cstdio>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <pthread.h>
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
    std::size_t length() {
        std::lock_guard<std::mutex> guard(lock);
        return tasks.size();
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
/// Looks once, and then not for long.
void tell(Pool &pool) {
    std::thread([&pool] {
        for (;;) {
            fprintf(stderr, "%zu tasks\n", pool.length());
            sleep(300);
        }
    }).detach();
}

pthread_once_t first = PTHREAD_ONCE_INIT;
std::promise<long> value;
long known;

void find_out() { known = value.get_future().get(); }

void *ask_once(void *unused) {
    pthread_once(&first, find_out);
    return unused;
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

/// The same beside a thread that tells of the pool now and then.
void pool_full_told(int, char **) {
    static Pool pool(3);
    tell(pool);
    announce();
    pool.hand([] { return measure(pool, 3); }).get();
}

void pool_enough_told(int, char **) {
    static Pool pool(3);
    tell(pool);
    announce();
    for (;;) pool.hand([] { return pool.hand([] { usleep(200000); return 1L; }).get(); }).get();
}

/// What is to be done once waits for a value that nobody brings, and others wait for that.
void once_result(int, char **) {
    begin("asker", ask_once, nullptr);
    announce();
    ask_once(nullptr);
}

/// Its healthy twin: the value is being computed.
void once_computed(int, char **) {
    begin("asker", ask_once, nullptr);
    std::thread([] {
        volatile long sum = 0;
        while (sum < 1L << 50) sum = sum + 1;
        value.set_value(long(sum));
    }).detach();
    ready();
    ask_once(nullptr);
}
}
