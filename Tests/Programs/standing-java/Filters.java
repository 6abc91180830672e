import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Reads what a filter gives to its end, and keeps the filter's input open; a thread ticks. */
class FilterKept {
    public static void main(String[] arguments) throws Exception {
        Process filter = new ProcessBuilder("cat").start();
        PrintWriter lines = new PrintWriter(filter.getOutputStream(), true);
        lines.println("pear");
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) Standing.pause(300);
        });
        BufferedReader answers = new BufferedReader(new InputStreamReader(filter.getInputStream()));
        for (String line; (line = answers.readLine()) != null;) System.out.println(line);
        lines.close();
    }
}

/** Its healthy twin: the thread that ticks feeds the filter with what it finds. */
class FilterFed {
    public static void main(String[] arguments) throws Exception {
        Process filter = new ProcessBuilder("cat").start();
        PrintWriter lines = new PrintWriter(filter.getOutputStream(), true);
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) {
                Standing.pause(300);
                if (new File("/nonexistent/inbox").exists()) lines.println("pear");
            }
        });
        BufferedReader answers = new BufferedReader(new InputStreamReader(filter.getInputStream()));
        for (String line; (line = answers.readLine()) != null;) System.out.println(line);
    }
}

/** A thread beside {@code main}, which has ended, waits for the end of a child, and closes the child's input only then; a pool ticks, another has nothing to do. */
class SealKept {
    public static void main(String[] arguments) throws Exception {
        Process wax = new ProcessBuilder("wc", "-c").start();
        ExecutorService couriers = Executors.newFixedThreadPool(1);
        couriers.submit(() -> wax.pid()).get();
        Standing.start("sealer", () -> {
            OutputStream letter = wax.getOutputStream();
            letter.write(7);
            letter.flush();
            int code = wax.waitFor();
            letter.close();
            System.out.println(code);
        });
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
        clock.scheduleAtFixedRate(wax::isAlive, 0, 300, TimeUnit.MILLISECONDS);
        System.out.println("ready");
    }
}

/** Its healthy twin: the pool that ticks gives the child what it finds, and ends its input in the end. */
class SealFed {
    public static void main(String[] arguments) throws Exception {
        Process wax = new ProcessBuilder("wc", "-c").start();
        WritableByteChannel letter = Channels.newChannel(wax.getOutputStream());
        Standing.start("sealer", () -> System.out.println(wax.waitFor()));
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
        clock.scheduleAtFixedRate(() -> {
            try {
                if (new File("/nonexistent/letter").exists()) letter.write(ByteBuffer.allocate(1));
                if (new File("/nonexistent/seal").exists()) letter.close();
            } catch (java.io.IOException failure) { throw new java.io.UncheckedIOException(failure); }
        }, 0, 300, TimeUnit.MILLISECONDS);
        System.out.println("ready");
    }
}
