/** Looks again and again whether something was loaded; who was to load it has failed, and another thread ticks. */
class PollLost {
    static volatile boolean isLoaded;

    static void load(String[] arguments) {
        if (arguments.length == 0) throw new IllegalArgumentException("nothing to load");
        isLoaded = true;
    }

    public static void main(String[] arguments) throws Exception {
        Standing.start("loader", () -> load(arguments));
        Polling.tick();
        while (!isLoaded) Standing.pause(20);
    }
}

/** Its healthy twin: who loads it takes his time. */
class PollSlow {
    static volatile boolean isLoaded;

    static void load() {
        for (int rest = 1000000; rest > 0; rest--) Standing.pause(20);
        isLoaded = true;
    }

    public static void main(String[] arguments) throws Exception {
        Standing.start("loader", PollSlow::load);
        Polling.tick();
        while (!isLoaded) Standing.pause(20);
    }
}

class Polling {
    static void tick() {
        Standing.start("ticker", () -> {
            System.out.println("ready");
            while (true) Standing.pause(20);
        });
    }
}
