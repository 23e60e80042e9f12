// DNS server and client.
#include "app/dns.hpp"

#include <utility>

namespace netsim::app {

DnsServer::DnsServer(host::Host& host, unsigned ordinal, const DnsOptions& options)
    : App(host, "dns", ordinal, {.name = "named", .nofile = 0}), options_(options) {
    for (const auto& [name, address] : options.zone) {
        if (!is_dns_name(name)) {
            bad_option("zone: \"" + name + "\" is no name");
        }
        names_.emplace(address.bits, name);
    }
    const Result<UdpId> socket = host.udp_socket(pid());
    Errno error = socket ? Errno::kOk : socket.error();
    if (socket) {
        const Result<void> bound = host.udp().bind(*socket, {Ipv4{}, options.port});
        error = bound ? Errno::kOk : bound.error();
        socket_ = *socket;
    }
    if (error != Errno::kOk) {
        host.end_process(pid());
        bad_option("port " + std::to_string(options.port) + ": " + std::string(errno_text(error)));
    }
    host.udp().watch(socket_, this);
}

void DnsServer::on_event(std::uint64_t argument) {
    static_cast<void>(argument);  // it has no timers
}

void DnsServer::on_udp(UdpId socket, unsigned events) {
    static_cast<void>(events);
    while (const Result<Datagram> got = host().udp().receive(socket)) {
        const std::optional<DnsMessage> question = decode_dns(got->bytes);
        if (!question || question->response) {
            continue;
        }
        ++stats_.queries;
        const DnsMessage answer = answer_to(*question);
        static_cast<void>(host().udp().send(socket, encode_dns(answer), got->from));
    }
}

/// A name that exists without records of the type has an empty answer (RFC 2308 §2.2).
DnsMessage DnsServer::answer_to(const DnsMessage& question) {
    DnsMessage answer = question;
    answer.response = true;
    answer.authoritative = options_.authoritative;
    answer.recursion_available = !options_.authoritative;
    answer.answers.clear();
    bool exists = false;
    if (const auto address = address_of_reverse_name(question.name)) {
        const auto found = names_.find(address->bits);
        exists = found != names_.end();
        if (exists && question.type == DnsType::kPtr) {
            answer.answers.push_back({options_.ttl, std::nullopt, found->second});
        }
    } else {
        const auto found = options_.zone.find(question.name);
        exists = found != options_.zone.end();
        if (exists && question.type == DnsType::kA) {
            answer.answers.push_back({options_.ttl, found->second, {}});
        }
    }
    answer.rcode = exists ? dns::kNoError : dns::kNxDomain;
    stats_.answered += answer.answers.empty() ? 0U : 1U;
    stats_.nxdomain += exists ? 0U : 1U;
    return answer;
}

DnsClient::DnsClient(host::Host& host, std::uint32_t pid, const Options& options,
                     std::function<void(Errno)> failed,
                     std::function<void(std::optional<DnsMessage>)> done)
    : host_(host),
      pid_(pid),
      options_(options),
      failed_(std::move(failed)),
      done_(std::move(done)),
      self_(std::make_shared<DnsClient*>(this)) {}

DnsClient::~DnsClient() {
    close();
}

void DnsClient::close() {
    if (socket_) {
        host_.udp().watch(socket_, nullptr);
        static_cast<void>(host_.udp().close(std::exchange(socket_, {})));
    }
}

void DnsClient::ask(const std::string& name, DnsType type) {
    const Time now = host_.fabric().sim.now();
    question_ = DnsMessage{};
    question_.name = name;
    question_.type = type;
    question_.id = static_cast<std::uint16_t>(
        host_.fabric()
            .sim.rng("host/" + host_.name() + "/resolver/" + std::to_string(to_ns(now)) + name)
            .u32());
    tried_ = 0;
    attempt();
}

void DnsClient::attempt() {
    close();
    ++tried_;
    ++attempt_;
    Errno error = Errno::kOk;
    const Result<UdpId> socket = host_.udp_socket(pid_);
    if (socket) {
        socket_ = *socket;
        host_.udp().watch(socket_, this);
        const Result<void> connected = host_.udp().connect(socket_, options_.server);
        const auto sent = connected ? host_.udp().send(socket_, encode_dns(question_), std::nullopt)
                                    : Result<std::uint64_t>(fail(connected.error()));
        error = sent ? Errno::kOk : sent.error();
    } else {
        error = socket.error();
    }
    const Time now = host_.fabric().sim.now();
    if (error != Errno::kOk) {
        later(now, &DnsClient::try_failed, error);
    } else {
        later(now + options_.timeout, &DnsClient::try_failed, Errno::kETIMEDOUT);
    }
}

void DnsClient::later(Time when, void (DnsClient::*what)(Errno), Errno error) {
    host_.call_at(when, [weak = std::weak_ptr<DnsClient*>(self_), attempt = attempt_, what, error] {
        const auto self = weak.lock();
        if (self && (*self)->attempt_ == attempt) {
            ((*self)->*what)(error);
        }
    });
}

void DnsClient::try_failed(Errno error) {
    close();
    const std::weak_ptr<DnsClient*> alive = self_;
    if (failed_) {
        failed_(error);
    }
    if (alive.expired()) {
        return;
    }
    if (tried_ < options_.tries) {
        attempt();
    } else {
        ++attempt_;
        const auto done = done_;
        done(std::nullopt);
    }
}

void DnsClient::on_udp(UdpId socket, unsigned events) {
    static_cast<void>(events);
    while (socket == socket_) {
        const Result<Datagram> got = host_.udp().receive(socket);
        if (!got) {
            if (got.error() != Errno::kEAGAIN) {
                later(host_.fabric().sim.now(), &DnsClient::try_failed, got.error());
            }
            return;
        }
        const std::optional<DnsMessage> answer = decode_dns(got->bytes);
        if (answer && answer->response && answer->id == question_.id &&
            answer->name == question_.name) {
            close();
            ++attempt_;
            const auto done = done_;
            done(answer);
            return;
        }
    }
}

}  // namespace netsim::app
