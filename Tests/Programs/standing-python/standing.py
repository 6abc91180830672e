"""Programs that stand still on purpose, and their healthy twins: python3 standing.py NAME.

Each prints "ready" when it stands where it will stand.
"""
import asyncio
import concurrent.futures
import contextlib
import ctypes
import http.client
import http.server
import multiprocessing
import os
import queue
import re
import selectors
import signal
import smtplib
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

programs = {}


def program(function):
    programs[function.__name__.replace("_", "-")] = function
    return function


def ready():
    print("ready", flush=True)


def spawn(name, function, *arguments, daemon=True):
    thread = threading.Thread(target=function, args=arguments, name=name, daemon=daemon)
    thread.start()
    return thread


def forever():
    while True:
        time.sleep(0.5)


# Locks

lock_a = threading.Lock()
lock_b = threading.Lock()


def take(first, second, met):
    with first:
        met.wait()
        with second:
            pass


@program
def lock_cycle():
    met = threading.Barrier(2)
    threads = [spawn("worker-1", take, lock_a, lock_b, met), spawn("worker-2", take, lock_b, lock_a, met)]
    time.sleep(0.3)
    ready()
    for thread in threads:
        thread.join()


@program
def acquire_cycle():
    """Without `with`: only the instructions tell who took which lock."""
    met = threading.Barrier(2)

    def take(first, second):
        first.acquire()
        met.wait()
        second.acquire()
        second.release()
        first.release()
    threads = [spawn("worker-1", take, lock_a, lock_b), spawn("worker-2", take, lock_b, lock_a)]
    time.sleep(0.3)
    ready()
    for thread in threads:
        thread.join()


@program
def lock_order():
    """The healthy twin of lock-cycle: both take the locks in one order and get on."""
    def turns():
        while True:
            with lock_a, lock_b:
                time.sleep(0.01)
            time.sleep(0.01)
    for name in ("worker-1", "worker-2"):
        spawn(name, turns)
    ready()
    forever()


class Account:
    def __init__(self):
        self.lock = threading.RLock()

    def transfer(self, other, met):
        with self.lock:
            met.wait()
            self.pay(other)

    def pay(self, other):
        with other.lock:
            pass


@program
def rlock_cycle():
    met = threading.Barrier(2)
    one, two = Account(), Account()
    threads = [spawn("one-to-two", one.transfer, two, met), spawn("two-to-one", two.transfer, one, met)]
    time.sleep(0.3)
    ready()
    for thread in threads:
        thread.join()


@program
def lock_self():
    with lock_a:
        ready()
        with lock_a:
            pass


@program
def rlock_twice():
    """The healthy twin of lock-self: a reentrant lock lets its holder in again."""
    lock = threading.RLock()
    while True:
        with lock:
            with lock:
                pass
        if programs:
            programs.clear()
            ready()
        time.sleep(0.05)


@program
def acquire_twice():
    lock_a.acquire()
    ready()
    lock_a.acquire()


@program
def lock_abandoned():
    def leave():
        lock_a.acquire()
    spawn("leaver", leave).join()
    ready()
    with lock_a:
        pass


@program
def holder_sleeps():
    def hold():
        with lock_a:
            time.sleep(100000)
    spawn("holder", hold)
    time.sleep(0.3)
    ready()
    with lock_a:
        pass


@contextlib.contextmanager
def guarded(lock):
    with lock:
        yield


def take_guarded(first, second, met):
    with guarded(first):
        met.wait()
        with guarded(second):
            pass


@program
def context_cycle():
    met = threading.Barrier(2)
    threads = [spawn("worker-1", take_guarded, lock_a, lock_b, met), spawn("worker-2", take_guarded, lock_b, lock_a, met)]
    time.sleep(0.3)
    ready()
    for thread in threads:
        thread.join()


# Conditions, events, barriers, queues

done = threading.Event()
work = queue.Queue()


@program
def event_never_set():
    def fail():
        raise ValueError("before done.set()")
    spawn("setter", fail).join()
    ready()
    done.wait()


@program
def event_alone():
    """The healthy twin of event-never-set: the way to sleep until interrupted."""
    ready()
    threading.Event().wait()


@program
def event_with_workers():
    def serve():
        while True:
            work.get()
            work.task_done()
    for number in range(3):
        spawn(f"worker-{number}", serve)
    ready()
    done.wait()


class Prices:
    """A table that a thread loads; whoever asks first waits for it."""

    def __init__(self):
        self.loaded = threading.Event()
        self.table = {}

    def load(self, rows):
        for row in rows:
            self.table[row["article"]] = row["price"]
        self.loaded.set()

    def price(self, article):
        self.loaded.wait()
        return self.table[article]


def price(rows):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    threading.excepthook = lambda _: None
    prices = Prices()
    spawn("clock", forever)
    spawn("loader", prices.load, rows).join()
    ready()
    print(prices.price("tea"))
    forever()


@program
def event_lost():
    """The thread that was to set it has died; a clock ticks on, and a signal ends the program."""
    price([{"article": "tea", "price": 2}, {"article": "coffee"}])


@program
def event_came():
    """Its healthy twin."""
    price([{"article": "tea", "price": 2}])


class Service:
    """Kept alive by an event that its user may set, and does not."""

    def __init__(self):
        self.stopped = threading.Event()
        self.rounds = 0

    def stop(self):
        self.stopped.set()

    def run(self):
        while not self.stopped.wait(0.3):
            self.rounds += 1

    def wait(self):
        self.stopped.wait()


@program
def event_kept():
    service = Service()
    spawn("clock", forever)
    ready()
    service.wait()


@program
def call_unanswered():
    """Of a client that keeps its calls by number, the thread that reads answers has died."""
    threading.excepthook = lambda _: None
    calls = {}
    answers = queue.Queue()

    def read():
        while True:
            calls.pop(answers.get()).set_result("well")

    def call(number, answer):
        calls[number] = concurrent.futures.Future()
        answers.put(answer)
        return calls[number].result()
    spawn("clock", forever)
    spawn("reader", read)
    call(0, 0)
    threading.Timer(0.5, ready).start()
    call(1, 7)


@program
def event_for_signal():
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    spawn("short", lambda: None).join()
    ready()
    done.wait()


@program
def barrier_short():
    barrier = threading.Barrier(3)
    threads = [spawn(f"party-{number}", barrier.wait) for number in range(2)]
    time.sleep(0.2)
    ready()
    for thread in threads:
        thread.join()


@program
def barrier_turns():
    """The healthy twin of barrier-short: enough parties come."""
    barrier = threading.Barrier(2)

    def turns():
        while True:
            time.sleep(0.05)
            barrier.wait()
    spawn("party-1", turns)
    ready()
    turns()


@program
def queue_join():
    def lossy():
        work.get()
        raise ValueError("before task_done()")
    worker = spawn("worker", lossy)
    work.put("one")
    worker.join()
    ready()
    work.join()


@program
def queue_get():
    results = queue.Queue()

    def fail():
        if not done.is_set():
            raise ValueError("before results.put()")
        results.put("one")
    spawn("producer", fail).join()
    ready()
    results.get()


@program
def queue_full():
    small = queue.Queue(maxsize=1)

    def produce():
        small.put(1)
        small.put(2)
    producer = spawn("producer", produce)
    time.sleep(0.2)
    ready()
    producer.join()


@program
def semaphore_lost():
    permits = threading.Semaphore(1)

    def leak():
        permits.acquire()
    spawn("leaker", leak).join()
    ready()
    permits.acquire()


@program
def condition_missed():
    condition = threading.Condition()

    def early():
        with condition:
            condition.notify()
    spawn("notifier", early).join()
    ready()
    with condition:
        condition.wait()


# Databases and pools of things

def database():
    """A connection to a new database, and its path."""
    path = tempfile.mkdtemp(prefix="standing-") + "/own.sqlite"
    first = sqlite3.connect(path, timeout=600, isolation_level=None, check_same_thread=False)
    first.execute("PRAGMA journal_mode=WAL")
    first.execute("CREATE TABLE t (x)")
    return first, path


def write(path):
    second = sqlite3.connect(path, timeout=600)
    with second:
        second.execute("INSERT INTO t VALUES (2)")
    second.close()


@program
def database_own():
    """Waits, within its transaction, for a thread that writes through a connection of its own."""
    first, path = database()
    first.execute("BEGIN IMMEDIATE")
    ready()
    spawn("updater", lambda: write(path)).join()


@program
def database_turns():
    """The healthy twin of database-own: it ends its transaction before it waits."""
    first, path = database()
    ready()
    while True:
        first.execute("BEGIN IMMEDIATE")
        updater = spawn("updater", lambda: write(path))
        time.sleep(0.05)
        first.execute("COMMIT")
        updater.join()


