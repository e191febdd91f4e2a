// SPDX-License-Identifier: Apache-2.0
//
// Any words as the command line of finwait-report: they mean something, or are refused in a
// sentence.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "report/options.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace finwait::report;
    std::vector<std::string> words{"finwait-report", ""};
    for (const std::uint8_t byte : std::string_view(reinterpret_cast<const char*>(data), size)) {
        if (byte == '\n')
            words.emplace_back();
        else if (byte != 0)
            words.back() += static_cast<char>(byte);
    }
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    try {
        (void)parse_options(static_cast<int>(argv.size()), argv.data(), Instant(1'795'348'800'000));
    } catch (const UsageError& error) {
        if (std::string_view(error.what()).empty()) std::abort();
    } catch (const Information& information) {
        if (information.text.empty()) std::abort();
    }
    return 0;
}
