import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Asks a server of its own for rates, in the tasks of a pool. */
class Rates {
    static void ask(ExecutorService pool, HttpClient client) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write("42".getBytes());
            exchange.close();
        });
        server.start();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.getAddress().getPort())).build();
        client.sendAsync(request, BodyHandlers.ofString()).get();
        System.out.println("ready");
        while (true) {
            List<Future<String>> answers = new ArrayList<>();
            for (int row = 0; row < 6; row++) answers.add(pool.submit(() -> client.sendAsync(request, BodyHandlers.ofString()).thenApply(answer -> answer.body().trim()).join()));
            for (Future<String> answer : answers) answer.get();
            Standing.pause(100);
        }
    }
}

/** The client is to do its own work in the very pool whose threads wait for its answers. */
class RatesOfOnePool {
    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(3);
        Rates.ask(pool, HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(pool).build());
    }
}

/** Its healthy twin: the client has threads of its own. */
class RatesOfTwoPools {
    public static void main(String[] arguments) throws Exception {
        Rates.ask(Executors.newFixedThreadPool(3), HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build());
    }
}
