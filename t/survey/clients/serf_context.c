// SPDX-License-Identifier: Apache-2.0
// client: serf
// kind: library
// debian: libserf-1-1 libserf-dev libapr1-dev libaprutil1-dev
// build: $(pkg-config --cflags --libs serf-1 apr-1 apr-util-1)
// note: it has an event loop, which the program here goes on with
#include <serf.h>
#include <stdlib.h>
#include <unistd.h>

static apr_uri_t uri;
static int left, is_tls;
static serf_bucket_alloc_t* buckets;

static apr_status_t set_up_connection(apr_socket_t* socket, serf_bucket_t** read_bucket,
                                      serf_bucket_t** write_bucket, void* baton, apr_pool_t* pool) {
    (void)baton;
    (void)pool;
    *read_bucket = serf_bucket_socket_create(socket, buckets);
    if (is_tls) {
        *read_bucket = serf_bucket_ssl_decrypt_create(*read_bucket, NULL, buckets);
        serf_ssl_context_t* tls = serf_bucket_ssl_decrypt_context_get(*read_bucket);
        serf_ssl_use_default_certificates(tls);
        serf_ssl_set_hostname(tls, uri.hostname);
        *write_bucket = serf_bucket_ssl_encrypt_create(*write_bucket, tls, buckets);
    }
    return APR_SUCCESS;
}

static void closed(serf_connection_t* connection, void* baton, apr_status_t why, apr_pool_t* pool) {
    (void)connection;
    (void)baton;
    (void)why;
    (void)pool;
}

static serf_bucket_t* accept_reply(serf_request_t* request, serf_bucket_t* stream, void* baton,
                                   apr_pool_t* pool) {
    (void)baton;
    (void)pool;
    serf_bucket_alloc_t* own = serf_request_get_alloc(request);
    serf_bucket_t* barrier = serf_bucket_barrier_create(stream, own);
    return serf_bucket_response_create(barrier, own);
}

static apr_status_t take_reply(serf_request_t* request, serf_bucket_t* reply, void* baton,
                               apr_pool_t* pool) {
    (void)request;
    (void)baton;
    (void)pool;
    for (;;) {
        const char* part;
        apr_size_t length;
        apr_status_t status = reply ? serf_bucket_read(reply, 65536, &part, &length) : APR_EOF;
        if (APR_STATUS_IS_EOF(status)) --left;
        if (status) return status;
    }
}

static apr_status_t make_request(serf_request_t* request, void* baton, serf_bucket_t** bucket,
                                 serf_response_acceptor_t* acceptor, void** acceptor_baton,
                                 serf_response_handler_t* handler, void** handler_baton,
                                 apr_pool_t* pool) {
    (void)baton;
    (void)pool;
    *bucket = serf_request_bucket_request_create(request, "GET", uri.path, NULL,
                                                 serf_request_get_alloc(request));
    *acceptor = accept_reply;
    *acceptor_baton = NULL;
    *handler = take_reply;
    *handler_baton = NULL;
    return APR_SUCCESS;
}

int main(int argc, char** argv) {
    if (argc < 4) return 1;
    if (atoi(argv[3])) {
        puts("not tried");
        return 77;
    }
    apr_pool_t* pool;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_uri_parse(pool, argv[1], &uri);
    is_tls = !strcmp(uri.scheme, "https");
    if (!uri.port) uri.port = apr_uri_port_of_scheme(uri.scheme);
    buckets = serf_bucket_allocator_create(pool, NULL, NULL);
    serf_context_t* context = serf_context_create(pool);
    serf_connection_t* connection;
    if (serf_connection_create2(&connection, context, uri, set_up_connection, NULL, closed, NULL,
                                pool))
        return 1;
    left = atoi(argv[2]);
    for (int i = left; i > 0; --i) serf_connection_request_create(connection, make_request, NULL);
    for (;;) {
        const apr_status_t status = serf_context_run(context, apr_time_from_sec(1), pool);
        if (status && !APR_STATUS_IS_TIMEUP(status)) return 1;
    }
}
