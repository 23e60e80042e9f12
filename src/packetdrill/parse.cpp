// The head of a script, the times, and which kind of event a line is.
#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "packetdrill/parser.hpp"
#include "tcp/profile.hpp"

namespace netsim::packetdrill {
namespace {

constexpr auto kSettings = std::to_array<std::string_view>({"local_ip",
                                                            "remote_ip",
                                                            "gateway_ip",
                                                            "netmask_ip",
                                                            "ip_version",
                                                            "bind_port",
                                                            "connect_port",
                                                            "mtu",
                                                            "mss",
                                                            "speed",
                                                            "tolerance_usecs",
                                                            "tolerance_percent",
                                                            "tcp_ts_tick_usecs",
                                                            "tcp_ts_ecr_scaled",
                                                            "strict_segments",
                                                            "non_fatal",
                                                            "dry_run",
                                                            "is_anyip",
                                                            "send_omit_free",
                                                            "init_scripts",
                                                            "code_command",
                                                            "code_format",
                                                            "code_sockopt",
                                                            "verbose",
                                                            "debug",
                                                            "define",
                                                            "profile"});

std::string without_margins(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    const std::size_t end = text.find_last_not_of(" \t\r\n");
    return begin == std::string_view::npos ? std::string()
                                           : std::string(text.substr(begin, end - begin + 1));
}

template <typename T>
bool read_number(const std::string& text, T low, T high, T& into) {
    T value{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value < low || value > high) {
        return false;
    }
    into = value;
    return true;
}

/// An address, with or without the length of its prefix.
bool read_address(const std::string& text, Ipv4& into) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    unsigned bits = 0;
    if (slash < text.size() && !read_number<unsigned>(text.substr(slash + 1), 0, 32, bits)) {
        return false;
    }
    const auto address = parse_ipv4(text.substr(0, slash));
    into = address.value_or(into);
    return address.has_value();
}

bool read_micros(const std::string& text, Duration& into) {
    std::int64_t micros = 0;
    const bool good = read_number<std::int64_t>(text, 0, 10'000'000'000, micros);
    into = std::chrono::microseconds(micros);
    return good;
}

bool read_define(const std::string& text, std::map<std::string, std::string>& into) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        return false;
    }
    into[text.substr(0, equals)] = text.substr(equals + 1);
    return true;
}

/// "a,b, c"
std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : text + ",") {
        if (c != ',' && c != ' ') {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::exchange(word, ""));
        }
    }
    return words;
}

bool read_non_fatal(const std::string& text, Settings& s) {
    for (const std::string& word : words_of(text)) {
        s.forgive_packets = s.forgive_packets || word == "packet";
        s.forgive_calls = s.forgive_calls || word == "syscall";
        if (word != "packet" && word != "syscall") {
            return false;
        }
    }
    return true;
}

/// A flag: present, or =1 or =0.
bool read_flag(const std::string& text, bool& into) {
    into = text != "0";
    return text.empty() || text == "0" || text == "1";
}

}  // namespace

/// What the original has and a simulator cannot have, and what it does not know.
void Parser::refuse_setting(std::string_view name, const std::string& value, Place where) {
    const std::string shown = "--" + std::string(name) + (value.empty() ? "" : "=" + value);
    if (name.starts_with("wire_")) {
        scan_.fail_at(where, shown + ": not supported, there is no wire and no second host");
    }
    if (name == "so_filename" || name == "so_flags") {
        scan_.fail_at(where, shown + ": not supported, no other stack can be loaded");
    }
    scan_.fail_at(where, "unknown option --" + std::string(name) + did_you_mean(name, kSettings) +
                             " (options: " + join(kSettings) + ")");
}

