// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/strays.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "closer/helper_thread.hpp"

namespace finwait {

struct Strays::State {
    void run();

    std::mutex mutex;
    std::condition_variable work_came;
    std::condition_variable are_fewer;
    std::vector<UniqueFd> queue;
    std::atomic<std::size_t> waiting{0};  // and not closed yet
    std::thread thread;
    bool is_ending = false;
};

void Strays::State::run() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
        work_came.wait(lock, [this] { return is_ending || !queue.empty(); });
        if (is_ending) return;
        std::vector<UniqueFd> strays = std::exchange(queue, {});
        for (UniqueFd& stray : strays) {
            lock.unlock();
            stray.reset();
            lock.lock();
            if (--waiting < kStraysMax) are_fewer.notify_one();
        }
    }
}

Strays::Strays() : state_(std::make_shared<State>()) {}

Strays::~Strays() {
    if (!state_->thread.joinable()) return;
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->is_ending = true;
    state_->work_came.notify_one();
    std::thread thread = std::move(state_->thread);
    const bool may_hang = state_->waiting > 0;
    lock.unlock();
    may_hang ? thread.detach() : thread.join();
}

int Strays::start() {
    return start_helper(state_->thread, [state = state_] { state->run(); });
}

bool Strays::are_too_many() const {
    return state_->waiting >= kStraysMax;
}

void Strays::wait_until_fewer(Time time) const {
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->are_fewer.wait_for(lock, time, [this] { return !are_too_many(); });
}

void Strays::close(UniqueFd stray) {
    if (!stray || !state_->thread.joinable()) return;
    const std::lock_guard<std::mutex> lock(state_->mutex);
    ++state_->waiting;
    state_->queue.push_back(std::move(stray));
    state_->work_came.notify_one();
}

}  // namespace finwait
