import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import java.util.stream.IntStream;

/** Monitors and locks: circles, holders that wait elsewhere, and twins that get on. */
class Locks {
    static final Object first = new Object(), second = new Object();
    static final ReentrantLock one = new ReentrantLock(), two = new ReentrantLock();
    static final CountDownLatch both = new CountDownLatch(2);
    static long tally;

    static void add(Map<String, Standing.Program> programs) {
        programs.put("monitor-cycle", () -> {
            Thread left = Standing.start("left", () -> nested(first, second));
            Standing.start("right", () -> nested(second, first));
            left.join();
        });
        programs.put("lock-cycle", () -> {
            Standing.start("left", () -> nested(one, two));
            Standing.start("right", () -> nested(two, one));
        });
        programs.put("mixed-cycle", () -> {
            Standing.start("left", () -> { synchronized (first) { meet(); one.lock(); } });
            Standing.start("right", () -> { one.lock(); meet(); synchronized (first) { one.unlock(); } });
        });
        programs.put("class-cycle", () -> {
            Standing.start("left", () -> System.out.println(Alpha.value));
            Standing.start("right", () -> System.out.println(Beta.value));
        });
        programs.put("class-needs-pool", () -> System.out.println(Gamma.value));
        programs.put("class-needs-stream", () -> Standing.start("front", () -> System.out.println(Delta.values.length)).join());
        programs.put("healthy-stream", () -> {
            while (true) IntStream.range(0, 8).parallel().forEach(i -> Standing.pause(100));
        });
        programs.put("read-upgrade", () -> {
            ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
            lock.readLock().lock();
            lock.writeLock().lock();
        });
        programs.put("stamped-self", () -> {
            StampedLock lock = new StampedLock();
            lock.writeLock();
            lock.readLock();
        });
        programs.put("join-holding", () -> {
            Thread worker = Standing.start("worker", () -> { meet(); synchronized (first) { first.notify(); } });
            synchronized (first) { meet(); worker.join(); }
        });
        programs.put("holder-sleeps", () -> {
            Standing.start("holder", () -> { synchronized (first) { meet(); Standing.pause(3_600_000); } });
            meet();
            synchronized (first) { first.notify(); }
        });
        programs.put("holder-waits", () -> {
            Standing.start("holder", () -> { one.lock(); meet(); new CountDownLatch(1).await(); });
            meet();
            one.lock();
        });
        programs.put("owner-gone", () -> {
            Thread holder = Standing.start("holder", one::lock);
            holder.join();
            one.lock();
        });
        programs.put("healthy-holder-computes", () -> {
            Standing.start("holder", () -> { one.lock(); meet(); for (long n = 1, sum = 0; n != 0; n++) { sum = sum * 31 + n; tally = sum; } });
            meet();
            one.lock();
        });
        programs.put("healthy-contention", () -> {
            for (int i = 0; i < 3; i++) Standing.start("worker-" + i, () -> {
                while (true) { synchronized (first) { Standing.pause(5); } }
            });
        });
        programs.put("healthy-lock-contention", () -> {
            for (int i = 0; i < 3; i++) Standing.start("worker-" + i, () -> {
                while (true) { one.lock(); try { Standing.pause(20); } finally { one.unlock(); } }
            });
        });
    }

    static void nested(Object outer, Object inner) throws Exception {
        synchronized (outer) { meet(); synchronized (inner) { System.out.println("never"); } }
    }

    static void nested(ReentrantLock outer, ReentrantLock inner) throws Exception {
        outer.lock();
        meet();
        inner.lock();
    }

    static void meet() throws InterruptedException {
        both.countDown();
        both.await();
    }

    static class Alpha {
        static int value;
        static { try { meet(); } catch (InterruptedException e) { } value = Beta.value + 1; }
    }

    static class Beta {
        static int value;
        static { try { meet(); } catch (InterruptedException e) { } value = Alpha.value + 1; }
    }

    static class Gamma {
        static int value;
        static {
            try { value = Executors.newFixedThreadPool(1).submit(() -> offset()).get(); } catch (Exception e) { }
        }
        static int offset() { return 7; }
    }

    static class Delta {
        static final int[] values = IntStream.range(0, 64).parallel().map(Locks::part).toArray();
        static int square(int i) { return i * i; }
    }

    static final CountDownLatch begun = new CountDownLatch(1);

    /** The thread that initializes the class goes on only when a worker has taken a part. */
    static int part(int i) {
        if (Thread.currentThread() instanceof ForkJoinWorkerThread) {
            begun.countDown();
            return Delta.square(i);
        }
        try { begun.await(); } catch (InterruptedException e) { }
        return i;
    }
}
