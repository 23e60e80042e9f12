// A DNS server over UDP with a zone of its own, and a client that asks one (RFC 1035).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/app.hpp"
#include "app/dns_message.hpp"
#include "host/udp.hpp"

namespace netsim::app {

class DnsServer final : public App, private host::UdpWatcher {
 public:
    /// InputError if the port is taken or a name is none.
    DnsServer(host::Host& host, unsigned ordinal, const DnsOptions& options);

    const DnsStats& stats() const { return stats_; }

 private:
    void on_event(std::uint64_t argument) override;
    void on_udp(UdpId socket, unsigned events) override;
    DnsMessage answer_to(const DnsMessage& question);

    DnsOptions options_;
    std::map<std::uint32_t, std::string> names_;  // by address: the first name in order
    DnsStats stats_;
    UdpId socket_;
};

/// One question at a time: each try goes from a port of its own, and waits as long.
class DnsClient final : private host::UdpWatcher {
 public:
    struct Options {
        Endpoint server;
        unsigned tries = 2;  // as glibc
        Duration timeout = std::chrono::seconds(5);
    };

    /// `failed`: a try ended with this errno (ETIMEDOUT: no answer). `done`: an answer; nothing:
    /// no try had one. Both may ask again, or destroy the client.
    DnsClient(host::Host& host, std::uint32_t pid, const Options& options,
              std::function<void(Errno)> failed,
              std::function<void(std::optional<DnsMessage>)> done);
    DnsClient(const DnsClient&) = delete;
    DnsClient& operator=(const DnsClient&) = delete;
    DnsClient(DnsClient&&) = delete;
    DnsClient& operator=(DnsClient&&) = delete;
    ~DnsClient() override;

    void ask(const std::string& name, DnsType type);

 private:
    void on_udp(UdpId socket, unsigned events) override;
    void attempt();
    void try_failed(Errno error);
    void close();
    /// As an event, if it is still this try then.
    void later(Time when, void (DnsClient::*what)(Errno), Errno error);

    host::Host& host_;
    std::uint32_t pid_;
    Options options_;
    std::function<void(Errno)> failed_;
    std::function<void(std::optional<DnsMessage>)> done_;
    DnsMessage question_;
    UdpId socket_;
    unsigned tried_ = 0;
    std::uint64_t attempt_ = 0;
    std::shared_ptr<DnsClient*> self_;
};

}  // namespace netsim::app
