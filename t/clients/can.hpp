// SPDX-License-Identifier: Apache-2.0
//
// What this machine lets these tests do. Each question is asked once, by trying; the answer is ""
// or the sentence that a test which needs it is skipped with.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace finwait::test {

const std::string& why_no_other_user();          // a server of root's, or of another user
const std::string& why_no_vanishing_clients();   // network namespaces, veth pairs and nftables
const std::string& why_no_frozen_disk();         // a loop device, mount and FIFREEZE
const std::string& why_no_capture();             // a packet socket
const std::string& why_no_wmem_max();            // sysctl net.core.wmem_max
const std::string& why_no_ipv6();                // ::1
const std::string& why_no_look_into_a_closer();  // which is not dumpable: /proc/PID/exe, /fd, ss -p

// For what is found out deep inside a test: ends it as skipped.
[[noreturn]] void cannot_be_tried(const std::string& why);

constexpr char kNoDescriptorsOfOthers[] =
    "descriptors of what is another's or not dumpable cannot be read here (CAP_SYS_PTRACE)";

}  // namespace finwait::test

#define SKIP_IF(why_not) \
    if (const std::string& reason = (why_not); !reason.empty()) GTEST_SKIP() << reason
