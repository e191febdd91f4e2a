// SPDX-License-Identifier: Apache-2.0
// client: OkHttp
// kind: library
// debian: libokhttp-java libokio-java
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

public class OkHttp {
    public static void main(String[] args) throws Exception {
        OkHttpClient client = new OkHttpClient();
        int size = Integer.parseInt(args[2]);
        for (int i = 0; i < Integer.parseInt(args[1]); ++i) {
            Response reply = client.newCall(new Request.Builder().url(args[0]).build()).execute();
            if (size > 0) {
                reply.body().byteStream().readNBytes(size);
                Thread.sleep(3600_000);
            }
            reply.body().string();
        }
        Thread.sleep(3600_000);
    }
}
