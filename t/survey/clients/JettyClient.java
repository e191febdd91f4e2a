// SPDX-License-Identifier: Apache-2.0
// client: Jetty HttpClient
// kind: library
// debian: libjetty9-extra-java libjetty9-java libservlet-api-java libslf4j-java
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.util.InputStreamResponseListener;
import org.eclipse.jetty.util.ssl.SslContextFactory;

public class JettyClient {
    public static void main(String[] args) throws Exception {
        HttpClient client = new HttpClient(new SslContextFactory.Client());
        client.start();
        int size = Integer.parseInt(args[2]);
        for (int i = 0; i < Integer.parseInt(args[1]); ++i) {
            if (size == 0) {
                client.GET(args[0]);
                continue;
            }
            InputStreamResponseListener listener = new InputStreamResponseListener();
            client.newRequest(args[0]).send(listener);
            listener.get(10, TimeUnit.SECONDS);
            listener.getInputStream().readNBytes(size);
        }
        Thread.sleep(3600_000);
    }
}
