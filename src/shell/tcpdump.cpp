// tcpdump(8) 4.99: a host's packets as text, while simulated time passes. What it decodes is in
// observe/tcpdump.hpp, its filter language in observe/packet_filter.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/text.hpp"
#include "host/host.hpp"
#include "netsim/result.hpp"
#include "observe/filter_words.hpp"
#include "observe/packet_filter.hpp"
#include "observe/tcpdump.hpp"
#include "shell/jobs.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kTcpdumpUsage = "tcpdump [-nSvlpt] [-i IF] [-c N] [FILTER]";

struct TcpdumpQuery {
    std::string interface;    // "any": all
    std::uint64_t count = 0;  // 0: until it is interrupted
    bool numeric = false;
    bool absolute = false;
    bool verbose = false;
    unsigned stamps = 0;  // how many -t
    std::string filter;
};

/// Reads flags as getopt does: "-nSvc10", "-c 10".
class TcpdumpFlags {
 public:
    explicit TcpdumpFlags(const std::vector<std::string>& words) : words_(words) {}

    TcpdumpQuery parse() {
        for (; at_ < words_.size(); ++at_) {
            const std::string& word = words_[at_];
            if (word.size() < 2 || word.front() != '-') {
                break;
            }
            letters(word);
        }
        for (; at_ < words_.size(); ++at_) {
            query_.filter += (query_.filter.empty() ? "" : " ") + words_[at_];
        }
        return query_;
    }

 private:
    void letters(const std::string& word) {
        for (std::size_t i = 1; i < word.size(); ++i) {
            switch (word[i]) {
                case 'n':
                    query_.numeric = true;
                    break;
                case 'S':
                    query_.absolute = true;
                    break;
                case 'v':
                    query_.verbose = true;
                    break;
                case 't':
                    ++query_.stamps;
                    break;
                case 'l':  // line-buffered, and not promiscuous: as here always
                case 'p':
                    break;
                case 'i':
                    query_.interface = value(word, i);
                    return;
                case 'c':
                    query_.count = count(value(word, i));
                    return;
                default:
                    throw InputError(
                        fmt::format("tcpdump: unknown flag \"{}\"; allowed: {}",
                                    word.starts_with("--") ? word : fmt::format("-{}", word[i]),
                                    kTcpdumpUsage));
            }
        }
    }

    std::string value(const std::string& word, std::size_t i) {
        if (i + 1 < word.size()) {
            return word.substr(i + 1);
        }
        if (at_ + 1 == words_.size()) {
            throw InputError(
                fmt::format("tcpdump: -{} needs a value; allowed: {}", word[i], kTcpdumpUsage));
        }
        return words_[++at_];
    }

    static std::uint64_t count(const std::string& text) {
        std::uint64_t value = 0;
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error != std::errc{} || stop != end || value == 0) {
            throw InputError(fmt::format("tcpdump: -c {}: a number of packets, from 1", text));
        }
        return value;
    }

    const std::vector<std::string>& words_;
    std::size_t at_ = 0;
    TcpdumpQuery query_;
};

/// The names a filter's words are, of those the directory knows.
observe::KnownNames names_in(const std::string& filter, const Directory& directory) {
    observe::KnownNames names;
    for (observe::FilterWords words(filter); !words.word().text.empty(); words.next()) {
        try {
            names.emplace_back(words.word().text, directory.address_of(words.word().text));
        } catch (const InputError&) {
            continue;  // a word of the language, or a mistake that the filter tells
        }
    }
    return names;
}

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::string day_time(std::int64_t ns) {
    const std::int64_t s = ns / kNsPerSecond;
    return fmt::format("{:02}:{:02}:{:02}.{:06}", s / 3600 % 24, s / 60 % 60, s % 60,
                       ns % kNsPerSecond / 1000);
}

