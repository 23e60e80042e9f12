// A whole report: what was run, what came of it, and a picture of each case. Written as JSON
// (docs/report-format.md) or as a page that holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/model.hpp"

namespace netsim::report {

struct Parameter {
    std::string name;
    std::string value;
    std::string default_text;
    std::string help;
    std::string type;  // "integer", "number", "boolean", "text", "duration"...
};

struct Claim {
    std::string place;  // "x.lua:12"
    std::string message;
    bool ok = true;
};

struct Failure {
    std::string message;
    std::string place;  // empty: nowhere
};

struct CaseFacts {
    std::string name;
    std::uint64_t seed = 0;
    std::string digest;
    double simulated_seconds = 0;
    std::uint64_t events = 0;
    std::uint64_t handshakes = 0;
    std::string ended;
    std::string results;                  // JSON
    std::shared_ptr<const Case> picture;  // null: there is none
};

struct Comparison {
    std::string title;
    std::vector<std::pair<std::string, std::string>> rows;  // key, label
};

struct Document {
    std::string script;
    std::string command;
    std::uint64_t seed = 0;
    std::string digest;
    double simulated_seconds = 0;
    std::uint64_t events = 0;
    std::uint64_t handshakes = 0;
    bool interrupted = false;
    std::optional<Failure> failure{};
    std::vector<Parameter> parameters;
    std::vector<std::string> settings;
    std::string source;
    std::vector<Claim> expectations;
    std::optional<Comparison> comparison{};
    std::vector<CaseFacts> cases;
};

/// At most about 12 MB however much there is; what was left out "thinned" says.
std::string to_json(const Document& document);

/// The page with these data inside. They cannot end the element they stand in.
std::string to_page(std::string_view json);

/// The page that asks whoever serves it for its data (netsim view).
std::string to_live_page(std::string_view script);

}  // namespace netsim::report
