import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintWriter;

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
