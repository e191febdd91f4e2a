// SPDX-License-Identifier: Apache-2.0
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Idle {
    public static void main(String[] args) throws Exception {
        URI uri = URI.create(args[1]);
        HttpClient client = HttpClient.newHttpClient();
        if (args[0].equals("client")) {
            client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
        } else {
            HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
            connection.getInputStream().readAllBytes();
        }
        Thread.sleep(90_000);
    }
}