/// Simulated time begins with 1970.
std::string date_of(std::int64_t ns) {
    const std::chrono::year_month_day day{
        std::chrono::sys_days(std::chrono::days(ns / kNsPerSecond / 86'400))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

class Tcpdump final : public TimedJob, private sim::Tracer {
 public:
    Tcpdump(const Invocation& invocation, TcpdumpQuery query)
        : TimedJob(invocation.host),
          query_(std::move(query)),
          filter_(query_.filter, names_in(query_.filter, invocation.directory), &host().bytes()),
          text_(text_options(invocation.directory)) {
        choose_interface();
        heading();
        host().fabric().watch(*this);
        watching_ = true;
    }

    Tcpdump(const Tcpdump&) = delete;
    Tcpdump& operator=(const Tcpdump&) = delete;
    Tcpdump(Tcpdump&&) = delete;
    Tcpdump& operator=(Tcpdump&&) = delete;

    ~Tcpdump() override { stop_watching(); }

 private:
    observe::TcpdumpOptions text_options(const Directory& directory) {
        observe::TcpdumpOptions options;
        options.absolute = query_.absolute;
        options.verbose = query_.verbose;
        options.services = !query_.numeric;
        options.store = &host().bytes();
        if (!query_.numeric) {
            options.name_of = [&directory](Ipv4 address) {
                return std::string(directory.name_of(address));
            };
        }
        return options;
    }

    void choose_interface() {
        const auto& interfaces = host().interfaces();
        std::vector<std::string_view> known;
        for (const net::Interface& one : interfaces) {
            known.emplace_back(one.name);
        }
        known.emplace_back("any");
        if (query_.interface.empty()) {
            query_.interface = std::string(known.front());
        }
        if (std::find(known.begin(), known.end(), query_.interface) == known.end()) {
            throw InputError(fmt::format("tcpdump: {}: No such device exists{} (interfaces: {})",
                                         query_.interface, did_you_mean(query_.interface, known),
                                         join(known)));
        }
    }

    bool any() const { return query_.interface == "any"; }

    void heading() {
        if (any()) {
            put("tcpdump: data link type LINUX_SLL2\n");
        }
        if (!query_.verbose) {
            put("tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n");
        }
        put(fmt::format("{}listening on {}, link-type {}, snapshot length 262144 bytes\n",
                        query_.verbose ? "tcpdump: " : "", query_.interface,
                        any() ? "LINUX_SLL2 (Linux cooked v2)" : "RAW (Raw IP)"));
    }

    void on_packet(const sim::PacketRecord& record) override {
        const bool passes =
            record.event == sim::PacketEvent::kSent || record.event == sim::PacketEvent::kReceived;
        if (!passes || record.node != host().id() || full() ||
            (!any() && record.interface_name != query_.interface) || !filter_.matches(record)) {
            return;
        }
        put(stamp(record.at));
        if (any()) {
            put(fmt::format("{:<5} {:<3} ", record.interface_name,
                            record.event == sim::PacketEvent::kReceived ? "In" : "Out"));
        }
        put(text_.packet(*record.packet));
        put("\n");
        ++captured_;
        if (full()) {
            wake_at(now());  // not from within a record: others are still to hear of it
        }
    }

    bool full() const { return query_.count > 0 && captured_ == query_.count; }

    std::string stamp(Time at) {
        const std::int64_t ns = to_ns(at);
        const std::int64_t before = before_.value_or(ns);
        if (query_.stamps != 5 || !before_) {
            before_ = ns;
        }
        switch (query_.stamps) {
            case 0:
                return day_time(ns) + ' ';
            case 1:
                return {};
            case 2:
                return fmt::format("{}.{:06} ", ns / kNsPerSecond, ns % kNsPerSecond / 1000);
            case 4:
                return date_of(ns) + ' ' + day_time(ns) + ' ';
            default:  // since the one before, or since the first
                return ' ' + day_time(ns / 1000 * 1000 - before / 1000 * 1000) + ' ';
        }
    }

    void on_wake() override { summary(); }

    void on_interrupt() override {
        put("\n");
        summary();
    }

    void summary() {
        stop_watching();
        const std::string packets =
            captured_ == 1 ? "1 packet" : fmt::format("{} packets", captured_);
        put(packets + " captured\n" + packets +
            " received by filter\n0 packets dropped by kernel\n");
        finish(0);
    }

    void stop_watching() {
        if (watching_) {
            host().fabric().unwatch(*this);
            watching_ = false;
        }
    }

    TcpdumpQuery query_;
    observe::PacketFilter filter_;
    observe::TcpdumpText text_;
    std::optional<std::int64_t> before_;
    std::uint64_t captured_ = 0;
    bool watching_ = false;
};

}  // namespace

std::unique_ptr<Job> start_tcpdump(const Invocation& invocation) {
    TcpdumpQuery query = TcpdumpFlags(invocation.words).parse();
    if (query.stamps > 5) {
        throw InputError("tcpdump: -t at most five times");
    }
    return std::make_unique<Tcpdump>(invocation, std::move(query));
}

}  // namespace netsim::shell
