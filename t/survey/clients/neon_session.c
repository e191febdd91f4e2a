// SPDX-License-Identifier: Apache-2.0
// client: neon
// kind: library
// debian: libneon27 libneon27-dev
// build: $(pkg-config --cflags --libs neon)
#include <ne_basic.h>
#include <ne_ssl.h>
#include <ne_uri.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long size, got;

static int take(void* userdata, const char* part, size_t length) {
    (void)userdata;
    (void)part;
    got += (long)length;
    if (size && got >= size) sleep(3600);
    return 0;
}

int main(int argc, char** argv) {
    ne_uri uri;
    if (argc < 4 || ne_uri_parse(argv[1], &uri)) return 1;
    size = atol(argv[3]);
    if (!uri.port) uri.port = ne_uri_defaultport(uri.scheme);
    ne_sock_init();
    ne_session* session = ne_session_create(uri.scheme, uri.host, uri.port);
    if (!strcmp(uri.scheme, "https")) ne_ssl_trust_default_ca(session);
    for (int i = 0; i < atoi(argv[2]); ++i) {
        ne_request* request = ne_request_create(session, "GET", uri.path);
        ne_add_response_body_reader(request, ne_accept_always, take, NULL);
        if (ne_request_dispatch(request)) return 1;
        ne_request_destroy(request);
    }
    sleep(3600);
}
