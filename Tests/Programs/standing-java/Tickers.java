import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.StampedLock;

/** Waits beside a thread that only ticks, or that does what is waited for in the end. */
class Tickers {
    static volatile long beats;
    static final Semaphore permits = new Semaphore(1);
    static final StampedLock lock = new StampedLock();
    static final CompletableFuture<String> answer = new CompletableFuture<>();

    static void beat() {
        Executors.newScheduledThreadPool(1).scheduleAtFixedRate(() -> beats++, 0, 300, TimeUnit.MILLISECONDS);
    }

    private static void close(ExecutorService pool) throws InterruptedException {
        pool.shutdown();
        pool.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    }

    static void add(Map<String, Standing.Program> programs) {
        programs.put("beside-latch", () -> {
            beat();
            indexAll(new CountDownLatch(2));
        });
        programs.put("beside-permits", () -> {
            beat();
            for (int number = 0; number < 3; number++) query(number);
        });
        programs.put("beside-answer", () -> {
            Standing.start("beat", () -> { while (true) Standing.pause(300); });
            Standing.start("client", () -> { if (beats < 0) answer.complete("never"); });
            System.out.println(ask());
        });
        programs.put("beside-stamp", () -> {
            beat();
            put();
        });
        programs.put("beside-reader", () -> {
            beat();
            BlockingQueue<String> rows = new ArrayBlockingQueue<>(10);
            Thread writer = Standing.start("writer", () -> {
                String row;
                while (!(row = rows.take()).equals("end")) row.length();
            });
            Standing.start("reader", () -> {
                for (int row = 0; row < 3; row++) rows.put("row " + row);
                if (beats < 0) rows.put("end");
            });
            writer.join();
        });
        programs.put("beside-retried", () -> {
            beat();
            loads.put("first");
            if (beats < 0) loads.put("never");
            for (int round = 0; round < 3; round++) deliver();
        });
        programs.put("beside-closing", () -> {
            beat();
            BlockingQueue<String> rows = new LinkedBlockingQueue<>();
            ExecutorService pool = Executors.newFixedThreadPool(2);
            pool.submit(() -> rows.take() + rows.take());
            rows.put("first");
            close(pool);
            rows.put("second");
        });
        programs.put("beside-lent", () -> {
            ScheduledExecutorService clock = Executors.newScheduledThreadPool(1, Tickers::quiet);
            clock.scheduleAtFixedRate(() -> beats++, 0, 300, TimeUnit.MILLISECONDS);
            printAll();
            clock.shutdown();
        });
        // Well.
        programs.put("beside-lent-back", () -> {
            // Whose end gives back what is waited for.
            ScheduledExecutorService clock = new ScheduledThreadPoolExecutor(1, Tickers::quiet) {
                @Override protected void terminated() { trays.giveBack("spare"); }
            };
            clock.scheduleAtFixedRate(() -> beats++, 0, 300, TimeUnit.MILLISECONDS);
            printAll();
            clock.shutdown();
        });
        programs.put("beside-lent-keeper", () -> {
            ScheduledExecutorService clock = Executors.newScheduledThreadPool(1, Tickers::quiet);
            ScheduledFuture<?> ticks = clock.scheduleAtFixedRate(() -> beats++, 0, 300, TimeUnit.MILLISECONDS);
            Standing.start("keeper", () -> {
                try { ticks.get(); } catch (CancellationException over) { trays.giveBack("spare"); }
            });
            printAll();
            clock.shutdown();
        });
        programs.put("beside-crew", () -> {
            beat();
            BlockingQueue<Runnable> jobs = new LinkedBlockingQueue<>();
            Thread worker = Standing.start("worker", () -> { while (true) jobs.take().run(); });
            for (int job = 0; job < 3; job++) jobs.put(() -> beats++);
            worker.join();
        });
        programs.put("beside-shutdown", () -> {
            beat();
            CountDownLatch stop = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(stop::countDown));
            serve(stop);
        });
        programs.put("beside-rows", () -> {
            CountDownLatch written = new CountDownLatch(1);
            Standing.start("writer", () -> {
                for (int row = 0; row < 10_000; row++) Standing.pause(300);
                written.countDown();
            });
            serve(written);
        });
        programs.put("beside-scheduled", () -> {
            CountDownLatch done = new CountDownLatch(1);
            Executors.newScheduledThreadPool(1).scheduleAtFixedRate(() -> { if (++beats > 10_000) done.countDown(); }, 0, 300, TimeUnit.MILLISECONDS);
            serve(done);
        });
    }

    private static Thread quiet(Runnable work) {
        Thread thread = new Thread(work, "clock");
        thread.setDaemon(true);
        return thread;
    }

    /** Lends trays of paper. */
    static class TrayPool {
        private final BlockingDeque<String> free = new LinkedBlockingDeque<>(List.of("upper", "lower"));

        String borrow() throws InterruptedException { return free.takeFirst(); }
        void giveBack(String tray) { free.addFirst(tray); }
    }

    static final TrayPool trays = new TrayPool();

    private static void print(int page) throws InterruptedException {
        String tray = trays.borrow();
        if (page % 4 == 1) throw new IllegalArgumentException("page " + page + " is empty");
        trays.giveBack(tray);
    }

    /** Gives up after a day. */
    private static void printAll() throws InterruptedException {
        ExecutorService printers = Executors.newFixedThreadPool(3);
        for (int page = 0; page < 20; page++) {
            int number = page;
            printers.submit(() -> {
                print(number);
                return number;
            });
        }
        printers.shutdown();
        printers.awaitTermination(1, TimeUnit.DAYS);
    }

    private static void serve(CountDownLatch end) throws InterruptedException { end.await(); }

    private static void indexAll(CountDownLatch parts) throws InterruptedException {
        for (int part = 0; part < 2; part++) {
            int number = part;
            Standing.start("part-" + part, () -> {
                if (number == 1) return;
                parts.countDown();
            });
        }
        parts.await();
    }

    private static void query(int number) throws InterruptedException {
        permits.acquire();
        if (number == 1) return;
        permits.release();
    }

    private static String ask() throws Exception { return answer.get(); }

    static final BlockingQueue<String> loads = new LinkedBlockingQueue<>();

    // Puts back only what it failed with.
    private static void deliver() throws InterruptedException {
        String load = loads.take();
        if (load.isEmpty()) loads.put(load);
    }

    private static void put() {
        long stamp = lock.writeLock();
        evict();
        lock.unlockWrite(stamp);
    }

    private static void evict() {
        long stamp = lock.writeLock();
        lock.unlockWrite(stamp);
    }
}
