// SPDX-License-Identifier: Apache-2.0
// client: Java HttpURLConnection
// kind: library
// debian: openjdk-17-jdk-headless
import java.io.InputStream;
import java.net.URI;

public class HttpUrlConnection {
    public static void main(String[] args) throws Exception {
        int size = Integer.parseInt(args[2]);
        for (int i = 0; i < Integer.parseInt(args[1]); ++i) {
            InputStream body = URI.create(args[0]).toURL().openConnection().getInputStream();
            if (size > 0) {
                body.readNBytes(size);
                Thread.sleep(3600_000);
            }
            body.readAllBytes();
        }
        Thread.sleep(3600_000);
    }
}
