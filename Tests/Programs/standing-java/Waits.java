import java.io.*;
import java.net.*;
import java.util.*;
import java.util.concurrent.*;

/** Waits that end outside: connections, children, the clock; and loops that go on. */
class Waits {
    static volatile boolean done;
    static volatile long counter;

    static void add(Map<String, Standing.Program> programs) {
        programs.put("socket-silent", () -> {
            ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
            Socket socket = new Socket(silent.getInetAddress(), silent.getLocalPort());
            Socket other = silent.accept();
            socket.getOutputStream().write("hello\n".getBytes());
            other.getInputStream().read(new byte[6]);
            silent.close();
            socket.getInputStream().read();
        });
        programs.put("orders-asked", () -> new Bench().ask());
        programs.put("healthy-orders", () -> new Bench().work());
        programs.put("join-behind-sleep", () -> {
            // Twenty days; a day would be a pause that programs mean.
            Thread sleeper = Standing.start("sleeper", () -> Outer.work(1_728_000_000));
            sleeper.join();
        });
        programs.put("child", () -> new ProcessBuilder("sleep", "100000").start().waitFor());
        programs.put("healthy-child-beside", () -> {
            new ProcessBuilder("sleep", "100000").start();
            ServerSocket office = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
            while (true) office.accept();
        });
        programs.put("socket-silent-child-beside", () -> {
            new ProcessBuilder("sleep", "100000").start();
            programs.get("socket-silent").run();
        });
        programs.put("answer-in-crumbs", () -> System.out.println(ask(beating()).getInputStream().readAllBytes().length));
        programs.put("healthy-feed-beats", () -> {
            BufferedReader feed = new BufferedReader(new InputStreamReader(ask(beating()).getInputStream()));
            Set<String> news = new HashSet<>();
            for (String line; (line = feed.readLine()) != null; ) if (!line.isEmpty()) news.add(line);
        });
        programs.put("busy", () -> { while (!done) { } });
        programs.put("healthy-sorting", () -> {
            Random random = new Random(1);
            while (true) {
                List<Double> numbers = new ArrayList<>();
                for (int i = 0; i < 200_000; i++) numbers.add(random.nextDouble());
                Collections.sort(numbers);
                System.out.println(numbers.get(100_000));
            }
        });
        programs.put("healthy-joins-itself", () -> Thread.currentThread().join());
        programs.put("healthy-sleep-loop", () -> { while (true) Standing.pause(300); });
        programs.put("healthy-computing", () -> {
            Random random = new Random(1);
            Map<Long, Long> table = new HashMap<>();
            while (true) { table.merge(random.nextLong() & 0xffff, 1L, Long::sum); counter++; }
        });
    }

    /** The port of a server that says a little again and again, once it was asked. */
    private static int beating() throws IOException {
        ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Standing.start("heart", () -> {
            Socket connection = server.accept();
            connection.getInputStream().read(new byte[100]);
            while (true) {
                connection.getOutputStream().write(".\n".getBytes());
                Standing.pause(300);
            }
        });
        return server.getLocalPort();
    }

    private static Socket ask(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.getOutputStream().write("please\n".getBytes());
        return socket;
    }

    /** Takes a few orders over a connection; then no more come. */
    static class Bench {
        private final BufferedReader orders;
        private final PrintWriter words;

        Bench() throws IOException {
            ServerSocket office = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
            Standing.start("office", () -> {
                Socket bench = office.accept();
                for (int order = 0; order < 4; order++) {
                    bench.getOutputStream().write("order\n".getBytes());
                    bench.getInputStream().read(new byte[100]);
                }
                // Others may come.
                while (true) office.accept();
            });
            Socket socket = new Socket(office.getInetAddress(), office.getLocalPort());
            orders = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            words = new PrintWriter(socket.getOutputStream(), true);
        }

        private String take() throws IOException { return orders.readLine(); }

        private void report(String order) {
            Standing.pause(20);
            words.println("done " + order);
        }

        void work() throws IOException { while (true) report(take()); }

        void ask() throws IOException {
            take();
            while (true) {
                words.println("next");
                take();
                Standing.pause(20);
            }
        }
    }

    static class Outer {
        static void work(long milliseconds) { Inner.step(milliseconds); }
    }

    static class Inner {
        static void step(long milliseconds) { Standing.pause(milliseconds); }
    }
}
