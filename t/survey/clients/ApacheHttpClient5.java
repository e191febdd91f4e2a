// SPDX-License-Identifier: Apache-2.0
// client: Apache HttpClient 5
// kind: library
// debian: libhttpclient5-java libhttpcore5-java libslf4j-java libcommons-codec-java
// pattern: ^Apache-HttpClient/5
import java.io.InputStream;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.CloseableHttpResponse;
import org.apache.hc.client5.http.impl.classic.HttpClients;

public class ApacheHttpClient5 {
    public static void main(String[] args) throws Exception {
        CloseableHttpClient client = HttpClients.createDefault();
        int size = Integer.parseInt(args[2]);
        for (int i = 0; i < Integer.parseInt(args[1]); ++i) {
            CloseableHttpResponse reply = client.execute(new HttpGet(args[0]));
            InputStream body = reply.getEntity().getContent();
            if (size > 0) {
                body.readNBytes(size);
                Thread.sleep(3600_000);
            }
            body.readAllBytes();
            reply.close();
        }
        Thread.sleep(3600_000);
    }
}
