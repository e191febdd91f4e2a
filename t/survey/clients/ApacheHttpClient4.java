// SPDX-License-Identifier: Apache-2.0
// client: Apache HttpClient 4
// kind: library
// debian: libhttpclient-java libhttpcore-java libcommons-logging-java libcommons-codec-java
// pattern: ^Apache-HttpClient/4
import java.io.InputStream;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;

public class ApacheHttpClient4 {
    public static void main(String[] args) throws Exception {
        CloseableHttpClient client = HttpClients.createDefault();
        int size = Integer.parseInt(args[2]);
        for (int i = 0; i < Integer.parseInt(args[1]); ++i) {
            InputStream body = client.execute(new HttpGet(args[0])).getEntity().getContent();
            if (size > 0) {
                body.readNBytes(size);
                Thread.sleep(3600_000);
            }
            body.readAllBytes();
            body.close();
        }
        Thread.sleep(3600_000);
    }
}