class Pool:
    def __init__(self, size):
        self.free = queue.LifoQueue()
        for _ in range(size):
            self.free.put(object())

    def acquire(self):
        return self.free.get()

    def release(self, one):
        self.free.put(one)


@program
def pool_lent():
    """Two that have one each, and want another."""
    pool, gate = Pool(2), threading.Barrier(2)

    def job():
        one = pool.acquire()
        gate.wait()
        two = pool.acquire()
        pool.release(two)
        pool.release(one)
    jobs = [spawn("job", job) for _ in range(2)]
    ready()
    for job in jobs:
        job.join()


@program
def pool_turns():
    """The healthy twin of pool-lent: more who want one than there are, and each gives it back."""
    pool = Pool(2)

    def job():
        while True:
            one = pool.acquire()
            time.sleep(0.1)
            pool.release(one)
    jobs = [spawn("job", job) for _ in range(4)]
    ready()
    for job in jobs:
        job.join()


def borrow(hold):
    """More jobs than members, given to an executor; a clock ticks on, and `hold` gets the members that the first jobs take for themselves."""
    pool = Pool(2)

    def job(number):
        one = pool.acquire()
        if number < 2:
            return hold(pool, one)
        pool.release(one)
    spawn("clock", forever)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as executor:
        jobs = [executor.submit(job, number) for number in range(5)]
        concurrent.futures.wait(jobs[:2])
        threading.Timer(0.3, ready).start()
        for job in concurrent.futures.as_completed(jobs):
            job.result()


@program
def pool_kept():
    """Members that were never given back."""
    borrow(lambda pool, one: None)


@program
def pool_kept_long():
    """Its healthy twin: they are given back in a while."""
    def give_back(pool, one):
        time.sleep(60)
        pool.release(one)
    borrow(lambda pool, one: spawn("keeper", give_back, pool, one) and None)


# Executors

@program
def pool_nested():
    with concurrent.futures.ThreadPoolExecutor(max_workers=2, thread_name_prefix="pool") as executor:
        gate = threading.Barrier(2)

        def outer():
            gate.wait()
            return executor.submit(pow, 2, 10).result()
        futures = [executor.submit(outer) for _ in range(2)]
        time.sleep(0.3)
        ready()
        for future in futures:
            future.result()


@program
def pool_idle():
    """The healthy twin of pool-nested: its workers have nothing to do."""
    executor = concurrent.futures.ThreadPoolExecutor(max_workers=2)
    list(executor.map(pow, (2, 3), (4, 5)))
    ready()
    threading.Event().wait()


@program
def pool_busy():
    """Work takes its time: the future comes, and the next one."""
    executor = concurrent.futures.ThreadPoolExecutor(max_workers=1)
    ready()
    while True:
        executor.submit(time.sleep, 0.3).result()


@program
def future_blocked():
    """The work itself waits for a lock that somebody keeps: the lock's holder is the root."""
    executor = concurrent.futures.ThreadPoolExecutor(max_workers=1)

    def hold():
        with lock_a:
            done.wait()
    spawn("keeper", hold)
    time.sleep(0.2)

    def need():
        with lock_a:
            return 1
    future = executor.submit(need)
    time.sleep(0.2)
    ready()
    future.result()


# Sleeping and running

def backoff():
    time.sleep(16777216)


@program
def sleep_too_long():
    ready()
    backoff()


@program
def sleep_milliseconds():
    """It was to be a quarter of a minute."""
    def pause():
        time.sleep(15000)
    ready()
    pause()


@program
def sleep_hours():
    """The healthy twin: whoever means hours writes hours."""
    def pause():
        time.sleep(4 * 3600)
    ready()
    pause()


@program
def sleep_rounds():
    ready()
    forever()


class Poller:
    def __init__(self):
        self.finished = False

    def spin(self):
        while not self.finished:
            pass


@program
def busy_loop():
    ready()
    Poller().spin()


@program
def busy_rows():
    """Among doubled rows it does not step on; a clock ticks beside it."""
    rows = [{"id": 1}, {"id": 2, "text": "a"}, {"id": 2, "text": "a"}]

    def merge(rows):
        row = 0
        while row + 1 < len(rows):
            if rows[row]["id"] == rows[row + 1]["id"]:
                rows[row].update(rows[row + 1])
                continue
            row += 1
    spawn("clock", forever)
    ready()
    merge(rows)


@program
def busy_until_told():
    """Its twin: it turns until another thread changes what it looks at."""
    rows = [{"id": 1}, {"id": 2}]

    def change():
        time.sleep(3600)
        rows.clear()

    def watch(rows):
        row = 0
        while row < len(rows):
            row = (row + 1) % len(rows)
    spawn("changer", change)
    ready()
    watch(rows)


@program
def busy_crunch():
    """The healthy twin of busy-loop: its values change from turn to turn."""
    ready()
    total = 0
    number = 0
    while number < 10 ** 15:
        total = (total * 31 + number) % 1000003
        number += 1


@program
def lock_crunch():
    """The same with a lock in its hand that others wait for: it takes its time."""
    ledger = threading.Lock()
    taken = threading.Event()

    def audit():
        with ledger:
            taken.set()
            busy_crunch()

    def look():
        with ledger:
            print("looked")
    spawn("audit", audit)
    taken.wait()
    spawn("look", look).join()


@program
def busy_expression():
    ready()
    re.match(r"(a+)+$", "a" * 40 + "!")


@program
def busy_deadline():
    """Looks at the clock all the time: it ends by itself."""
    ready()
    end = time.monotonic() + 1000
    while time.monotonic() < end:
        pass


# Tasks of asyncio

async def take_both(first, second):
    async with first:
        await asyncio.sleep(0.1)
        async with second:
            pass


@program
def async_locks():
    async def main():
        one, two = asyncio.Lock(), asyncio.Lock()
        tasks = asyncio.gather(take_both(one, two), take_both(two, one))
        await asyncio.sleep(0.3)
        ready()
        await tasks
    asyncio.run(main())


@program
def async_future():
    async def wait_for(future):
        return await future

    async def main():
        future = asyncio.get_running_loop().create_future()
        ready()
        await asyncio.gather(wait_for(future), wait_for(future))
    asyncio.run(main())


@program
def async_queue():
    async def consume(items):
        while True:
            await items.get()

    async def main():
        items = asyncio.Queue()
        consumer = asyncio.create_task(consume(items), name="consumer")
        await items.put(1)
        await asyncio.sleep(0.1)
        ready()
        await consumer
    asyncio.run(main())


@program
def async_blocked():
    async def answer():
        return 42

    async def main():
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as executor:
            def ask():
                return asyncio.run_coroutine_threadsafe(answer(), loop).result()
            future = executor.submit(ask)
            time.sleep(0.2)
            ready()
            future.result()
    asyncio.run(main())


@program
def async_synchronous():
    """Takes from a thread's queue that a task of the same loop fills; a clock ticks beside it."""
    numbers = queue.Queue()

    async def fill():
        while True:
            await asyncio.sleep(0.1)
            numbers.put(1)

    async def drain():
        ready()
        return numbers.get()

    async def main():
        await asyncio.gather(fill(), drain())
    spawn("clock", forever)
    asyncio.run(main())


@program
def async_server():
    """The healthy twin of async-future: a connection may come."""
    async def serve(reader, writer):
        writer.write(await reader.readline())

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        ready()
        await server.serve_forever()
    asyncio.run(main())


