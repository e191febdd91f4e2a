// SPDX-License-Identifier: Apache-2.0
#include "report/input/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace finwait::report {

namespace {

constexpr long kConnectSeconds = 5;
constexpr std::size_t kRefusalMax = 2000;

struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_mime* form) const { curl_mime_free(form); }
};

struct Receiver {
    CURL* curl;
    HttpAnswer& answer;
    const std::function<bool(std::string_view)>& take;
};

std::size_t receive(char* bytes, std::size_t, std::size_t count, void* to) {
    const auto& [curl, answer, take] = *static_cast<Receiver*>(to);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (answer.status == 200) return take({bytes, count}) ? count : 0;
    answer.refusal.append(bytes, std::min(count, kRefusalMax - answer.refusal.size()));
    return count;
}

// The fields' values must outlive the form.
std::unique_ptr<curl_mime, Free> form_of(CURL* curl, const HttpQuestion& question) {
    std::unique_ptr<curl_mime, Free> form(curl_mime_init(curl));
    for (const auto& [name, value] : question.form) {
        curl_mimepart* part = curl_mime_addpart(form.get());
        curl_mime_name(part, name.c_str());
        curl_mime_data(part, value.data(), value.size());
        curl_mime_filename(part, name.c_str());
    }
    return form;
}

void identify(CURL* curl, const HttpQuestion& question) {
    if (question.user.empty()) return;
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, question.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, question.password.c_str());
}

}  // namespace

HttpAnswer ask_http(const HttpQuestion& question,
                    const std::function<bool(std::string_view)>& take) {
    HttpAnswer answer;
    const std::unique_ptr<CURL, Free> handle(curl_easy_init());
    CURL* curl = handle.get();
    Receiver receiver{curl, answer, take};
    curl_easy_setopt(curl, CURLOPT_URL, question.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "finwait-report");
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, question.seconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
    identify(curl, question);
    const auto form = form_of(curl, question);
    if (!question.form.empty()) {
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, form.get());
    } else if (!question.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(question.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question.body.data());
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code != CURLE_OK)
        answer.error = curl_easy_strerror(code);
    else if (answer.status != 200)
        answer.error = "the server says " + std::to_string(answer.status);
    return answer;
}

}  // namespace finwait::report
