import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** {@code main} itself needs a result, and the thread that was to bring it has ended; another ticks. */
class ReplyLost {
    public static void main(String[] arguments) throws Exception {
        Map<Integer, CompletableFuture<String>> open = new ConcurrentHashMap<>();
        open.put(1, new CompletableFuture<>());
        Thread reader = Standing.start("reader", () -> { if (open.size() > 1) open.get(1).complete("paid"); });
        reader.join();
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) {
                Standing.pause(300);
                open.size();
            }
        });
        System.out.println(open.get(1).get());
    }
}

/** Its healthy twin: nobody needs the result, which keeps the program alive. */
class ReplyKept {
    public static void main(String[] arguments) throws Exception {
        CompletableFuture<String> first = new CompletableFuture<>();
        Standing.start("reader", () -> first.complete("paid"));
        System.out.println(first.get());
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) {
                Standing.pause(300);
                first.isDone();
            }
        });
        new CompletableFuture<Void>().get();
    }
}

/** Vans are not given back by those who fail; each courier has a list of parcels, and waits for a van in the middle of it. */
class VansLost {
    static final BlockingQueue<String> vans = new ArrayBlockingQueue<>(2);

    static void deliver(int parcel) throws InterruptedException {
        String van = vans.take();
        if (parcel % 2 == 0) throw new IllegalStateException("nobody at home");
        vans.put(van);
    }

    public static void main(String[] arguments) throws Exception {
        vans.addAll(List.of("red", "blue"));
        Thread[] couriers = new Thread[2];
        for (int number = 0; number < couriers.length; number++)
            couriers[number] = Standing.start("courier", () -> {
                for (int parcel = 1; parcel < 20; parcel++) try { deliver(parcel); } catch (InterruptedException | IllegalStateException e) { }
            });
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) {
                Standing.pause(300);
                vans.size();
            }
        });
        for (Thread courier : couriers) courier.join();
    }
}

/** {@code main} waits for what a failed thread was to load, and has work to do then; another ticks. */
class LoadLost {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch loaded = new CountDownLatch(1);
        Standing.start("loader", () -> { if (arguments.length > 0) loaded.countDown(); });
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) Standing.pause(300);
        });
        loaded.await();
        System.out.println(VansLost.vans.size());
    }
}

/** Its healthy twin: the second latch only keeps the program alive. */
class LoadDone {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch loaded = new CountDownLatch(1);
        Standing.start("loader", loaded::countDown);
        loaded.await();
        Thread ticker = Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) Standing.pause(300);
        });
        try { new CountDownLatch(1).await(); } finally { ticker.interrupt(); System.out.println("bye"); }
    }
}

/** A result that is scheduled for minutes instead of milliseconds from now. */
class ReadingFar {
    public static void main(String[] arguments) throws Exception { Reading.await(TimeUnit.MINUTES); }
}

/** Its healthy twin: it comes in half an hour, as was meant. */
class ReadingSoon {
    public static void main(String[] arguments) throws Exception { Reading.await(TimeUnit.SECONDS); }
}

class Reading {
    static void await(TimeUnit unit) throws Exception {
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
        var reading = clock.schedule(() -> 310, 1800, unit);
        System.out.println("ready");
        System.out.println(reading.get());
    }
}

/** A clerk needs an answer that nobody is left to give, beside a child of the program; another ticks. */
class AnswerLost {
    static void ask(CompletableFuture<String> answer) {
        Standing.start("clerk", () -> {
            try { System.out.println(answer.get()); } catch (Exception e) { System.err.println(e); }
        });
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) Standing.pause(300);
        });
    }

    static Process helper() throws java.io.IOException { return new ProcessBuilder("sh", "-c", "while kill -0 $PPID; do sleep 1; done").start(); }

    public static void main(String[] arguments) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        helper();
        Thread reader = Standing.start("reader", () -> { if (arguments.length > 0) answer.complete("paid"); });
        reader.join();
        ask(answer);
    }
}

/** Its healthy twin is answered when the child ends. */
class AnswerAtEnd {
    public static void main(String[] arguments) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        AnswerLost.helper().onExit().thenAccept(helper -> answer.complete("paid"));
        AnswerLost.ask(answer);
    }
}

/** Another has a thread that waits for the child's end, and answers then. */
class AnswerAfterEnd {
    public static void main(String[] arguments) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        Process helper = AnswerLost.helper();
        Standing.start("reader", () -> {
            try { helper.waitFor(); } catch (InterruptedException e) { }
            answer.complete("paid");
        });
        AnswerLost.ask(answer);
    }
}
