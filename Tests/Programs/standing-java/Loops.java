import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Counts visitors in a loop around a selector; what other threads ask is answered by the loop too. */
class Turnstile {
    /** What becomes of a visitor's line: the loop puts it to itself, answers it, tells the other visitors, or nobody. */
    enum Manner { ASKS, ANSWERS, TELLS, DROPS }

    final Selector selector = Selector.open();
    final ServerSocketChannel door = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    final Queue<CompletableFuture<Integer>> questions = new ConcurrentLinkedQueue<>();
    int visitors;

    Turnstile() throws Exception {
        door.configureBlocking(false);
        door.register(selector, SelectionKey.OP_ACCEPT);
    }

    int count() throws Exception {
        CompletableFuture<Integer> answer = new CompletableFuture<>();
        questions.add(answer);
        selector.wakeup();
        return answer.get();
    }

    /** Looks at the selector now and then, where it does not wait at it. */
    void loop(Manner manner, boolean waits) throws Exception {
        ByteBuffer line = ByteBuffer.allocate(64);
        while (true) {
            if (waits) selector.select(); else { selector.selectNow(); Standing.pause(50); }
            for (CompletableFuture<Integer> question; (question = questions.poll()) != null;) question.complete(visitors);
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isAcceptable()) {
                    SocketChannel visitor = door.accept();
                    visitor.configureBlocking(false);
                    visitor.register(selector, SelectionKey.OP_READ);
                    visitors++;
                } else answer(key, line.clear(), manner);
            }
            selector.selectedKeys().clear();
        }
    }

    private void answer(SelectionKey asking, ByteBuffer line, Manner manner) throws Exception {
        SocketChannel visitor = (SocketChannel) asking.channel();
        if (visitor.read(line) < 0) { visitor.close(); return; }
        if (manner == Manner.TELLS)
            for (SelectionKey key : selector.keys()) if (key != asking && key.channel() instanceof SocketChannel other) other.write(line.duplicate().flip());
        if (manner == Manner.ASKS || manner == Manner.ANSWERS) visitor.write(ByteBuffer.wrap(((manner == Manner.ASKS ? count() : visitors) + "\n").getBytes()));
    }

    /** Two visitors: the first one speaks, again when it was answered; the second one listens. */
    static void visit(Manner manner) throws Exception { visit(manner, true); }

    static void visit(Manner manner, boolean waits) throws Exception {
        Turnstile turnstile = new Turnstile();
        Standing.start("turnstile", () -> turnstile.loop(manner, waits));
        Executors.newScheduledThreadPool(1).scheduleAtFixedRate(() -> System.err.print(""), 0, 300, TimeUnit.MILLISECONDS);
        Socket speaker = new Socket(InetAddress.getLoopbackAddress(), turnstile.door.socket().getLocalPort());
        Socket listener = new Socket(InetAddress.getLoopbackAddress(), turnstile.door.socket().getLocalPort());
        while (turnstile.count() < 2) Standing.pause(10);
        if (manner == Manner.TELLS) new Thread(() -> { try { while (read(listener)); } catch (Exception gone) { } }, "listener").start();
        System.out.println("ready");
        do {
            Standing.pause(100);
            speaker.getOutputStream().write("how many?\n".getBytes());
        } while (read(speaker));
    }

    private static boolean read(Socket visitor) throws Exception { return new BufferedReader(new InputStreamReader(visitor.getInputStream())).readLine() != null; }
}

/** A loop that waits for what only the loop would do; a client in the same process waits for the loop. */
class LoopAsks {
    public static void main(String[] arguments) throws Exception { Turnstile.visit(Turnstile.Manner.ASKS); }
}

/** Its healthy twin: the client asks again and again, and is answered. */
class LoopAnswers {
    public static void main(String[] arguments) throws Exception { Turnstile.visit(Turnstile.Manner.ANSWERS); }
}

/** A loop that takes in what a client says, and answers nobody. */
class LoopDrops {
    public static void main(String[] arguments) throws Exception { Turnstile.visit(Turnstile.Manner.DROPS); }
}

/** Its healthy twin: what one says is for the others. */
class LoopTells {
    public static void main(String[] arguments) throws Exception { Turnstile.visit(Turnstile.Manner.TELLS); }
}

/** Looks now and then, and drops what it reads, beside a thread that stands for a reason of its own: that is not who would have answered. */
class LooksDrop {
    private static final BlockingQueue<String> notes = new LinkedBlockingQueue<>();

    static void keepNotes() {
        Standing.start("notes", () -> file(notes));
        if (System.nanoTime() == 0) notes.add("never");
    }

    private static void file(BlockingQueue<String> notes) throws InterruptedException { System.err.println(notes.take() + notes.take()); }

    public static void main(String[] arguments) throws Exception {
        keepNotes();
        Turnstile.visit(Turnstile.Manner.DROPS, false);
    }
}

/** Its healthy twin: the client is answered, by and by. */
class LooksAnswer {
    public static void main(String[] arguments) throws Exception {
        LooksDrop.keepNotes();
        Turnstile.visit(Turnstile.Manner.ANSWERS, false);
    }
}
