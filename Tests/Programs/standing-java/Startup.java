import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A program of its own, whose {@code main} waits for a latch of three: one of those that count it down has failed, and a thread ticks. */
class Startup {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch up = new CountDownLatch(3);
        Services.start(up, 2);
        up.await();
    }
}

/** Its healthy twin: all are up, and {@code main} keeps the program alive with a latch of one. */
class KeptAlive {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch up = new CountDownLatch(3);
        Services.start(up, 3);
        up.await();
        new CountDownLatch(1).await();
    }
}

class Services {
    static void start(CountDownLatch up, int well) {
        ExecutorService pool = Executors.newFixedThreadPool(3);
        for (int service = 0; service < 3; service++) {
            int number = service;
            pool.execute(() -> { if (number < well) up.countDown(); });
        }
        Standing.start("status", () -> {
            System.out.println("ready");
            while (true) Standing.pause(300);
        });
    }
}
