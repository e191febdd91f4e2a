// SPDX-License-Identifier: Apache-2.0
//
// Which program a User-Agent is of: uap-core's regular expressions, tried in their order as
// uap-core's documentation says, but only those that can match (see atoms.hpp). RE2 matches in
// linear time, so no User-Agent can make it slow.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace finwait::report {

struct Family {
    std::string name;
    std::string version;  // "2.28"; empty where none is known
    std::string product;  // the client's own word for it: "python-requests/2.28.1"

    bool operator==(const Family&) const = default;
};

// What stands for a client that sent no User-Agent.
inline constexpr std::string_view kNoUserAgent = "(no User-Agent)";

// Where Debian's package uap-core has them.
inline constexpr char kUapCoreRegexes[] = "/usr/share/uap-core/regexes.yaml";

class Families {
  public:
    // Knows no family: every User-Agent goes by its first product token.
    Families();
    ~Families();
    Families(Families&&) noexcept;

    // Throws std::runtime_error with a sentence if the file is not what uap-core's is.
    [[nodiscard]] static Families from_file(const std::string& path);

    [[nodiscard]] Family family_of(std::string_view user_agent) const;

  private:
    struct Rules;

    std::unique_ptr<Rules> rules_;
};

}  // namespace finwait::report
