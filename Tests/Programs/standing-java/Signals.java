import java.util.Map;
import java.util.concurrent.*;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** Waits to be told something: by threads that are gone, or that will do so in time. */
class Signals {
    static void add(Map<String, Standing.Program> programs) {
        programs.put("object-wait", () -> { Object lock = new Object(); synchronized (lock) { lock.wait(); } });
        programs.put("condition", () -> {
            ReentrantLock lock = new ReentrantLock();
            Condition ready = lock.newCondition();
            lock.lock();
            ready.await();
        });
        programs.put("latch", () -> {
            CountDownLatch latch = new CountDownLatch(3);
            for (int i = 0; i < 2; i++) Standing.start("worker-" + i, latch::countDown);
            latch.await();
        });
        programs.put("semaphore", () -> { Semaphore permits = new Semaphore(1); permits.acquire(); permits.acquire(); });
        programs.put("barrier", () -> {
            CyclicBarrier barrier = new CyclicBarrier(3);
            for (int i = 0; i < 2; i++) Standing.start("party-" + i, barrier::await);
        });
        programs.put("phaser", () -> new Phaser(2).arriveAndAwaitAdvance());
        programs.put("future-dropped", () -> new CompletableFuture<String>().get());
        programs.put("queue-empty", () -> {
            BlockingQueue<String> queue = new LinkedBlockingQueue<>();
            Standing.start("producer", () -> queue.put("one"));
            while (true) queue.take();
        });
        programs.put("queue-full", () -> {
            BlockingQueue<String> queue = new ArrayBlockingQueue<>(1);
            Standing.start("consumer", () -> queue.take());
            while (true) queue.put("one");
        });
        programs.put("handover", () -> new SynchronousQueue<String>().put("one"));
        programs.put("parked", () -> LockSupport.park());
        programs.put("healthy-latch", () -> {
            CountDownLatch latch = new CountDownLatch(1);
            Standing.start("worker", () -> { Standing.pause(600_000); latch.countDown(); });
            latch.await();
        });
        programs.put("healthy-queue", () -> {
            BlockingQueue<String> queue = new LinkedBlockingQueue<>();
            Standing.start("producer", () -> { while (true) { Standing.pause(100); queue.put("one"); } });
            while (true) queue.take();
        });
        programs.put("healthy-hook", () -> {
            CountDownLatch stop = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(stop::countDown));
            stop.await();
        });
    }
}
