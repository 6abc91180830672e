import java.util.Map;
import java.util.TreeMap;

/**
 * Programs that stand still on purpose, and their healthy twins: what the tests look at.
 *
 * <p>{@code java -cp FOLDER Standing NAME} prints "ready" before it begins.
 */
public class Standing {
    interface Program { void run() throws Exception; }

    public static void main(String[] arguments) throws Exception {
        Map<String, Program> programs = new TreeMap<>();
        Locks.add(programs);
        Signals.add(programs);
        Pools.add(programs);
        Waits.add(programs);
        Tickers.add(programs);
        Kept.add(programs);
        Program program = arguments.length == 1 ? programs.get(arguments[0]) : null;
        if (program == null) {
            System.err.println("one of: " + programs.keySet());
            System.exit(64);
        }
        System.out.println("ready");
        program.run();
    }

    static Thread start(String name, Program body) {
        Thread thread = new Thread(() -> {
            try { body.run(); } catch (Exception exception) { throw new RuntimeException(exception); }
        }, name);
        thread.start();
        return thread;
    }

    static void pause(long milliseconds) {
        try { Thread.sleep(milliseconds); } catch (InterruptedException interruption) { throw new RuntimeException(interruption); }
    }
}
