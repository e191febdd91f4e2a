// SPDX-License-Identifier: Apache-2.0
#include "module/parent/deposit.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include "module/parent/pages.hpp"
#include "module/parent/passing.hpp"
#include "module/parent/shared_memory.hpp"

namespace finwait {

namespace {

// Of a descriptor, in the order in which visit_descriptors() comes to them.
using Place = std::uint16_t;

// A queue of messages that can be passed on as one descriptor.
struct Bag {
    Bag() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
        in = ends[0];
        out = ends[1];
    }
    ~Bag() {
        close_and_forget(in);
        close_and_forget(out);
    }
    Bag(const Bag&) = delete;
    Bag& operator=(const Bag&) = delete;

    int in = -1;
    int out = -1;
};

class Layer {
  public:
    explicit Layer(int bag) : bag_(bag) {}

    void lay(int descriptor, Place place) {
        descriptors_[count_] = descriptor;
        places_[count_] = place;
        if (++count_ == kPassedMax) static_cast<void>(flush());
    }
    [[nodiscard]] bool flush() {
        if (count_ > 0)
            is_good_ = is_good_ && pass(bag_, std::as_bytes(std::span(places_).first(count_)),
                                        std::span(descriptors_).first(count_));
        count_ = 0;
        return is_good_;
    }

  private:
    int bag_;
    std::array<int, kPassedMax> descriptors_{};
    std::array<Place, kPassedMax> places_{};
    std::size_t count_ = 0;
    bool is_good_ = true;
};

bool fill(const Bag& bag, Runtime& runtime) {
    Layer layer(bag.in);
    Place place = 0;
    visit_descriptors(runtime, [&](int& descriptor) {
        if (descriptor >= 0) layer.lay(descriptor, place);
        ++place;
    });
    return layer.flush();
}

void empty(int bag, Runtime& runtime) {
    std::vector<int*> owners;
    visit_descriptors(runtime, [&](int& descriptor) { owners.push_back(&descriptor); });
    std::array<Place, kPassedMax> places{};
    for (;;) {
        Passed passed = take_passed_already(bag, std::as_writable_bytes(std::span(places)));
        if (passed.size == 0) return;
        for (std::size_t i = 0; i < passed.count; ++i)
            *owners[places[i]] = lifted(passed.descriptors[i]);
    }
}

constexpr std::array<std::byte, 1> kWhole{};

}  // namespace

void lay_down(Runtime& runtime) {
    const Bag bag;
    if (!fill(bag, runtime) || !pass(runtime.deposit_in, kWhole, std::span(&bag.out, 1))) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, ap_server_conf,
                     "finwait: what httpd's parent has open for the closer stays open if the next "
                     "configuration is one without mod_finwait");
        return;
    }
    visit_descriptors(runtime, [](int& descriptor) { close_and_forget(descriptor); });
    unmap_pages(runtime);
}

bool take_up(Runtime& runtime) {
    std::array<std::byte, 1> message;
    Passed bag = take_passed_already(runtime.deposit_out, message);
    if (bag.count != 1) return false;
    empty(bag.descriptors[0], runtime);
    close_and_forget(bag.descriptors[0]);
    return true;
}

}  // namespace finwait
