// SPDX-License-Identifier: Apache-2.0
#include "report/families/product.hpp"

#include <algorithm>

namespace finwait::report {

namespace {

constexpr std::string_view kSeparators = " \t;,()[]{}\"<>";

bool is_ascii_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// `python-requests`, `Python Requests` and `PythonRequests` are one name.
std::string folded(std::string_view text) {
    std::string name;
    for (const char c : text)
        if (is_ascii_alnum(c)) name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return name;
}

Product product_from(std::string_view word) {
    const std::size_t slash = word.find('/');
    if (slash == 0 || slash == std::string_view::npos) return {word, {}};
    return {word.substr(0, slash), word.substr(slash + 1)};
}

}  // namespace

std::string Product::text() const {
    std::string whole(name);
    if (!version.empty()) whole.append("/").append(version);
    return whole;
}

std::vector<Product> products_of(std::string_view user_agent) {
    std::vector<Product> products;
    while (!user_agent.empty()) {
        const std::size_t length =
            std::min(user_agent.find_first_of(kSeparators), user_agent.size());
        if (length != 0) products.push_back(product_from(user_agent.substr(0, length)));
        user_agent.remove_prefix(std::min(length + 1, user_agent.size()));
    }
    return products;
}

Product first_product(std::string_view user_agent) {
    const auto products = products_of(user_agent);
    return products.empty() ? Product{user_agent, {}} : products.front();
}

Product product_of_family(std::string_view user_agent, std::string_view family) {
    const auto products = products_of(user_agent);
    const std::string wanted = folded(family);
    const auto is_called_so = [&](const Product& product) {
        return !product.version.empty() && folded(product.name) == wanted;
    };
    const auto same = std::find_if(products.begin(), products.end(), is_called_so);
    return same != products.end() ? *same : first_product(user_agent);
}

}  // namespace finwait::report
