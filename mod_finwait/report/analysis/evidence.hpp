// SPDX-License-Identifier: Apache-2.0
//
// What the log says of one client, for its makers: nothing of whom it came from, of whom it came
// to, or of anybody else. What came through a proxy was the proxy's, and is left out.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "finwait/record.hpp"
#include "finwait/share.hpp"
#include "finwait/tally.hpp"
#include "report/analysis/filter.hpp"
#include "report/families/families.hpp"
#include "report/input/reading.hpp"

namespace finwait::report {

// By `name` its family or what it calls itself: "Python Requests", "python-requests" and
// "python-requests/2.28.1" are one, but for the version.
[[nodiscard]] bool is_called(const Family& family, std::string_view name);

// Counts of the stuck closes that Records tell of; a tally has none.
struct StuckCounts {
    std::uint64_t told = 0;
    std::array<std::uint64_t, kCauses.size()> causes{};
    std::array<std::uint64_t, kProbes.size()> probes{};
    std::array<std::uint64_t, kOutcomes.size()> outcomes{};
    std::array<std::uint64_t, kHttpVersions.size()> http{};
    std::uint64_t tls = 0;
    Tally times;
};

class Evidence : public Sink {
  public:
    // `families` must live as long as this.
    Evidence(const Families& families, Filter filter, std::string client);

    void take(const Close& close) override;
    void take(const TallyLine& line) override;

    // Of a version that is not known: "". Beyond kVersionsMax of them: kOtherVersions.
    using Versions = std::map<std::string, Share>;

    [[nodiscard]] const std::string& name() const { return name_; }        // its family
    [[nodiscard]] const std::string& product() const { return product_; }  // without its version
    [[nodiscard]] const Share& stuck() const { return stuck_; }
    [[nodiscard]] const StuckCounts& counts() const { return counts_; }
    [[nodiscard]] const Versions& versions() const { return versions_; }
    [[nodiscard]] std::optional<std::chrono::milliseconds> first() const { return first_; }
    [[nodiscard]] std::optional<std::chrono::milliseconds> last() const { return last_; }
    // A close like most of the stuck ones: of their commonest cause, with a client that answered if
    // there is one. Null if no Record tells of any.
    [[nodiscard]] const Record* example() const;

    static constexpr std::size_t kVersionsMax = 1000;
    static constexpr const char* kOtherVersions = "(other versions)";

  private:
    struct Client {
        bool is_wanted = false;
        std::string version;
    };
    const Client& client_of(std::string_view user_agent);
    void add(const Client& client, const Share& stuck, std::chrono::milliseconds time);
    void add_stuck(const Close& close);

    const Families& families_;
    Filter filter_;
    std::string wanted_, name_, product_;
    absl::flat_hash_map<std::string, Client> clients_;  // by User-Agent
    Share stuck_;
    StuckCounts counts_;
    Versions versions_;
    std::optional<std::chrono::milliseconds> first_, last_;
    std::array<std::optional<Record>, kCauses.size()> examples_;
};

}  // namespace finwait::report
