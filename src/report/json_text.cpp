// Appending, with commas where they belong.
#include "report/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

namespace netsim::report {
namespace {

void append_number(std::string& out, double value) {
    constexpr double kWholeMax = 1e9;
    if (!std::isfinite(value)) {
        out += "null";
    } else if (value == std::floor(value) && std::fabs(value) < kWholeMax) {
        fmt::format_to(std::back_inserter(out), "{}", static_cast<std::int64_t>(value));
    } else {
        fmt::format_to(std::back_inserter(out), "{:.6g}", value);
    }
}

}  // namespace

std::string quoted(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
    });
    if (plain) {
        std::string out;
        out.reserve(text.size() + 2);
        out += '"';
        out += text;
        return out += '"';
    }
    return nlohmann::json(std::string(text))
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void JsonText::begin(std::string_view key) {
    if (!first_) {
        out_ += ',';
    }
    first_ = false;
    if (!key.empty()) {
        out_ += quoted(key);
        out_ += ':';
    }
}

JsonText& JsonText::object(std::string_view key) {
    begin(key);
    out_ += '{';
    closers_ += '}';
    first_ = true;
    return *this;
}

JsonText& JsonText::array(std::string_view key) {
    begin(key);
    out_ += '[';
    closers_ += ']';
    first_ = true;
    return *this;
}

JsonText& JsonText::end() {
    out_ += closers_.back();
    closers_.pop_back();
    first_ = false;
    return *this;
}

JsonText& JsonText::text(std::string_view key, std::string_view value) {
    begin(key);
    out_ += quoted(value);
    return *this;
}

JsonText& JsonText::whole(std::string_view key, std::uint64_t value) {
    begin(key);
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
}

JsonText& JsonText::flag(std::string_view key, bool value) {
    return raw(key, value ? "true" : "false");
}

JsonText& JsonText::null(std::string_view key) {
    return raw(key, "null");
}

JsonText& JsonText::number(std::string_view key, double value) {
    begin(key);
    append_number(out_, value);
    return *this;
}

JsonText& JsonText::exact(std::string_view key, double value) {
    begin(key);
    if (std::isfinite(value)) {
        fmt::format_to(std::back_inserter(out_), "{}", value);
    } else {
        out_ += "null";
    }
    return *this;
}

JsonText& JsonText::time(std::string_view key, Time value) {
    return value == kNever ? null(key) : exact(key, to_seconds(value));
}

JsonText& JsonText::numbers(std::string_view key, std::span<const double> values) {
    begin(key);
    out_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) {
            out_ += ',';
        }
        append_number(out_, values[i]);
    }
    out_ += ']';
    return *this;
}

JsonText& JsonText::raw(std::string_view key, std::string_view value) {
    begin(key);
    out_ += value;
    return *this;
}

}  // namespace netsim::report
