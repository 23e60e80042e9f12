// nslookup(1) of BIND 9.18: A, then AAAA; PTR for an address; 3 tries of 5 s.
#include <fmt/format.h>

#include <optional>

#include "app/dns.hpp"
#include "netsim/result.hpp"
#include "shell/flags.hpp"
#include "shell/jobs.hpp"
#include "shell/starts.hpp"

namespace netsim::shell {
namespace {

constexpr std::string_view kNslookupSynopsis =
    "nslookup [-timeout=SECONDS] [-retry=N] NAME|ADDRESS [SERVER]";
constexpr std::uint16_t kNslookupPort = 53;

struct NslookupQuery {
    std::string name;
    app::DnsType type = app::DnsType::kA;
    Ipv4 server;
    Duration timeout = std::chrono::seconds(5);
    unsigned tries = 3;
};

std::int64_t nslookup_number(const std::string& word, std::size_t from, std::int64_t most) {
    const std::string digits = word.substr(from);
    const bool number = !digits.empty() && digits.size() < 6 &&
                        digits.find_first_not_of("0123456789") == std::string::npos;
    const std::int64_t value = number ? std::stoll(digits) : -1;
    if (value < 0 || value > most) {
        throw InputError(fmt::format("nslookup: \"{}\": a number from 0 to {}", word, most));
    }
    return value;
}

/// Its flags are whole words behind one dash.
NslookupQuery parse_nslookup(const Invocation& invocation) {
    NslookupQuery query;
    std::vector<std::string> operands;
    for (const std::string& word : invocation.words) {
        if (word.starts_with("-timeout=")) {
            query.timeout = std::chrono::seconds(std::max<std::int64_t>(
                1, nslookup_number(word, std::string_view("-timeout=").size(), 3600)));
        } else if (word.starts_with("-retry=")) {
            query.tries = 1U + static_cast<unsigned>(
                                   nslookup_number(word, std::string_view("-retry=").size(), 100));
        } else if (word.starts_with('-')) {
            throw InputError(
                fmt::format("nslookup: unknown flag \"{}\"; write {}", word, kNslookupSynopsis));
        } else {
            operands.push_back(word);
        }
    }
    if (operands.empty() || operands.size() > 2) {
        throw InputError(fmt::format("nslookup: write {}", kNslookupSynopsis));
    }
    query.server = operands.size() == 2 ? invocation.directory.address_of(operands[1])
                                        : invocation.host.nameserver();
    query.name = operands[0];
    if (query.name.ends_with('.')) {
        query.name.pop_back();
    }
    for (char& c : query.name) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (const auto address = parse_ipv4(query.name)) {
        query.name = app::reverse_name(*address);
        query.type = app::DnsType::kPtr;
    }
    if (!app::is_dns_name(query.name)) {
        throw InputError(fmt::format("nslookup: \"{}\" is no name", operands[0]));
    }
    return query;
}

std::string rcode_words(std::uint8_t rcode) {
    switch (rcode) {
        case app::dns::kFormErr:
            return "FORMERR";
        case app::dns::kServFail:
            return "SERVFAIL";
        case app::dns::kNxDomain:
            return "NXDOMAIN";
        case app::dns::kNotImp:
            return "NOTIMP";
        case app::dns::kRefused:
            return "REFUSED";
        default:
            return fmt::format("RCODE {}", rcode);
    }
}

class NslookupJob final : public TimedJob, private host::Program {
 public:
    NslookupJob(const Invocation& invocation, NslookupQuery query)
        : TimedJob(invocation.host), query_(std::move(query)) {
        pid_ = host().start_process({.name = "nslookup", .nofile = 0}, this);
        client_.emplace(
            host(), pid_,
            app::DnsClient::Options{{query_.server, kNslookupPort}, query_.tries, query_.timeout},
            [this](Errno error) { try_failed(error); },
            [this](const std::optional<app::DnsMessage>& answer) { answered(answer); });
        client_->ask(query_.name, query_.type);
    }

    NslookupJob(const NslookupJob&) = delete;
    NslookupJob& operator=(const NslookupJob&) = delete;
    NslookupJob(NslookupJob&&) = delete;
    NslookupJob& operator=(NslookupJob&&) = delete;

    ~NslookupJob() override { clean_up(); }

 private:
    void on_wake() override {}

    void on_interrupt() override { end(130); }

    void on_end() override {
        pid_ = 0;
        constexpr int kBySigkill = 128 + 9;
        finish(kBySigkill);
    }

    void clean_up() {
        if (pid_ != 0) {
            host().forget_program(pid_);
            host().end_process(pid_);
            pid_ = 0;
        }
    }

    void end(int exit_code) {
        clean_up();
        finish(exit_code);
    }

    void try_failed(Errno error) {
        const std::string_view what = error == Errno::kETIMEDOUT      ? "timed out"
                                      : error == Errno::kECONNREFUSED ? "connection refused"
                                      : error == Errno::kENETUNREACH  ? "network unreachable"
                                      : error == Errno::kEHOSTUNREACH ? "host unreachable"
                                                                      : errno_text(error);
        put(fmt::format(";; communications error to {}#{}: {}\n", to_string(query_.server),
                        kNslookupPort, what));
    }

    void answered(const std::optional<app::DnsMessage>& answer) {
        if (!answer) {
            put(";; no servers could be reached\n\n");
            end(1);
        } else if (answer->type == app::DnsType::kAaaa) {
            put("\n");  // it never has one
            end(0);
        } else if (answer->rcode != app::dns::kNoError) {
            put(fmt::format("{}** server can't find {}: {}\n\n",
                            answer->type == app::DnsType::kA ? server() : "", query_.name,
                            rcode_words(answer->rcode)));
            end(1);
        } else if (answer->type == app::DnsType::kPtr) {
            for (const app::DnsAnswer& one : answer->answers) {
                put(fmt::format("{}\tname = {}.\n", query_.name, one.name));
            }
            put(answer->authoritative ? "\n" : "\nAuthoritative answers can be found from:\n\n");
            end(0);
        } else {
            put(server());
            put(answer->authoritative ? "" : "Non-authoritative answer:\n");
            for (const app::DnsAnswer& one : answer->answers) {
                put(fmt::format("Name:\t{}\nAddress: {}\n", query_.name,
                                to_string(one.address.value_or(Ipv4{}))));
            }
            client_->ask(query_.name, app::DnsType::kAaaa);
        }
    }

    std::string server() const {
        return fmt::format("Server:\t\t{0}\nAddress:\t{0}#{1}\n\n", to_string(query_.server),
                           kNslookupPort);
    }

    NslookupQuery query_;
    std::uint32_t pid_ = 0;
    std::optional<app::DnsClient> client_;
};

}  // namespace

std::unique_ptr<Job> start_nslookup(const Invocation& invocation) {
    return std::make_unique<NslookupJob>(invocation, parse_nslookup(invocation));
}

}  // namespace netsim::shell