def collector():
    """A server in a process of its own that reads all that comes and never says a word; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        # It dies with its parent: the connection ends.
        connection, _ = listener.accept()
        while connection.recv(4096):
            pass
        os._exit(0)
    return listener.getsockname()


@program
def async_asks():
    """A task waits for an answer that does not come."""
    async def main(address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"how many?\n")
        ready()
        await reader.readline()
    asyncio.run(main(collector()))


@program
def async_ships():
    """Its healthy twin: what is sent needs no answer, and no task waits for one."""
    async def main(address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"cpu 1\n")
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        ready()
        await server.serve_forever()
    asyncio.run(main(collector()))


def bridge(workers):
    """Workers of a pool wait for coroutines that give work to the same pool."""
    pool = concurrent.futures.ThreadPoolExecutor(workers)
    loop = asyncio.new_event_loop()
    spawn("loop", loop.run_forever)
    both = threading.Barrier(2)

    async def answer():
        return await loop.run_in_executor(pool, int)

    def ask():
        both.wait()
        return asyncio.run_coroutine_threadsafe(answer(), loop).result()

    asked = [pool.submit(ask) for _ in range(2)]
    ready()
    return [future.result() for future in asked]


@program
def pool_bridge():
    bridge(2)


@program
def pool_bridge_wide():
    """Its healthy twin: a worker is left."""
    while True:
        bridge(3)
        time.sleep(0.1)


@program
def process_lock():
    """Another process has the lock of multiprocessing, and will release it when its work is done."""
    lock = multiprocessing.get_context("fork").Lock()
    lock.acquire()
    parent = os.getpid()
    if os.fork() == 0:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(0)
    ready()
    lock.acquire()


@program
def timer_days():
    """A timer of weeks, milliseconds taken for seconds, whose end is waited for."""
    timer = threading.Timer(1_728_000, print)
    timer.start()
    ready()
    timer.join()


@program
def timer_hours():
    """Its healthy twin: the next reminder is in some hours."""
    timer = threading.Timer(3 * 3600 + 7, print)
    timer.start()
    ready()
    timer.join()


@program
def async_turns():
    """The healthy twin of async-locks: the tasks get their locks in turn."""
    async def turn(lock):
        while True:
            async with lock:
                await asyncio.sleep(0.05)

    async def main():
        lock = asyncio.Lock()
        ready()
        await asyncio.gather(turn(lock), turn(lock))
    asyncio.run(main())


@program
def async_signal():
    """The healthy twin of async-queue: it waits to be told to stop."""
    async def main():
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        ready()
        await stop.wait()
    asyncio.run(main())


# Beside others that go on

class Shop:
    """Its clock knows the shop, and nothing of its queues."""

    def __init__(self):
        self.orders = queue.Queue()
        self.slots = threading.Semaphore(0)
        self.beats = 0

    def beat(self):
        while True:
            time.sleep(0.2)
            self.beats += 1

    def work(self, pause):
        while True:
            order = self.orders.get()
            if order == 1 and not pause:
                sys.exit()
            time.sleep(pause)
            self.orders.task_done()

    def open(self, pause):
        spawn("clock", self.beat)
        spawn("clerk", self.work, pause)
        for order in range(4):
            self.orders.put(order)
        while not pause and self.orders.qsize() > 2:
            time.sleep(0.05)
        ready()


@program
def ticking_join():
    """The only worker has ended; a clock ticks on."""
    shop = Shop()
    shop.open(0)
    shop.orders.join()


@program
def ticking_join_slow():
    """Its healthy twin: the worker takes its time."""
    shop = Shop()
    shop.open(30)
    shop.orders.join()


@program
def ticking_slots():
    """Whoever had a permit has ended without giving it back; a clock ticks on."""
    shop = Shop()

    def borrow():
        if shop.orders.empty():
            sys.exit()
        shop.slots.release()
    spawn("clock", shop.beat)
    spawn("borrower", borrow).join()
    ready()
    shop.slots.acquire()


@program
def ticking_slots_lent():
    """Its healthy twin: a thread will give one back in a while."""
    shop = Shop()

    def lend():
        time.sleep(60)
        shop.slots.release()
    spawn("clock", shop.beat)
    spawn("lender", lend)
    ready()
    shop.slots.acquire()


@program
def ticking_workers():
    """Healthy: the work is done, its worker waits for more, and the program goes on with something else."""
    shop = Shop()
    spawn("clerk", shop.work, 0.01)
    for order in range(4):
        shop.orders.put(order)
    shop.orders.join()
    ready()
    forever()


@program
def ticking_crew():
    """Healthy: workers without an end wait for more work, and to wait for them keeps the program alive."""
    jobs = queue.Queue()

    def work():
        while True:
            jobs.get()()
    spawn("clock", forever)
    crew = [spawn(f"worker-{number}", work) for number in range(3)]
    for _ in range(5):
        jobs.put(str)
    ready()
    for worker in crew:
        worker.join()


class Feed:
    def __init__(self):
        self.items = asyncio.Queue()
        self.beats = 0

    async def beat(self):
        while True:
            await asyncio.sleep(0.2)
            self.beats += 1

    async def fail(self):
        raise ConnectionError("upstream")

    async def answer(self, reader, writer):
        await self.items.put(await reader.readline())
        writer.close()

    async def hang_up(self, reader, writer):
        writer.close()

    async def collect(self):
        return [await self.items.get() for _ in range(3)]

    async def run(self, serve):
        clock = asyncio.create_task(self.beat())
        source = asyncio.create_task(self.fail())
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        await asyncio.wait([source])
        ready()
        print(await self.collect(), clock, server)


@program
def ticking_feed():
    """The task that fed the queue has failed; a clock ticks, and a server listens that feeds nothing."""
    feed = Feed()
    asyncio.run(feed.run(feed.hang_up))


@program
def ticking_feed_served():
    """Its healthy twin: the server feeds the queue."""
    feed = Feed()
    asyncio.run(feed.run(feed.answer))


@program
def ticking_start():
    """Waits for an event some calls deep, and nobody is seen who would set it."""
    async def batch(event):
        await event.wait()

    async def run():
        clock = asyncio.create_task(Feed().beat())
        events = [asyncio.Event()]
        ready()
        await batch(events[0])
        print(clock)

    async def main():
        await run()
    asyncio.run(main())


@program
def ticking_park():
    """Healthy: the main task keeps the program alive while others work in it."""
    async def main():
        clock = asyncio.create_task(Feed().beat())
        ready()
        await asyncio.Event().wait()
        print(clock)
    asyncio.run(main())


# Waits that only keep the program alive, and those that look like them


class Station:
    def __init__(self):
        self.over = threading.Event()

    def stay(self):
        self.sleep()

    def sleep(self):
        threading.Semaphore(0).acquire()

    def end(self):
        self.over.set()

    def stay_until_end(self):
        self.over.wait()


@program
def parked():
    """Healthy: each thread waits at what it has made for that and given to nobody."""
    def at_condition():
        never = threading.Condition()
        with never:
            while True:
                never.wait()

    def at_future():
        concurrent.futures.Future().result()
    spawn("ticker", forever)
    spawn("semaphore", Station().stay, daemon=False)
    spawn("condition", at_condition, daemon=False)
    spawn("future", at_future, daemon=False)
    spawn("event", lambda: threading.Event().wait(), daemon=False)
    spawn("event alone", threading.Event().wait, daemon=False)
    spawn("barrier", lambda: threading.Barrier(2).wait(), daemon=False)
    ready()
    queue.Queue().get()


def come_to(place):
    place.wait()


def stay_at(place, others=()):
    for other in others:
        spawn("other", come_to, other)
    come_to(place)


@program
def parked_by_another():
    """Healthy: other functions wait at what was made for that."""
    spawn("ticker", forever)
    spawn("event", lambda: stay_at(threading.Event()), daemon=False)
    ready()
    place = threading.Barrier(2)
    stay_at(place, ())


@program
def barrier_handed():
    """Looks like parked by another: another was given the barrier as well, and has failed before it."""
    def come(place):
        if threading.active_count() > 1:
            raise ValueError("before place.wait()")
        place.wait()
    place = threading.Barrier(2)
    spawn("ticker", forever)
    spawn("comer", come, place).join()
    ready()
    stay_at(place)


@program
def parked_until_end():
    """Neither shown to hang: a thread that somebody might end, which nobody does."""
    spawn("ticker", forever)
    ready()
    spawn("station", Station().stay_until_end).join()


@program
def parked_tasks():
    """Healthy: tasks beside one that ticks, some calls deep."""
    async def forever():
        await asyncio.get_running_loop().create_future()

    async def stay():
        await forever()

    async def rest():
        event = asyncio.Event()
        await event.wait()

    async def main():
        await asyncio.gather(Feed().beat(), stay(), rest())
    ready()
    asyncio.run(main())


@program
def permit_handed():
    """Looks like parked: a thread was given what would let it go on, and has failed."""
    def give(permits):
        if threading.active_count() > 1:
            raise ValueError("before permits.release()")
        permits.release()
    permits = threading.Semaphore(0)
    spawn("ticker", forever)
    spawn("giver", give, permits).join()
    ready()
    permits.acquire()


@program
def permit_taken():
    """Looks like parked: it has taken the only permit that there was."""
    permit = threading.Semaphore(1)
    spawn("ticker", forever)
    permit.acquire()
    ready()
    permit.acquire()


async def start_filter():
    """A child that answers at the end of its input, and has got some of it."""
    child = await asyncio.create_subprocess_exec("sort", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    child.stdin.write(b"line\n")
    await child.stdin.drain()
    return child


@program
def async_filter():
    """Reads a child's output to the end, and has not closed the child's input."""
    async def main():
        child = await start_filter()
        ready()
        print(await child.stdout.read())
    asyncio.run(main())


@program
def async_filter_kept():
    """Its healthy twin: a signal makes it write and close."""
    async def main():
        child = await start_filter()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, child.stdin.close)
        ready()
        print(await child.stdout.read())
    asyncio.run(main())


@program
def put_awaited():
    """Healthy: a thread is about to put what it waits for, and a clock ticks."""
    results = queue.Queue()

    def fetch(child):
        return child.stdout.read()

    def work():
        child = subprocess.Popen(["tail", "-f", "/dev/null"], stdout=subprocess.PIPE)
        results.put(fetch(child))

    def result():
        return results.get()

    threading.Thread(target=Shop().beat, daemon=True).start()
    threading.Thread(target=work, daemon=True).start()
    ready()
    print(result())


class Ledger:
    """A lock that is given back only where all goes well, and a look that needs none."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rows = []

    def book(self, amount):
        self.lock.acquire()
        self.rows.append(amount)
        time.sleep(0.02 / amount)
        self.lock.release()

    def look(self):
        while True:
            time.sleep(0.3)
            print(len(self.rows), self.lock.locked(), file=sys.stderr)


