// SPDX-License-Identifier: Apache-2.0
// client: Java HttpClient
// kind: library
// debian: openjdk-17-jdk-headless
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class JavaHttpClient {
    public static void main(String[] args) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[0])).build();
        int size = Integer.parseInt(args[2]);
        HttpClient client = HttpClient.newHttpClient();
        for (int i = 0; i < Integer.parseInt(args[1]); ++i) {
            InputStream body = client.send(request, BodyHandlers.ofInputStream()).body();
            if (size > 0) {
                body.readNBytes(size);
                Thread.sleep(3600_000);
            }
            body.readAllBytes();
        }
        Thread.sleep(3600_000);
    }
}
