// SPDX-License-Identifier: Apache-2.0
// client: C++ REST SDK
// kind: library
// debian: libcpprest2.10 libcpprest-dev libssl-dev libboost-system-dev
// build: -lcpprest -lssl -lcrypto -lpthread
// pattern: ^cpprestsdk/
#include <cpprest/http_client.h>
#include <unistd.h>

int main(int argc, char** argv) {
    web::http::client::http_client client{utility::string_t(argv[1])};
    const std::size_t size = static_cast<std::size_t>(atoll(argv[3]));
    for (int i = 0; i < atoi(argv[2]); ++i) {
        auto reply = client.request(web::http::methods::GET).get();
        if (size) {
            puts("it takes the reply as fast as it comes");
            return 77;
        }
        reply.extract_string(true).get();
    }
    sleep(3600);
}