def tills(amounts):
    threading.excepthook = lambda _: None
    ledger = Ledger()
    spawn("clock", ledger.look)

    def till(amount):
        while True:
            ledger.book(amount)
            time.sleep(0.01)
    found = [threading.Thread(target=till, args=(amount,)) for amount in amounts]
    for thread in found:
        thread.start()
    ready()
    for thread in found:
        thread.join()


@program
def lock_forgotten():
    """One till has failed with the lock in its hand; a clock looks on."""
    tills([0, 1, 2])


@program
def lock_slow():
    """Its healthy twin: the tills take turns, and each keeps the lock for a while."""
    tills([1, 0.3])


@program
def async_sessions_lost():
    """Sessions that failing jobs have not given back; a task looks at how many are left."""
    asyncio.run(sessions(True))


@program
def async_sessions_kept():
    """Its healthy twin: a job that goes on will give one back."""
    asyncio.run(sessions(False))


async def sessions(fails):
    free = asyncio.Queue()
    free.put_nowait("session")

    async def job(number):
        session = await free.get()
        await asyncio.sleep(0.01 if fails else 60)
        if not fails:
            free.put_nowait(session)

    async def look():
        while True:
            await asyncio.sleep(0.4)
            print(free.qsize(), file=sys.stderr)
    clock = asyncio.create_task(look())
    asyncio.get_running_loop().call_later(0.5, ready)
    await asyncio.gather(*(job(number) for number in range(4)))
    print(clock)


@program
def gate_late():
    """A notice that came before the wait, beside a server that is idle; the wait stands in a `with` block with more behind it."""
    class Gate:
        def __init__(self):
            self.condition = threading.Condition()
            self.runs = 0

        def wait(self):
            with self.condition:
                self.condition.wait()
            self.runs += 1
    gate = Gate()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.StreamRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with gate.condition:
        gate.condition.notify_all()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    ready()
    thread.join()


class Batch:
    """Counts what its threads have done, and polls until that is all."""

    def __init__(self, amounts, pause):
        threading.excepthook = lambda _: None
        self.amounts = amounts
        self.pause = pause
        self.finished = 0
        self.failed = False

    def work(self, amount):
        time.sleep(self.pause)
        self.finished += 1 // amount

    def look(self):
        while True:
            time.sleep(0.3)
            print(self.finished, file=sys.stderr)

    def run(self):
        spawn("clock", self.look)
        for amount in self.amounts:
            spawn("worker", self.work, amount)
        ready()
        while self.finished < len(self.amounts) and not self.failed:
            time.sleep(0.02)


@program
def poll_failed():
    """One of the threads whose work is counted has failed."""
    Batch([1, 0, 1], 0.01).run()


@program
def poll_slow():
    """Its healthy twin: they take their time."""
    Batch([1, 1], 60).run()


@program
def poll_stop():
    """Healthy: polls a flag by which its user may stop it, beside a thread that has come to its end."""
    batch = Batch([], 0)
    threading.Thread(target=batch.work, args=(1,)).start()
    ready()
    while not batch.failed:
        time.sleep(0.02)


@program
def output_collected():
    """Collects all output of a child that follows a file for ever."""
    threading.Timer(0.5, ready).start()
    print(subprocess.run(["tail", "-f", __file__], capture_output=True))


def filter_with(feed):
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdin.write("pear\n")
    child.stdin.flush()

    def tick():
        while True:
            time.sleep(0.02)
            feed(child)
    threading.Thread(target=tick, daemon=True).start()
    ready()
    for line in child.stdout:
        print(line)


@program
def filter_kept():
    """Reads what a filter gives to its end, and keeps the filter's input open; a thread ticks."""
    filter_with(lambda child: None)


def feed_what_lies_there(child):
    for name in [name for name in os.listdir("/") if name == "no such parcel"]:
        child.stdin.write(name)


@program
def filter_fed():
    """Its healthy twin: the thread that ticks feeds the filter with what it finds."""
    filter_with(feed_what_lies_there)


async def tell(pause):
    """Shows how far the others are, for as long as it is let."""
    while True:
        await asyncio.sleep(pause)


async def visit(pages, others):
    """Pages that take so many seconds each, in a group with `others`; then what was found on them."""
    found = []

    async def page(seconds):
        await asyncio.sleep(seconds)
        found.append(seconds)
    asyncio.get_running_loop().call_later(0.5, ready)
    async with asyncio.TaskGroup() as group:
        for other in others:
            group.create_task(other)
        for seconds in pages:
            group.create_task(page(seconds))
    return found


@program
def async_progress():
    """The pages are visited, and their group waits for the task that shows how far they are."""
    async def main():
        found = await visit([0.1, 0.2], [tell(0.05)])
        print(len(found))
    asyncio.run(main())


@program
def async_progress_gathered():
    """The same of results that are gathered."""
    async def main():
        asyncio.get_running_loop().call_later(0.3, ready)
        found = await asyncio.gather(asyncio.sleep(0.1, "page"), tell(0.05))
        print(len(found))
    asyncio.run(main())


@program
def async_progress_slow():
    """Their healthy twin: a page takes its time."""
    async def main():
        found = await visit([0.1, 60], [tell(0.05)])
        print(len(found))
    asyncio.run(main())


@program
def async_progress_kept():
    """Healthy: what goes on for ever is what the program is for, and what it does first has been done."""
    async def main():
        await visit([0.1], [tell(0.05)])
        print("left")
    asyncio.run(main())


@program
def async_progress_ends():
    """Healthy: who watches gives up by itself, with an error that belongs to what was found."""
    async def watch():
        looks = 0
        while True:
            await asyncio.sleep(0.05)
            looks += 1
            if looks > 2000:
                raise TimeoutError(looks)

    async def main():
        asyncio.get_running_loop().call_later(0.3, ready)
        found = await asyncio.gather(asyncio.sleep(0.1, "page"), watch(), return_exceptions=True)
        print(len(found))
    asyncio.run(main())


def cancelled(work):
    """A task that was given half a second; what waits for it waits on."""
    async def main():
        asyncio.get_running_loop().call_later(0.8, ready)
        await asyncio.wait_for(work(), 0.3)
    asyncio.run(main())


@program
def async_deaf():
    """Takes every end of its stream for a fault of the line, also the one that it was asked for."""
    async def follow():
        while True:
            try:
                await asyncio.sleep(0.05)
            except BaseException as fault:
                print(type(fault).__name__, "again", file=sys.stderr)
                await asyncio.sleep(0.01)
    cancelled(follow)


class Line:
    faults = 0

    async def follow(self):
        while True:
            try:
                await asyncio.sleep(0.05)
            except BaseException:
                self.faults += 1

    async def follow_well(self):
        while True:
            try:
                await asyncio.sleep(0.05)
            except BaseException:
                self.faults += 1
            if self.faults > 1:
                raise ConnectionError(self.faults)


@program
def async_counts():
    """Counts every end of its stream, also the one that it was asked for, and looks at that number nowhere."""
    cancelled(Line().follow)


@program
def async_counts_up_to():
    """Its healthy twin: of enough faults it comes to its end."""
    line = Line()
    threading.Timer(20, lambda: setattr(line, "faults", 2)).start()
    cancelled(line.follow_well)


class Wheel:
    """Takes orders one by one, and counts what went wrong."""
    def __init__(self, name, orders):
        self.name, self.orders, self.spoilt = name, orders, 0

    async def work(self):
        while True:
            try:
                await asyncio.sleep(0.01 * len(await self.orders.get()))
            except BaseException as fault:
                self.spoilt += 1
                print(self.name, "goes on after", repr(fault), file=sys.stderr)


