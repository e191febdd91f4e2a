// SPDX-License-Identifier: Apache-2.0
//
// A terminal that shows one screen again and again, as `top` does, and is left as it was found; on
// anything else than a terminal plain lines. One at a time: it has the process' signals.
#pragma once

#include <signal.h>
#include <termios.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace finwait::report {

class WatchedScreen {
  public:
    using Time = std::chrono::steady_clock::time_point;
    enum class Event : std::uint8_t {
        due,      // the time has come
        woken,    // by wake()
        resized,  // show it again: the terminal has another size, or shows something else
        again,    // the user wants a new look
        quit,     // the user, or a signal, wants an end
    };

    WatchedScreen();
    ~WatchedScreen();
    WatchedScreen(const WatchedScreen&) = delete;
    WatchedScreen& operator=(const WatchedScreen&) = delete;

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }
    [[nodiscard]] std::size_t lines() const;

    // Lines that have no room are left out.
    void show(const std::string& text) const;
    // From any thread.
    void wake() const;
    [[nodiscard]] Event wait(Time until);
    // As it was found. Nothing is shown after it.
    void leave();

  private:
    void enter();
    Event heed_signal();
    Event heed_key();

    bool is_terminal_ = false;
    bool has_keys_ = false;
    bool has_entered_ = false;
    int signals_ = -1, woken_ = -1;
    sigset_t before_{};
    termios found_{};
};

}  // namespace finwait::report
