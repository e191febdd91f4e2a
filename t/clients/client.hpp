// SPDX-License-Identifier: Apache-2.0
//
// A client whose every step at the close is the test's: one TCP connection, plain, TLS or HTTP/2
// over TLS. Nothing happens behind the test's back: no FIN, RST or close_notify is sent before it
// says so (a destroyed client closes its socket like any other).
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "clients/process.hpp"
#include "finwait/endpoint.hpp"

namespace finwait::test {

enum class Transport : std::uint8_t { plain, tls, h2 };

struct Reply {
    int status = 0;       // 0: none came
    std::string headers;  // as received (HTTP/1); empty for h2
    std::string body;
    bool complete = false;
};

enum class End : std::uint8_t { still_open, fin, reset };

struct ClientOptions {
    std::string user_agent = "t/clients";
    std::string host = "localhost";
    std::string server_name = {};  // SNI; "": the host
    std::string address = "127.0.0.1";
    std::string source = {};        // the client's own IPv4 address; "": the kernel chooses
    std::uint16_t source_port = 0;  // with `source`; 0: the kernel chooses
    int receive_buffer = 0;         // SO_RCVBUF before connect(); 0: the kernel's
    int fd = -1;                    // already connected, for instance in another network namespace
};

class Client {
  public:
    Client(Transport transport, std::uint16_t port, ClientOptions options = {});
    Client(Client&& other) noexcept;
    Client& operator=(Client&&) = delete;
    ~Client();

    void send(std::string_view bytes);      // inside TLS if there is any
    bool send_raw(std::string_view bytes);  // straight to the socket; false when it is refused
    // `times` in one write: who asks again later may be kept waiting for longer than
    // KeepAliveTimeout. Of each reply on h2 only whether it is complete is then certain.
    void ask(std::string_view path, std::string_view headers = {}, int times = 1);
    [[nodiscard]] Reply reply(milliseconds limit = kPatience);
    Reply get(std::string_view path, std::string_view headers = {}, milliseconds limit = kPatience);
    // What the server sends until it closes, or until the limit.
    std::string read_to_end(milliseconds limit = kPatience);
    // Some bytes of the raw stream, at most `most`; empty at the end or at the limit.
    std::string read_some(std::size_t most, milliseconds limit = kPatience);

    [[nodiscard]] bool has_input() const;  // bytes, FIN or RST are waiting

    // Reads and discards until the server's FIN or RST is seen.
    End wait_end(milliseconds limit = kPatience);

    // The misbehaviours. `keep_sending` returns how the connection ended; `trickle` how many bytes
    // it has sent, until the server resets it.
    void half_close();  // close_notify if TLS, then FIN
    void close();       // FIN, or RST if bytes were left unread (as close(2) does)
    void reset();       // RST (SO_LINGER 0)
    End keep_sending(milliseconds limit = kPatience);
    std::uint64_t trickle(milliseconds between);

    [[nodiscard]] const Endpoint& local() const { return local_; }
    [[nodiscard]] std::uint16_t local_port() const { return local_.port; }
    [[nodiscard]] milliseconds begun() const { return begun_; }  // since the epoch
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool speaks_h2() const { return speaks_h2_; }
    [[nodiscard]] bool saw_goaway() const { return saw_goaway_; }
    [[nodiscard]] bool saw_close_notify() const { return saw_close_notify_; }
    [[nodiscard]] End end() const { return end_; }

  private:
    std::string request(std::string_view path, std::string_view headers);
    bool fill(Clock::time_point deadline);  // reads into buffer_; false at end or limit
    void see_end(int error);
    Reply h1_reply(Clock::time_point deadline);
    Reply h2_reply(Clock::time_point deadline);

    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    ClientOptions options_;
    int fd_ = -1;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    Endpoint local_;
    milliseconds begun_ = wall_clock_now();
    bool speaks_h2_ = false;
    bool saw_goaway_ = false;
    bool saw_close_notify_ = false;
    std::uint32_t next_stream_ = 1;
    End end_ = End::still_open;
    std::string buffer_;
};

// A connected socket; throws when refused.
int connect_tcp(const std::string& address, std::uint16_t port, int receive_buffer = 0,
                const std::string& source = {}, std::uint16_t source_port = 0);

}  // namespace finwait::test