async def tell_spoilt(wheels):
    spoilt = 0
    while True:
        await asyncio.sleep(0.1)
        for wheel in wheels:
            spoilt = max(spoilt, wheel.spoilt)


async def hand_out(wheels):
    while True:
        await asyncio.sleep(0.1)
        for wheel in wheels:
            wheel.orders.put_nowait("cup")


async def close_down(clock, awaits):
    """Closes two wheels while a clock ticks, and waits for some of these."""
    orders = asyncio.Queue()
    wheels = [Wheel("left", orders), Wheel("right", orders)]
    works = [asyncio.create_task(wheel.work()) for wheel in wheels]
    ticks = asyncio.create_task(clock(wheels))
    await asyncio.sleep(0.3)
    for work in works:
        work.cancel()
    asyncio.get_running_loop().call_later(0.3, ready)
    await asyncio.gather(*awaits(works, ticks), return_exceptions=True)
    ticks.cancel()


@program
def async_wheels_closed():
    """Wheels to which nobody gives orders any more take their end for one more fault."""
    asyncio.run(close_down(tell_spoilt, lambda works, _: works))


@program
def async_wheels_open():
    """Its healthy twin: what was cancelled was the order at hand."""
    asyncio.run(close_down(hand_out, lambda _, ticks: [ticks]))


@program
def async_relocked():
    """A room's last guest closes it while holding its lock; another waits to move in it."""
    lock = asyncio.Lock()

    async def close():
        async with lock:
            print("closed")

    async def leave():
        async with lock:
            await asyncio.sleep(0.1)
            await close()

    async def move():
        await asyncio.sleep(0.05)
        async with lock:
            print("moved")

    async def main():
        asyncio.get_running_loop().call_later(0.5, ready)
        await asyncio.gather(leave(), move(), move())
    asyncio.run(main())


@program
def async_tidy():
    """Its healthy twin: it puts things in order first, which takes as long as it takes."""
    async def follow():
        try:
            await tell(0.05)
        except asyncio.CancelledError:
            for _ in range(600):
                await asyncio.sleep(0.1)
            raise
    cancelled(follow)


@program
def async_told():
    """Healthy too: it makes a note, and comes to its end by that."""
    async def follow():
        left = 600
        is_told = False
        while left or not is_told:
            try:
                await asyncio.sleep(0.1)
                left -= 1
            except asyncio.CancelledError:
                is_told = True
    cancelled(follow)


def taker(lock, number, gives_back):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    lock.acquire()
    if number > 0 or gives_back:
        time.sleep(0.5)
        lock.release()


def takers(gives_back):
    lock = multiprocessing.get_context("fork").Lock()
    children = [multiprocessing.get_context("fork").Process(target=taker, args=(lock, number, gives_back)) for number in range(20 if gives_back else 3)]
    children[0].start()
    if not gives_back:
        children[0].join()
    for child in children[1:]:
        child.start()
    ready()
    for child in children[1:]:
        child.join()
    while True:
        time.sleep(1)


@program
def process_lock_lost():
    """Three processes take a lock that they share; the first ends without giving it back, and their parent waits for the others."""
    takers(False)


@program
def process_lock_lent():
    """Its healthy twin: each gives it back after half a second."""
    takers(True)


@program
def output_followed():
    """Its healthy twin: takes what comes, line by line."""
    child = subprocess.Popen(["tail", "-n", "0", "-f", __file__], stdout=subprocess.PIPE)
    ready()
    for line in child.stdout:
        print(line)


def lines_of(program):
    child = subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE)
    child.stdout.readline()
    ready()
    for line in child.stdout:
        print(line)


@program
def tide_told_once():
    """Reads on from a child that has told what it had to, and sleeps."""
    lines_of("import time\nprint('high tide')\ntime.sleep(4000)")


@program
def tide_told_hourly():
    """Its healthy twin: the child tells the next in an hour."""
    lines_of("import time\nwhile True:\n    print('high tide')\n    time.sleep(3600)")


def wait_for(program):
    child = subprocess.Popen([sys.executable, "-u", "-c", program + "\nprint('up')\nsignal.pause()"], stdout=subprocess.PIPE)
    child.stdout.readline()
    ready()
    child.wait()


@program
def lamp_unattended():
    """Waits for the end of a child that pauses, and that was not made to be told anything."""
    wait_for("import signal")


@program
def lamp_attended():
    """Its healthy twin: the child stays until it is told to end."""
    wait_for("import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit())")


def refresh(lock, command):
    while True:
        with lock:
            subprocess.run(command, stdout=subprocess.DEVNULL)
        time.sleep(0.2)


@program
def lock_follower():
    """Threads take turns with a lock, and one holds it while a child follows a file for ever."""
    lock = threading.Lock()
    threads = [threading.Thread(target=refresh, args=(lock, command)) for command in (["tail", "-f", __file__], ["true"])]
    for thread in threads:
        thread.start()
    ready()
    threads[0].join()


def other_process():
    """Whether this is a new process, which ends with the one that began it: PR_SET_PDEATHSIG 1, SIGKILL 9."""
    if os.fork() != 0:
        return False
    end_with_parent()
    return True


def end_with_parent():
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)


class Tokens(http.server.BaseHTTPRequestHandler):
    """Begins to answer in chunks, and stops."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"7\r\ndata: 1\r\n")
        threading.Event().wait()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def follow_events(method):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    if other_process():
        server.serve_forever()
    client = http.client.HTTPConnection("127.0.0.1", server.server_port)
    server.socket.close()
    client.request(method, "/v1/completions", body=b"{}")
    answer = client.getresponse()
    print(answer.read1())
    ready()
    print(answer.read1())


@program
def tokens_stopped():
    """The answer to a POST began and stopped between two chunks."""
    follow_events("POST")


@program
def tokens_followed():
    """Its twin: a subscription, asked for by GET, is quiet."""
    follow_events("GET")


def follow_asynchronously(follow):
    """In a task, with a client of its own: `follow` gets the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    if other_process():
        server.serve_forever()
    port = server.server_port
    server.socket.close()
    threading.Timer(0.5, ready).start()

    async def main():
        await asyncio.create_task(follow(f"http://127.0.0.1:{port}/v1/completions"))

    asyncio.run(main())


@program
def httpx_stopped():
    """httpx reads the answer to a POST, which stopped between two chunks."""
    import httpx

    async def ask(address):
        async with httpx.AsyncClient(timeout=None) as client:
            print((await client.post(address, content=b"{}")).text)

    follow_asynchronously(ask)


@program
def aiohttp_stopped():
    """aiohttp reads the whole of an answer that stopped between two chunks."""
    import aiohttp

    async def ask(address):
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as client:
            async with client.get(address) as answer:
                print(await answer.text())

    follow_asynchronously(ask)


def aiohttp_lines(method):
    import aiohttp

    async def follow(address):
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as client:
            async with client.request(method, address, data=b"{}") as answer:
                async for line in answer.content:
                    print(line)

    follow_asynchronously(follow)


@program
def aiohttp_tokens():
    """aiohttp reads the answer to a POST line by line, and it stopped between two."""
    aiohttp_lines("POST")


@program
def aiohttp_followed():
    """Its twin: a subscription, asked for by GET, is quiet."""
    aiohttp_lines("GET")


class Pictures(Tokens):
    """Answers with more than a client's kernel takes in unread, and no more than a server's holds."""
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 20))
        self.end_headers()
        self.wfile.write(bytes(1 << 20))


def httpx_lend(read):
    """Threads that share a client of one connection; `read` gets the answer that is on it. A clock ticks on."""
    import httpx
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    if other_process():
        server.serve_forever()
    server.socket.close()
    client = httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", limits=httpx.Limits(max_connections=1), timeout=None)
    spawn("clock", forever)
    read(client.send(client.build_request("GET", "/"), stream=True))
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as executor:
        pictures = [executor.submit(client.get, "/") for _ in range(3)]
        threading.Timer(0.5, ready).start()
        print(concurrent.futures.wait(pictures))


@program
def httpx_kept():
    """The first answer's body is never read: its connection is not given back."""
    kept = []
    httpx_lend(kept.append)


@program
def httpx_kept_long():
    """Its healthy twin: it is closed in a while."""
    def close(answer):
        time.sleep(60)
        answer.close()
    httpx_lend(lambda answer: spawn("closer", close, answer))


def httpx_drop(fetch):
    """Tasks that share a client of two connections beside one that ticks; `fetch` asks once for each. Twice nobody reads what comes."""
    import httpx
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    if other_process():
        server.serve_forever()
    server.socket.close()

    async def main():
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.server_port}", limits=httpx.Limits(max_connections=2), timeout=None)

        async def ask():
            return await client.send(client.build_request("GET", "/"), stream=True)

        clock = asyncio.create_task(pulse())
        asyncio.get_running_loop().call_later(0.5, ready_and_tidy)
        await fetch(ask)
        clock.cancel()

    asyncio.run(main())


