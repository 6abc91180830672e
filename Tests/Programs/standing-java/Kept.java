import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A program that has started up with latches and futures, and then waits at one that nobody is to open, or that somebody was. */
class Kept {
    private final CountDownLatch ended = new CountDownLatch(1);

    /** Nobody calls it. */
    void end() { ended.countDown(); }

    void untilEnded() throws InterruptedException { ended.await(); }

    private static void startUp() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(2);
        CountDownLatch up = new CountDownLatch(1);
        pool.execute(up::countDown);
        up.await();
        Semaphore tested = new Semaphore(0);
        pool.execute(tested::release);
        tested.acquire();
        CompletableFuture<String> settings = new CompletableFuture<>();
        pool.execute(() -> settings.complete("all"));
        settings.get();
        Tickers.beat();
    }

    /** Whoever was to open it looks first whether there is anything to do. */
    private static void migrate(String[] steps) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        Thread worker = Standing.start("migration", () -> { if (steps.length > 0) done.countDown(); });
        worker.join();
        done.await();
        System.out.println("migrated");
    }

    /** Stays until it is relieved. */
    static class Post {
        private boolean over;

        synchronized void stay() throws InterruptedException { while (!over) wait(); }

        synchronized void relieve() {
            over = true;
            notifyAll();
        }
    }

    /** One that has somebody look after it from its beginning on. */
    static class WatchedPost extends Post {
        WatchedPost(String[] orders) throws InterruptedException {
            Standing.start("watch", () -> { for (String order : orders) relieve(); }).join();
        }
    }

    private static void untilKnown(CompletableFuture<?> code) throws Exception { System.out.println("ended with " + code.get()); }

    private static void stayAt(CountDownLatch place) throws InterruptedException { place.await(); }

    static void add(java.util.Map<String, Standing.Program> programs) {
        programs.put("kept-lost", () -> { startUp(); migrate(new String[0]); });
        programs.put("kept-latch", () -> { startUp(); new CountDownLatch(1).await(); });
        programs.put("kept-variable", () -> {
            startUp();
            Semaphore end = new Semaphore(0);
            end.acquire();
            System.out.println("ends");
        });
        programs.put("kept-future", () -> { startUp(); new CompletableFuture<Void>().join(); });
        programs.put("kept-object", () -> {
            startUp();
            Object end = new Object();
            synchronized (end) { while (true) end.wait(); }
        });
        programs.put("kept-itself", () -> {
            startUp();
            new Post().stay();
        });
        programs.put("kept-given", () -> {
            startUp();
            stayAt(new CountDownLatch(1));
        });
        programs.put("kept-shared", () -> {
            startUp();
            Post post = new Post();
            String[] orders = {};
            Standing.start("watch", () -> { for (String order : orders) post.relieve(); }).join();
            post.stay();
        });
        programs.put("kept-beside-child", () -> {
            startUp();
            new ProcessBuilder("sleep", "100000").start();
            migrate(new String[0]);
        });
        programs.put("healthy-until-child", () -> {
            startUp();
            Process child = new ProcessBuilder("sleep", "600").start();
            CompletableFuture<Integer> code = new CompletableFuture<>();
            Standing.start("watch", () -> code.complete(child.waitFor()));
            untilKnown(code);
        });
        programs.put("healthy-told-of-child", () -> {
            startUp();
            CompletableFuture<Long> code = new CompletableFuture<>();
            new ProcessBuilder("sleep", "600").start().onExit().thenAccept(child -> code.complete(child.pid()));
            untilKnown(code);
        });
        programs.put("kept-watched", () -> {
            startUp();
            new WatchedPost(new String[0]).stay();
        });
        programs.put("kept-field", () -> { startUp(); new Kept().untilEnded(); });
        programs.put("kept-pool", () -> {
            startUp();
            ExecutorService pool = Executors.newFixedThreadPool(1);
            pool.submit(() -> 1).get();
            pool.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        });
    }
}