void Parser::setting(std::string_view name, const std::string& value, Place where) {
    bool good = true;
    bool ignored = false;
    Ipv4 unused;
    Settings& s = settings_;
    if (name == "local_ip") {
        good = read_address(value, s.local);
    } else if (name == "remote_ip") {
        good = read_address(value, s.remote);
    } else if (name == "gateway_ip" || name == "netmask_ip") {
        good = read_address(value, unused);  // there is no link to configure
    } else if (name == "profile") {
        s.profile = value;
        try {
            static_cast<void>(tcp::profile_settings(value));
        } catch (const InputError& error) {
            scan_.fail_at(where, error.what());
        }
    } else if (name == "ip_version") {
        if (value == "ipv6") {
            scan_.fail_at(where, "--ip_version=ipv6: not supported, the stack is IPv4");
        }
        good = value == "ipv4" || value == "ipv4-mapped-ipv6";  // IPv4 packets, both
    } else if (name == "bind_port") {
        good = read_number<std::uint16_t>(value, 1, 65535, s.bind_port);
    } else if (name == "connect_port") {
        good = read_number<std::uint16_t>(value, 1, 65535, s.connect_port);
    } else if (name == "mtu") {
        good = read_number<std::uint32_t>(value, 68, 65535, s.mtu);
    } else if (name == "mss") {
        good = read_number<std::uint32_t>(value, 1, 65535, s.mss);
    } else if (name == "tolerance_usecs") {
        good = read_micros(value, s.tolerance);
    } else if (name == "tolerance_percent") {
        good = read_number<double>(value, 0.0, 1000.0, s.tolerance_percent);
    } else if (name == "tcp_ts_tick_usecs") {
        good = read_micros(value, s.ts_tick);
    } else if (name == "tcp_ts_ecr_scaled") {
        good = read_flag(value, s.ts_ecr_scaled);
    } else if (name == "strict_segments") {
        good = read_flag(value, s.strict_segments);
    } else if (name == "send_omit_free") {
        good = read_flag(value, ignored);  // about the tool's own heap
    } else if (name == "define") {
        good = read_define(value, s.defines);
    } else if (name == "speed") {
        std::uint32_t mbps = 0;  // what ethtool says of the tun device; TCP never asks
        good = read_number<std::uint32_t>(value, 1, 1'000'000, mbps);
    } else if (name == "non_fatal") {
        good = read_non_fatal(value, s);
    } else if (name == "dry_run") {
        good = read_flag(value, s.dry_run);
    } else if (name == "is_anyip") {
        good = read_flag(value, s.any_local);
    } else if (name == "verbose" || name == "debug") {
        good = read_flag(value, s.verbose);
    } else if (name == "init_scripts") {
        s.init_scripts = words_of(value);
    } else if (name == "code_command") {
        good = value.starts_with("python");  // the language of the code blocks
    } else if (name == "code_format") {
        good = value == "python";
    } else if (name == "code_sockopt") {
        good = value.empty() || value == "TCP_INFO";
    } else {
        refuse_setting(name, value, where);
    }
    if (!good) {
        scan_.fail_at(where, "--" + std::string(name) + "=" + value + " is not a good value");
    }
}

void Parser::head() {
    while (!scan_.at_end() && scan_.rest().starts_with("--")) {
        const Place where = scan_.place();
        scan_.need("--");
        const std::string name(scan_.identifier());
        std::string value;
        if (scan_.rest().starts_with("=")) {
            scan_.need("=");
            if (scan_.rest().starts_with("\"")) {
                value = quoted();
            } else {
                const std::size_t n =
                    std::min(scan_.rest().find_first_of(" \t\r\n"), scan_.rest().size());
                value = std::string(scan_.rest().substr(0, n));
                scan_.step(n);
            }
        }
        setting(name, value, where);
    }
}

std::vector<Event> Parser::events() {
    std::vector<Event> all;
    while (!scan_.at_end()) {
        all.push_back(event());
    }
    if (all.empty()) {
        scan_.fail("the script has no events: it proves nothing");
    }
    return all;
}

Event Parser::event() {
    Event e;
    e.place = scan_.place();
    const std::size_t begin = scan_.offset();
    if (!scan_.next_is("`")) {  // a command alone: the suite's first and last lines
        e.when = when();
    }
    if (scan_.next_is("<") || scan_.next_is(">")) {
        e.what = packet();
    } else if (scan_.take("`")) {
        e.what = ShellLine{std::string(scan_.until("`", "the command"))};
    } else if (scan_.take("%{")) {
        e.what = CodeLine{std::string(scan_.until("}%", "the code"))};
    } else {
        e.what = call();
    }
    const std::string_view written = scan_.text().substr(begin, scan_.offset() - begin);
    e.source = without_margins(written.substr(0, written.find("\n//")));
    const bool sends =
        std::holds_alternative<PacketLine>(e.what) && !std::get<PacketLine>(e.what).inbound;
    if ((e.when.base == When::Base::kAny || e.when.latest) && !sends) {
        scan_.fail_at(e.place, "only an expected packet (>) can have the time * or a range");
    }
    if (e.when.returns && !std::holds_alternative<CallLine>(e.what)) {
        scan_.fail_at(e.place, "only a call can have two times joined by ...");
    }
    return e;
}

When Parser::when() {
    When w;
    if (scan_.take("*")) {
        w.base = When::Base::kAny;
        return w;
    }
    const bool relative = scan_.take("+");
    w.base = relative ? When::Base::kRelative : When::Base::kAbsolute;
    const char c = scan_.peek();
    if ((c < '0' || c > '9') && c != '.') {
        scan_.fail("expected a time (+0.1, 0.1 or *)");
    }
    w.at = scan_.seconds();
    const Place where = scan_.place();
    if (scan_.take("~")) {
        if (relative) {
            scan_.take("+");
        }
        w.latest = scan_.seconds();
    } else if (scan_.take("...")) {
        w.returns = scan_.seconds();
    }
    if (w.latest.value_or(w.at) < w.at || w.returns.value_or(w.at) < w.at) {
        scan_.fail_at(where, "the second time is before the first");
    }
    return w;
}

Script parse(const std::string& name, const std::string& text,
             const std::map<std::string, std::string>& defines) {
    Settings settings;
    settings.defines = defines;
    Parser parser(name, text, std::move(settings));
    Script script;
    script.name = name;
    parser.head();
    script.events = parser.events();
    script.settings = parser.settings();
    return script;
}

}  // namespace netsim::packetdrill