def ready_and_tidy():
    """An answer and its body refer to each other: they go when the collector comes by, as it does in any program that goes on for a while."""
    import gc
    gc.collect()
    ready()


async def pulse():
    while True:
        await asyncio.sleep(0.3)


def limit_tokens(work):
    """Pieces of work that hold one of two tokens of a limiter each; `work` is what they do with it."""
    import anyio

    async def main():
        limiter = anyio.CapacityLimiter(2)

        async def piece():
            async with limiter:
                await asyncio.sleep(0.2)
                await work(limiter)

        asyncio.get_running_loop().call_later(0.5, ready)
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(piece)

    asyncio.run(main())


@program
def limiter_taken():
    """Each hands a part of its work to a child that wants a token as well."""
    import anyio

    async def part(limiter):
        async with limiter:
            show("never come to")

    async def work(limiter):
        async with anyio.create_task_group() as group:
            group.start_soon(part, limiter)

    limit_tokens(work)


@program
def limiter_lent():
    """Their healthy twin: each gives its token back in a while."""
    async def work(limiter):
        await asyncio.sleep(60)

    limit_tokens(work)


async def weigh(ask):
    return (await ask()).headers["Content-Length"]


@program
def httpx_dropped():
    """Answers are let go of without being closed: their connections are not given back, and nobody could do it any more."""
    httpx_drop(lambda ask: asyncio.gather(*(weigh(ask) for _ in range(4))))


@program
def httpx_dropped_limited():
    """Their twin: who waits gives up in a while."""
    httpx_drop(lambda ask: asyncio.wait_for(asyncio.gather(*(weigh(ask) for _ in range(4))), 60))


@program
def httpx_dropped_watched():
    """Their twin: somebody gives it up in a while."""
    async def watch(task):
        await asyncio.sleep(60)
        task.cancel()

    async def fetch(ask):
        asking = asyncio.gather(*(weigh(ask) for _ in range(4)))
        watching = asyncio.create_task(watch(asking))
        await asking
        watching.cancel()

    httpx_drop(fetch)


@program
def httpx_collected():
    """Their healthy twin: answers are kept, and closed in a while."""
    async def collect(ask, answers):
        answers.append(await ask())
        await asyncio.sleep(60)
        await answers.pop().aclose()

    httpx_drop(lambda ask: asyncio.gather(*(collect(ask, []) for _ in range(4))))


@program
def httpx_dropped_by_threads():
    """Threads let go of answers in the same way."""
    import httpx
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    if other_process():
        server.serve_forever()
    server.socket.close()
    client = httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", limits=httpx.Limits(max_connections=2), timeout=None)
    spawn("clock", forever)
    threading.Timer(0.5, ready_and_tidy).start()
    for _ in range(4):
        print(client.send(client.build_request("GET", "/"), stream=True).status_code)


@program
def httpx_followed():
    """Their twin: a subscription, asked for by GET, is quiet."""
    import httpx

    async def follow(address):
        async with httpx.AsyncClient(timeout=None) as client:
            async with client.stream("GET", address) as answer:
                async for line in answer.aiter_lines():
                    print(line)

    follow_asynchronously(follow)


@program
def mail_silent():
    """A relay greets, and does not answer; it looks after something else every tenth of a second."""
    server = socket.create_server(("127.0.0.1", 0))
    if other_process():
        selector = selectors.DefaultSelector()
        connection = server.accept()[0]
        connection.sendall(b"220 relay\r\n")
        selector.register(connection, selectors.EVENT_READ)
        while True:
            if selector.select(0.1):
                connection.recv(1000)
    port = server.getsockname()[1]
    server.close()
    threading.Timer(0.5, ready).start()
    smtplib.SMTP("127.0.0.1", port).ehlo()


def on_a_loop_of_its_own(started):
    """A loop that runs until it is told to stop, with nothing to do on it."""
    loop = asyncio.new_event_loop()
    started.append(loop)
    loop.run_forever()
    return len(started)


def tick_on():
    while True:
        time.sleep(0.02)


@program
def loop_left():
    """The work that was to stop its loop has failed; main waits for its result, and a thread ticks."""
    threading.Thread(target=tick_on, daemon=True).start()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        result = pool.submit(on_a_loop_of_its_own, [])
        ready()
        print(result.result())


@program
def loop_lent():
    """Its twin: the thread that ticks has the loop, and stops it some day."""
    started = []

    def look_after():
        for _ in range(10**9):
            time.sleep(0.02)
        started[0].call_soon_threadsafe(started[0].stop)

    threading.Thread(target=look_after, daemon=True).start()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        result = pool.submit(on_a_loop_of_its_own, started)
        ready()
        print(result.result())


class Desk:
    """Works for threads on a loop of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.runner = spawn("desk", self.loop.run_forever)

    async def stamp(self, seconds):
        await asyncio.sleep(seconds)
        return seconds

    def ask(self, seconds):
        return asyncio.run_coroutine_threadsafe(self.stamp(seconds), self.loop).result()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.runner.join()


@program
def loop_stopped():
    """A loop is stopped while a thread waits for what it has begun; main waits for the thread."""
    desk = Desk()
    desk.ask(0)
    clerk = spawn("clerk", desk.ask, 0.3)
    time.sleep(0.1)
    desk.close()
    ready()
    clerk.join()


@program
def loop_stopped_before():
    """Work is given to a loop that has been stopped; a thread ticks."""
    threading.Thread(target=tick_on, daemon=True).start()
    desk = Desk()
    desk.ask(0)
    desk.close()
    ready()
    print(desk.ask(0))


@program
def loop_run_again():
    """Their twin: nobody runs the loop while main is at something else, and then it does."""
    loop = asyncio.new_event_loop()

    async def stamp():
        await asyncio.sleep(0)

    def ask():
        while True:
            asyncio.run_coroutine_threadsafe(stamp(), loop).result()

    spawn("clerk", ask)
    ready()
    while True:
        loop.run_until_complete(asyncio.sleep(0.01))
        time.sleep(0.2)


@program
def loop_yet_to_run():
    """Nobody has run the loop so far: main has other things to see to first, for which threads came and went."""
    loop = asyncio.new_event_loop()
    spawn("helper", time.sleep, 0).join()
    spawn("clerk", lambda: asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result())
    ready()
    for _ in range(10**9):
        time.sleep(0.2)
    loop.run_forever()


def pause(wake, seconds):
    wake.wait(seconds)


@program
def event_days():
    """Between two attempts it waits for a date taken for a number of seconds, at an event that nobody sets."""
    threading.Thread(target=tick_on, daemon=True).start()
    ready()
    pause(threading.Event(), 2_000_000)


@program
def event_days_told():
    """Its twin: who ticks sets the event some day."""
    wake = threading.Event()

    def look_after():
        for _ in range(10**9):
            time.sleep(0.02)
        wake.set()

    threading.Thread(target=look_after, daemon=True).start()
    ready()
    pause(wake, 2_000_000)


def take_orders(connection, other):
    other.close()
    while connection.recv():
        pass


def give_orders(clock):
    """A child takes orders from a pipe until it is told to end; who started it waits for that."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=take_orders, args=(there, here))
    child.start()
    threading.Thread(target=clock, args=(here,), daemon=True).start()
    here.send(1)
    ready()
    child.join()


@program
def orders_end():
    """Nobody tells it; a thread ticks."""
    give_orders(lambda _: tick_on())


@program
def orders_come():
    """Its twin: the thread that ticks has the connection, and gives an order some day."""
    def look_after(connection):
        for _ in range(10**9):
            time.sleep(0.02)
        connection.send(0)

    give_orders(look_after)


async def gather_work(threads):
    loop = asyncio.get_running_loop()
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(threads))
    clock = asyncio.create_task(Feed().beat())
    items = queue.Queue()

    def consume():
        return items.get()

    def produce():
        for _ in range(10**9):
            time.sleep(0.02)
        items.put(1)

    consumer = loop.run_in_executor(None, consume)
    producer = loop.run_in_executor(None, produce)
    ready()
    print(await asyncio.gather(consumer, producer), clock)


@program
def gather_full():
    """The one thread of a pool waits for what the next piece of work would put; a task ticks and another gathers their results."""
    asyncio.run(gather_work(1))


@program
def gather_wide():
    """Its twin: a second thread puts it some day."""
    asyncio.run(gather_work(2))


