import java.io.InputStream;
import java.net.*;
import java.nio.channels.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.locks.ReentrantLock;

/** Thread pools that starve, and those that merely have nothing to do. */
class Pools {
    private static final ReentrantLock desk = new ReentrantLock();

    /** Asks with a lock in hand that whoever is to answer needs first. */
    private static CompletableFuture<String> askUnderLock() {
        CompletableFuture<String> answer = new CompletableFuture<>();
        Standing.start("asks", () -> atDesk(() -> {
            Standing.start("answers", () -> atDesk(() -> answer.complete("yes")));
            answer.join();
        }));
        return answer;
    }

    private static void atDesk(Runnable work) {
        desk.lock();
        try {
            work.run();
        } finally {
            desk.unlock();
        }
    }

    static void add(Map<String, Standing.Program> programs) {
        programs.put("pool-starved", () -> {
            ExecutorService pool = Executors.newFixedThreadPool(2);
            CountDownLatch both = new CountDownLatch(2);
            for (int i = 0; i < 2; i++) pool.submit(() -> { both.countDown(); both.await(); return pool.submit(() -> "inner").get(); });
        });
        programs.put("pool-starved-futures", () -> {
            ExecutorService pool = Executors.newSingleThreadExecutor();
            CompletableFuture.supplyAsync(() -> CompletableFuture.supplyAsync(() -> "inner", pool).join(), pool).get();
        });
        programs.put("pool-starved-chain", () -> {
            ExecutorService pool = Executors.newSingleThreadExecutor();
            CompletableFuture<String> suffix = CompletableFuture.completedFuture("side");
            CompletableFuture.supplyAsync(() -> CompletableFuture.supplyAsync(() -> "in", pool).thenApply(String::trim).thenCombine(suffix, String::concat).thenCompose(CompletableFuture::completedFuture).join(), pool).get();
        });
        programs.put("healthy-chain-first", () -> {
            ExecutorService pool = Executors.newSingleThreadExecutor(), other = Executors.newSingleThreadExecutor();
            CompletableFuture<Void> slow = CompletableFuture.runAsync(() -> { for (int i = 0; i < 100_000; i++) Standing.pause(50); }, other);
            CompletableFuture.supplyAsync(() -> CompletableFuture.anyOf(slow, CompletableFuture.supplyAsync(() -> "in", pool).thenApply(String::trim)).join(), pool).get();
        });
        programs.put("healthy-chain-slow", () -> CompletableFuture.supplyAsync(() -> {
            for (int i = 0; i < 100_000; i++) Standing.pause(50);
            return "in";
        }).thenApply(String::trim).thenCompose(CompletableFuture::completedFuture).join());
        programs.put("pool-starved-latch", () -> {
            ExecutorService pool = Executors.newFixedThreadPool(2);
            CountDownLatch all = new CountDownLatch(4);
            for (int i = 0; i < 4; i++) pool.submit(() -> { all.countDown(); all.await(); return null; });
        });
        programs.put("pool-awaits-opener", () -> {
            ExecutorService pool = Executors.newFixedThreadPool(2);
            CountDownLatch open = new CountDownLatch(1);
            for (int i = 0; i < 4; i++) pool.submit(() -> { open.await(); return null; });
            String[] keys = {};
            Standing.start("opener", () -> { for (String key : keys) open.countDown(); });
        });
        programs.put("holder-awaits-answer", () -> {
            askUnderLock();
            Tickers.beat();
        });
        programs.put("healthy-holder-answered", () -> {
            CompletableFuture<String> answer = askUnderLock();
            Standing.start("late", () -> { Standing.pause(60_000); answer.complete("late"); });
        });
        programs.put("pool-permits", () -> {
            Semaphore permits = new Semaphore(1);
            ExecutorService pool = Executors.newFixedThreadPool(2);
            Future<?> last = null;
            for (int i = 0; i < 6; i++) last = pool.submit(() -> { permits.acquire(); if (permits != null) throw new IllegalStateException("lost"); permits.release(); return null; });
            last.get();
        });
        programs.put("future-behind-socket", () -> {
            ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
            Socket socket = new Socket(silent.getInetAddress(), silent.getLocalPort());
            Socket other = silent.accept();
            socket.getOutputStream().write("hello\n".getBytes());
            other.getInputStream().read(new byte[6]);
            silent.close();
            ExecutorService pool = Executors.newFixedThreadPool(2);
            pool.submit(() -> socket.getInputStream().read()).get();
        });
        programs.put("healthy-pools", () -> {
            ExecutorService fixed = Executors.newFixedThreadPool(3);
            for (int i = 0; i < 3; i++) fixed.submit(() -> Standing.pause(10)).get();
            Executors.newCachedThreadPool().submit(() -> 1).get();
            ForkJoinPool.commonPool().submit(() -> 1).get();
            new ForkJoinPool(2).submit(() -> 1).get();
        });
        programs.put("healthy-scheduled", () ->
            Executors.newScheduledThreadPool(2).scheduleAtFixedRate(() -> System.out.println("tick"), 0, 1, TimeUnit.SECONDS));
        programs.put("healthy-timer", () ->
            new Timer().schedule(new TimerTask() { public void run() { System.out.println("tick"); } }, 600_000));
        programs.put("healthy-server", () -> {
            ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
            ExecutorService pool = Executors.newFixedThreadPool(2);
            for (int i = 0; i < 2; i++) pool.submit(() -> 1).get();
            Thread acceptor = Standing.start("acceptor", () -> { while (true) { Socket next = server.accept(); pool.submit(() -> { next.close(); return null; }); } });
            acceptor.join();
        });
        programs.put("healthy-selector", () -> {
            Selector selector = Selector.open();
            ServerSocketChannel channel = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_ACCEPT);
            Standing.start("selector", () -> { while (true) selector.select(); });
            new CountDownLatch(1).await();
        });
        programs.put("healthy-busy-pool", () -> {
            ExecutorService pool = Executors.newFixedThreadPool(2);
            while (true) {
                List<Future<?>> futures = new ArrayList<>();
                for (int i = 0; i < 8; i++) futures.add(pool.submit(() -> Standing.pause(50)));
                for (Future<?> future : futures) future.get();
            }
        });
    }
}
