// SPDX-License-Identifier: Apache-2.0
#include "module/parent/spawn.hpp"

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>

namespace finwait {

namespace {

class FileActions {
  public:
    FileActions() { ::posix_spawn_file_actions_init(&actions_); }
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    posix_spawn_file_actions_t* get() { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

class Attributes {
  public:
    Attributes() {
        ::posix_spawnattr_init(&attributes_);
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    posix_spawnattr_t* get() { return &attributes_; }

  private:
    posix_spawnattr_t attributes_;
};

}  // namespace

pid_t spawn(const Program& program) {
    FileActions actions;
    Attributes attributes;
    if (program.directory) ::posix_spawn_file_actions_addchdir_np(actions.get(), program.directory);
    for (const GivenDescriptor& given : program.descriptors)
        ::posix_spawn_file_actions_adddup2(actions.get(), given.from, given.to);

    const std::string& name = program.name.empty() ? program.path : program.name;
    std::vector<char*> argv{const_cast<char*>(name.c_str())};
    for (const std::string& argument : program.arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    char* nothing = nullptr;
    char** environment = program.empty_environment ? &nothing : environ;
    pid_t pid = -1;
    const auto start = program.search_path ? ::posix_spawnp : ::posix_spawn;
    errno = start(&pid, program.path.c_str(), actions.get(), attributes.get(), argv.data(),
                  environment);
    return errno == 0 ? pid : -1;
}

}  // namespace finwait