class Watcher:
    def __init__(self):
        self.running = True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.running:
            time.sleep(0.02)

    def close(self):
        self.thread.join()
        self.running = False


@program
def poll_joined():
    """Who is to tell a thread to stop waits for its end first."""
    poller = Watcher()
    ready()
    poller.close()


@program
def poll_kept():
    """Its twin: main waits for the thread only to keep the program alive."""
    poller = Watcher()
    ready()
    poller.thread.join()


def few_orders():
    """The port of a process that has a few orders for whoever connects, the next one when the last was answered, and then no more."""
    server = socket.create_server(("127.0.0.1", 0))
    if other_process():
        connection = server.accept()[0]
        for _ in range(4):
            connection.sendall(b"order\n")
            connection.recv(100)
        threading.Event().wait()
    port = server.getsockname()[1]
    server.close()
    threading.Timer(0.5, ready).start()
    return port


class Bench:
    def __init__(self):
        self.connection = socket.create_connection(("127.0.0.1", few_orders()))
        self.lines = self.connection.makefile("rb")

    def take(self):
        return self.lines.readline()

    def work_on(self, order):
        time.sleep(0.02)
        self.tell(b"done " + order)

    def tell(self, words):
        self.connection.sendall(words)


@program
def orders_answered():
    """A worker has said that its last order is done, and waits for the next one."""
    bench = Bench()
    bench.tell(b"here\n")
    while True:
        order = bench.take()
        bench.work_on(order)


@program
def orders_asked():
    """Its twin that hangs: it has asked for the next one."""
    bench = Bench()
    bench.take()
    while True:
        bench.tell(b"next\n")
        bench.take()
        time.sleep(0.02)


async def answer_orders():
    reader, writer = await asyncio.open_connection("127.0.0.1", few_orders())
    while True:
        order = await reader.readline()
        await asyncio.sleep(0.02)
        writer.write(b"done " + order)


@program
def async_orders_answered():
    """A worker on an event loop has said that its last order is done."""
    asyncio.run(answer_orders())



def serve_apart(serve):
    """The port of a process that serves one connection."""
    server = socket.create_server(("127.0.0.1", 0))
    if other_process():
        serve(server.accept()[0])
    port = server.getsockname()[1]
    server.close()
    threading.Timer(0.5, ready).start()
    return port


def silent_server():
    """Reads what is sent to it, and says nothing."""
    def serve(connection):
        while connection.recv(100):
            pass

    return serve_apart(serve)


def beating_server():
    """Says a little again and again, once it was asked."""
    def serve(connection):
        connection.recv(100)
        while True:
            connection.sendall(b".\n")
            time.sleep(0.3)

    return serve_apart(serve)


async def read_now_and_then(address):
    """Reads on after half a minute, while another task ticks."""
    async def tick():
        while True:
            await asyncio.sleep(0.3)

    reader, _ = await asyncio.open_connection(*address)
    ticks = asyncio.create_task(tick())
    while await reader.read(1000):
        await asyncio.sleep(30)
    await ticks


@program
def async_reader_paced():
    """Writes to another process whose task keeps to a rate."""
    server = socket.create_server(("127.0.0.1", 0))
    if other_process():
        asyncio.run(read_now_and_then(server.getsockname()))
    connection = server.accept()[0]
    threading.Timer(0.5, ready).start()
    while True:
        connection.sendall(bytes(1_000_000))


def show(line):
    print(line)


def follow_feed(port):
    feed = socket.create_connection(("127.0.0.1", port))
    lines = feed.makefile("rb")
    feed.sendall(b"subscribe\n")
    for line in lines:
        show(line)


@program
def feed_quiet():
    """Has subscribed to something of which there is no news yet."""
    follow_feed(silent_server())


@program
def feed_beats():
    """Has subscribed to something of which there is only a sign of life now and then."""
    follow_feed(beating_server())


async def follow_feed_on_loop():
    reader, writer = await asyncio.open_connection("127.0.0.1", silent_server())
    writer.write(b"subscribe\n")
    while line := await reader.readline():
        show(line)


@program
def async_feed_quiet():
    """The same on an event loop."""
    asyncio.run(follow_feed_on_loop())


@program
def async_feed_beats():
    """Signs of life on an event loop."""
    async def follow():
        reader, writer = await asyncio.open_connection("127.0.0.1", beating_server())
        writer.write(b"subscribe\n")
        async for line in reader:
            show(line)

    asyncio.run(follow())


# Calls whose answers are told apart by their numbers


def numbered_server(pause=0.0, news=b""):
    """Answers two calls by their numbers, and the third by another one; pauses before it reads on."""
    def serve(connection):
        for count, number in enumerate(connection.makefile("rb")):
            time.sleep(0.05)
            connection.sendall(b"7" + number if count == 2 and not news else news if count == 2 else number)
            time.sleep(pause if count == 2 else 0)

    return serve_apart(serve)


class Calls:
    """Threads whose calls a reader of the one connection ends."""
    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.open = {}
        spawn("reader", self.read)

    def read(self):
        for line in self.connection.makefile("rb"):
            number = int(line) if line.strip().isdigit() else None
            call = self.open.pop(number, None)
            if call is None:
                show(line)
            else:
                call.set_result(line)

    def call(self, number):
        answer = self.open[number] = concurrent.futures.Future()
        self.connection.sendall(b"%d\n" % number)
        return answer.result()

    def give_up(self):
        for _ in range(10**9):
            time.sleep(0.02)
        for call in self.open.values():
            call.set_exception(TimeoutError())


def call_on(calls):
    spawn("ticker", forever)
    for number in range(1, 10):
        show(calls.call(number))


@program
def call_misnumbered():
    """The answer to a call came under a number that nobody has."""
    call_on(Calls(numbered_server()))


@program
def call_misnumbered_watched():
    """Its twin: another thread gives up calls that take too long."""
    calls = Calls(numbered_server())
    spawn("watch", calls.give_up)
    call_on(calls)


@program
def call_worked_on():
    """Its twin: who answered under another number is still at work."""
    call_on(Calls(numbered_server(pause=60)))


@program
def call_amid_news():
    """Its twin: what came last were news, which have no number, and the answer comes when it comes."""
    call_on(Calls(numbered_server(news=b"news\n")))


