// SPDX-License-Identifier: Apache-2.0
// client: cpp-httplib
// kind: library
// debian: libcpp-httplib0.11 libcpp-httplib-dev libssl-dev
// build: $(pkg-config --cflags --libs cpp-httplib openssl) -lpthread
// pattern: ^cpp-httplib/
#define CPPHTTPLIB_OPENSSL_SUPPORT
#include <httplib.h>
#include <unistd.h>

int main(int argc, char** argv) {
    const std::string url = argv[1];
    const auto path = url.find('/', url.find("//") + 2);
    httplib::Client client(url.substr(0, path));
    client.set_keep_alive(true);
    client.set_ca_cert_path("/etc/ssl/certs/ca-certificates.crt");
    const std::size_t size = static_cast<std::size_t>(atoll(argv[3]));
    std::size_t got = 0;
    for (int i = 0; i < atoi(argv[2]); ++i) {
        const auto reply = client.Get(url.substr(path), [&](const char*, std::size_t length) {
            got += length;
            if (size && got >= size) sleep(3600);
            return true;
        });
        if (!reply) return 1;
    }
    sleep(3600);
}
