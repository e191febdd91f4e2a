// SPDX-License-Identifier: Apache-2.0
#include "report/commands/watched_screen.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace finwait::report {

namespace {

// xterm's, and those of every terminal since: the alternate screen, no cursor, no wrapping.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kRestOfLine = "\x1b[K";
constexpr std::string_view kRestOfScreen = "\x1b[J";

constexpr std::size_t kLinesUnknown = 24;

void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

bool is_dumb() {
    const char* name = std::getenv("TERM");
    return name == nullptr || *name == '\0' || std::string_view(name) == "dumb";
}

int milliseconds_until(WatchedScreen::Time until) {
    using namespace std::chrono;
    if (until == WatchedScreen::Time::max()) return -1;
    const auto left = ceil<milliseconds>(until - steady_clock::now());
    return static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
}

}  // namespace

WatchedScreen::WatchedScreen() : is_terminal_(isatty(STDOUT_FILENO) != 0 && !is_dumb()) {
    has_keys_ = is_terminal_ && tcgetattr(STDIN_FILENO, &found_) == 0;
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT})
        sigaddset(&ours, number);
    sigprocmask(SIG_BLOCK, &ours, &before_);
    signals_ = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    woken_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enter();
}

WatchedScreen::~WatchedScreen() {
    leave();
    close(signals_);
    close(woken_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void WatchedScreen::enter() {
    if (!is_terminal_) return;
    if (has_keys_) {
        termios keys = found_;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
    put(kEnter);
    std::fflush(stdout);
    has_entered_ = true;
}

void WatchedScreen::leave() {
    if (!has_entered_) return;
    put(kLeave);
    std::fflush(stdout);
    if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &found_);
    has_entered_ = false;
}

std::size_t WatchedScreen::lines() const {
    winsize size{};
    const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row != 0;
    return is_known ? size.ws_row : kLinesUnknown;
}

void WatchedScreen::show(const std::string& text) const {
    if (!is_terminal_) {
        put(text);
        std::fflush(stdout);
        return;
    }
    put(kHome);
    std::string_view rest = text;
    std::size_t left = lines();
    for (; left > 0 && !rest.empty(); --left) {
        const std::size_t length = std::min(rest.find('\n'), rest.size());
        // Before the text: behind a line that is full the cursor stands on its last character.
        put(kRestOfLine);
        put(rest.substr(0, length));
        rest.remove_prefix(std::min(length + 1, rest.size()));
        if (left > 1) put("\n");  // after the last one the terminal would scroll
    }
    if (left > 0) put(kRestOfScreen);
    std::fflush(stdout);
}

void WatchedScreen::wake() const {
    eventfd_write(woken_, 1);
}

WatchedScreen::Event WatchedScreen::wait(Time until) {
    std::array<pollfd, 3> sources{
        {{signals_, POLLIN, 0}, {woken_, POLLIN, 0}, {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0}}};
    for (;;) {
        if (poll(sources.data(), sources.size(), milliseconds_until(until)) <= 0) return Event::due;
        Event event = Event::due;
        eventfd_t count = 0;
        if (sources[0].revents != 0)
            event = heed_signal();
        else if (sources[2].revents != 0)
            event = heed_key();
        else if (eventfd_read(woken_, &count) == 0)
            event = Event::woken;
        if (event != Event::due) return event;
    }
}

// `due`: none that matters.
WatchedScreen::Event WatchedScreen::heed_signal() {
    signalfd_siginfo signal{};
    if (read(signals_, &signal, sizeof signal) != sizeof signal) return Event::due;
    switch (signal.ssi_signo) {
        case SIGWINCH:
            return Event::resized;
        case SIGTSTP:
            leave();
            raise(SIGSTOP);
            return Event::due;
        case SIGCONT:  // whoever had the terminal meanwhile changed it
            enter();
            return Event::resized;
        default:
            return Event::quit;
    }
}

WatchedScreen::Event WatchedScreen::heed_key() {
    char key = 0;
    if (read(STDIN_FILENO, &key, 1) != 1) return Event::quit;  // it is gone
    if (key == 'q' || key == 'Q') return Event::quit;
    return key == ' ' || key == '\n' ? Event::again : Event::due;
}

}  // namespace finwait::report