async def call_on_loop(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    open_calls = {}

    async def read():
        while line := await reader.readline():
            answer = {"number": int(line)}
            call = open_calls.get(answer["number"])
            if call is not None:
                call.set_result(answer)

    async def call(number):
        answer = open_calls[number] = asyncio.get_running_loop().create_future()
        writer.write(b"%d\n" % number)
        return await answer

    async def call_all():
        for number in range(1, 10):
            show(await call(number))
    await asyncio.gather(read(), call_all(), Feed().beat())


@program
def async_call_misnumbered():
    """The same on an event loop."""
    asyncio.run(call_on_loop(numbered_server()))


@program
def async_call_worked_on():
    """Its twin on an event loop."""
    asyncio.run(call_on_loop(numbered_server(pause=60)))


def fetch_in_parts(port):
    server = socket.create_connection(("127.0.0.1", port))
    server.sendall(b"get\n")
    answer = b""
    while True:
        part = server.recv(100)
        if not part:
            break
        answer += part
    show(answer)


@program
def answer_in_parts():
    """Their twin that hangs: puts together the answer to what it asked."""
    fetch_in_parts(silent_server())


@program
def answer_in_crumbs():
    """The same, of which so little comes each time that it will never be whole."""
    fetch_in_parts(beating_server())


@contextlib.asynccontextmanager
async def enter_room(port):
    import aiohttp
    async with aiohttp.ClientSession() as client, client.ws_connect(f"http://127.0.0.1:{port}") as room:
        yield room


async def tell_room(port):
    """Tells a room something by a websocket, and listens."""
    async with enter_room(port) as room:
        await room.send_str("hello")
        async for message in room:
            print(message.data)


async def ask_room(port):
    async with enter_room(port) as room:
        await room.send_str("who is here?")
        print((await room.receive()).data)


async def keep_room(listener, attend):
    import aiohttp.web

    async def handle(request):
        room = aiohttp.web.WebSocketResponse()
        await room.prepare(request)
        await attend(room)
        return room

    application = aiohttp.web.Application()
    application.router.add_get("/", handle)
    runner = aiohttp.web.AppRunner(application)
    await runner.setup()
    await aiohttp.web.SockSite(runner, listener).start()
    threading.Timer(0.5, ready).start()
    await asyncio.Event().wait()


async def write_down(room):
    async for message in room:
        show(message.data)


@program
def aiohttp_room():
    """Healthy: keeps a room in which a child has said something, and now listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if other_process():
        listener.close()
        asyncio.run(tell_room(port))
    asyncio.run(keep_room(listener, write_down))


def visit_room(attend, visit=tell_room):
    """The room is kept by another process."""
    listener = socket.create_server(("127.0.0.1", 0))
    if other_process():
        asyncio.run(keep_room(listener, attend))
    port = listener.getsockname()[1]
    listener.close()
    threading.Timer(0.5, ready).start()
    asyncio.run(visit(port))


@program
def aiohttp_room_visited():
    """Healthy: has said something in a room where nobody answers."""
    visit_room(write_down)


@program
def aiohttp_room_beats():
    """Healthy: is told very little, again and again."""
    async def beat(room):
        while True:
            await room.send_str(".")
            await asyncio.sleep(0.3)

    visit_room(beat)


@program
def aiohttp_room_blocked():
    """Hangs: whoever keeps the room has heard what was asked, and waits for something else."""
    async def attend(room):
        await room.receive()
        await asyncio.Event().wait()

    visit_room(attend, ask_room)


@program
def async_child_awaited():
    """Waits for a child that sleeps, beside a clock."""
    async def main():
        clock = asyncio.create_task(Feed().beat())
        child = await asyncio.create_subprocess_exec("sleep", "100000")
        ready()
        print(await child.wait(), clock)

    asyncio.run(main())


@program
def async_child_beside():
    """Its healthy twin: serves others, and the child is there as long as that does."""
    async def main():
        child = await asyncio.create_subprocess_exec("sleep", "100000")
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        ready()
        await server.serve_forever()
        print(child)

    asyncio.run(main())


async def ask_itself(ask):
    """A server whose handler asks the server itself for something."""
    async def serve(reader, writer):
        question = await reader.readline()
        if question == b"total\n":
            await ask(server.sockets[0].getsockname()[1])
        writer.write(b"7\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    threading.Timer(0.5, ready).start()
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"total\n")
    await server.serve_forever()


def fetch_part(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"part\n")
        return connection.makefile().readline()


@program
def loop_asks_itself():
    """The loop that would accept the connection waits for what comes on it."""
    async def ask(port):
        return fetch_part(port)

    asyncio.run(ask_itself(ask))


@program
def loop_asks_aside():
    """Its twin: another thread asks, and the loop answers."""
    async def ask(port):
        return await asyncio.to_thread(fetch_part, port)

    asyncio.run(ask_itself(ask))


class Exchange:
    """A selector loop of the program's own, on a thread of its own; who asks for a sum gets it from parts."""
    def __init__(self, part):
        self.part, self.selector = part, selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)

    def accept(self, listener):
        self.selector.register(listener.accept()[0], selectors.EVENT_READ, self.serve)

    def serve(self, connection):
        question = connection.recv(64)
        if question:
            connection.sendall(self.part(self) if question == b"sum" else b"7")
        else:
            self.selector.unregister(connection)
            connection.close()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                key.data(key.fileobj)


def ask(address, question):
    with socket.create_connection(address) as connection:
        connection.sendall(question)
        return connection.recv(64)


def exchange(part):
    """Beside a thread that ticks, the main thread asks for a sum."""
    def tick():
        while True:
            time.sleep(0.3)

    own = Exchange(part)
    threading.Thread(target=own.run, daemon=True).start()
    ask(own.address, b"part")
    threading.Thread(target=tick, daemon=True).start()
    threading.Timer(0.5, ready).start()
    ask(own.address, b"sum")


@program
def exchange_asks_itself():
    exchange(lambda own: ask(own.address, b"part"))


@program
def exchange_asks_worker():
    """Its twin: slow, and the loop waits for whoever brings the parts."""
    pool = concurrent.futures.ThreadPoolExecutor(1)

    def add_up():
        for _ in range(600):
            time.sleep(0.1)
        return b"7"

    exchange(lambda own: pool.submit(add_up).result())


def on_uvloop(main):
    import uvloop
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main)


class Meter(asyncio.Protocol):
    """Hands each line that comes to the oldest who asked."""

    def __init__(self):
        self.asked = []

    def data_received(self, line):
        self.asked.pop(0).set_result(line)

    async def read(self):
        answer = asyncio.get_running_loop().create_future()
        self.asked.append(answer)
        return await answer


async def beside_beats(*jobs):
    async def beat():
        while True:
            await asyncio.sleep(0.2)

    beats = asyncio.create_task(beat())
    asyncio.get_running_loop().call_later(0.3, ready)
    await asyncio.gather(*jobs)
    beats.cancel()


@program
def uvloop_asked():
    """Waits for what no connection brings, beside a clock."""
    async def main():
        meter = Meter()
        await beside_beats(meter.read(), meter.read())
    on_uvloop(main())


@program
def uvloop_listens():
    """Its healthy twin: a connection may bring it."""
    async def main():
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        _, meter = await asyncio.get_running_loop().create_connection(Meter, *server.sockets[0].getsockname())
        await beside_beats(meter.read(), meter.read())
    on_uvloop(main())


@program
def uvloop_timer():
    """Healthy: a timer will let it go on."""
    async def main():
        opened = asyncio.Event()
        asyncio.get_running_loop().call_later(600, opened.set)
        await beside_beats(opened.wait(), opened.wait())
    on_uvloop(main())


@program
def uvloop_locks():
    """Two tasks take two locks in opposite order, beside a clock."""
    async def main():
        left, right = asyncio.Lock(), asyncio.Lock()
        await beside_beats(take_both(left, right), take_both(right, left))
    on_uvloop(main())


@program
def uvloop_asks():
    """Has asked somebody who reads and says nothing, beside a clock."""
    address = collector()

    async def ask():
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"how many?\n")
        return await reader.readline()
    on_uvloop(beside_beats(ask()))


class Lessor:
    """Lends what is free, and keeps a list of what it has lent."""

    def __init__(self):
        self.free = queue.Queue()
        self.free.put("line")
        self.lent = []
        self.rounds = 0

    def lend(self):
        loan = Loan(self, self.free.get())
        self.lent.append(loan)
        return loan

    def take_back(self):
        self.lent.pop(0).end()

    def tell(self, most):
        while True:
            time.sleep(0.2)
            print(len(self.lent), "lent")
            self.rounds += 1
            if self.rounds > most:
                self.take_back()

    def only_tell(self):
        while True:
            time.sleep(0.2)
            print(len(self.lent), "lent")


class Loan:
    def __init__(self, lessor, line):
        self.lessor, self.line = lessor, line

    def end(self):
        self.lessor.free.put(self.line)


@program
def loans_counted():
    """Nobody ends a loan: a thread only says how many there are."""
    lessor = Lessor()
    spawn("teller", lessor.only_tell)
    lessor.lend()
    threading.Timer(0.5, ready).start()
    lessor.lend()


@program
def loans_taken_back():
    """Its healthy twin: after some rounds, loans are taken back."""
    lessor = Lessor()
    spawn("teller", lessor.tell, 10_000)
    lessor.lend()
    threading.Timer(0.5, ready).start()
    lessor.lend()


def rest(seconds):
    time.sleep(seconds)
    return seconds


@program
def workers_rest():
    """Healthy: processes that work for it sleep for some minutes."""
    with concurrent.futures.ProcessPoolExecutor(2, initializer=end_with_parent) as workers:
        results = [workers.submit(rest, 300), workers.submit(rest, 400)]
        threading.Timer(1, ready).start()
        print([result.result() for result in results])


async def at_times(pause, job):
    while True:
        await asyncio.sleep(pause)
        await job()


async def report():
    print("reported")


@program
def jobs_of_the_night():
    """Healthy: jobs that are done every few hours."""
    async def main():
        asyncio.get_running_loop().call_later(0.5, ready)
        await asyncio.gather(at_times(7200, report), at_times(10_800, report))

    asyncio.run(main())


@program
def report_of_tomorrow():
    """What others wait for sleeps for hours, once, in the middle of its work."""
    async def fetch(pause):
        await asyncio.sleep(pause)
        await report()

    async def main():
        asyncio.get_running_loop().call_later(0.5, ready)
        await asyncio.gather(fetch(9_500), fetch(10_450))

    asyncio.run(main())


@program
def message_awaited():
    await_message(duplex=False)


@program
def message_awaited_on_pair():
    await_message(duplex=True)


def await_message(duplex):
    """Healthy: a child of its own will send one in some minutes."""
    def send(end):
        end_with_parent()
        time.sleep(300)
        end.send("done")

    inner, outer = multiprocessing.Pipe(duplex)
    child = multiprocessing.Process(target=send, args=(outer,), daemon=True)
    child.start()
    outer.close()
    ready()
    print(inner.recv())


if __name__ == "__main__":
    programs[sys.argv[1]]()
