// SPDX-License-Identifier: Apache-2.0
#include "closer/log/file_thread.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "closer/helper_thread.hpp"

namespace finwait {

namespace {

// Files that wait to be closed: beyond it the closer waits, so that at a restart, which opens every
// log anew, no descriptor is missing for the new ones.
constexpr std::size_t kQueueMax = 32;
// And no longer than that in all, for a thread that hangs.
constexpr std::chrono::milliseconds kQueueWait{100};

off_t end_of(int fd) {
    return ::lseek(fd, 0, SEEK_HOLE);
}

// One that was killed, or a full disk, may have cut a line in two. What another closer is just
// writing is no such line, and fstat() would show the half of it: SEEK_HOLE waits for its write()
// (ext4_llseek(), shmem_file_llseek()), or pread() does (xfs_file_buffered_read()), and then the
// end has moved.
bool ends_within_a_line(int fd) {
    const off_t end = end_of(fd);
    char last = '\n';
    return end > 0 && ::pread(fd, &last, 1, end - 1) == 1 && last != '\n' && end_of(fd) == end;
}

}  // namespace

ssize_t LogFile::write(std::string_view text, bool is_within_a_line) {
    if (is_new_ && !is_within_a_line && ends_within_a_line(descriptor_.get())) {
        const ssize_t written = ::write(descriptor_.get(), "\n", 1);
        if (written != 1) return written;
    }
    is_new_ = false;
    return ::write(descriptor_.get(), text.data(), text.size());
}

struct FileThread::State {
    using Lock = std::unique_lock<std::mutex>;

    explicit State(UnwrittenCloses& closes) : unwritten(closes) {}

    void run();
    void work(Batch& batch, Lock& lock);
    // An errno.
    [[nodiscard]] int write_some(Batch& batch, Lock& lock);

    UnwrittenCloses& unwritten;
    std::mutex mutex;
    std::condition_variable work_came;
    std::condition_variable work_began;
    std::deque<std::shared_ptr<Batch>> queue;
    UniqueFd done;
    std::thread thread;
    bool is_working = false;
    bool is_ending = false;
    bool is_late = false;  // it was waited for in vain
};

void FileThread::State::run() {
    Lock lock(mutex);
    for (;;) {
        work_came.wait(lock, [this] { return is_ending || !queue.empty(); });
        if (is_ending) return;
        const std::shared_ptr<Batch> batch = std::move(queue.front());
        queue.pop_front();
        if (queue.empty()) is_late = false;
        work_began.notify_one();
        work(*batch, lock);
    }
}

void FileThread::State::work(Batch& batch, Lock& lock) {
    is_working = true;
    batch.error = 0;
    while (batch.error == 0 && !batch.is_given_up && !batch.lines.is_empty())
        batch.error = write_some(batch, lock);
    lock.unlock();
    batch.file.reset();
    lock.lock();
    is_working = false;
    batch.is_done = true;
    if (done && !is_ending && (batch.is_awaited || batch.error != 0))
        ::eventfd_write(done.get(), 1);
}

int FileThread::State::write_some(Batch& batch, Lock& lock) {
    lock.unlock();
    const ssize_t written =
        batch.file->write(batch.lines.unwritten(), batch.lines.is_within_a_line());
    const int error = written < 0 ? errno : written == 0 ? EIO : 0;
    lock.lock();
    if (is_ending) return ECANCELED;
    if (error == EINTR || batch.is_given_up) return 0;
    if (error == 0) unwritten.wrote(batch.lines.wrote(static_cast<std::size_t>(written)));
    return error;
}

FileThread::FileThread(UnwrittenCloses& unwritten) : state_(std::make_shared<State>(unwritten)) {}

FileThread::~FileThread() {
    if (!is_started_) return;
    State::Lock lock(state_->mutex);
    state_->is_ending = true;
    state_->work_came.notify_one();
    std::thread thread = std::move(state_->thread);
    const bool may_hang = state_->is_working;
    lock.unlock();
    may_hang ? thread.detach() : thread.join();
}

int FileThread::start() {
    assert(!is_started_);
    UniqueFd done(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!done) return errno;
    const State::Lock lock(state_->mutex);
    const int error = start_helper(state_->thread, [state = state_] { state->run(); });
    if (error != 0) return error;
    state_->done = std::move(done);
    is_started_ = true;
    return 0;
}

int FileThread::descriptor() const {
    return state_->done.get();
}

void FileThread::clear_descriptor() const {
    eventfd_t events = 0;
    ::eventfd_read(state_->done.get(), &events);
}

bool FileThread::write(const std::shared_ptr<Batch>& batch, bool is_awaited) {
    State::Lock lock(state_->mutex);
    batch->is_awaited = is_awaited;
    batch->is_done = false;
    if (!is_started_) {
        state_->work(*batch, lock);
        return true;
    }
    state_->queue.push_back(batch);
    lock.unlock();  // so that the thread, once awake, does not wait for it
    state_->work_came.notify_one();
    return false;
}

bool FileThread::is_done(Batch& batch) const {
    const State::Lock lock(state_->mutex);
    if (!batch.is_done) batch.is_awaited = true;
    return batch.is_done;
}

void FileThread::give_up(Batch& batch) const {
    const State::Lock lock(state_->mutex);
    if (batch.is_given_up) return;
    batch.is_given_up = true;
    state_->unwritten.gave_up(batch.lines.closes().closes());
}

void FileThread::close(std::shared_ptr<LogFile> file) {
    const auto nothing_to_write = std::make_shared<Batch>();
    nothing_to_write->file = std::move(file);
    write(nothing_to_write, false);
    State::Lock lock(state_->mutex);
    if (state_->is_late) return;
    state_->is_late = !state_->work_began.wait_for(
        lock, kQueueWait, [this] { return state_->queue.size() <= kQueueMax; });
}

}  // namespace finwait
