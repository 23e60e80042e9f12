// Names of nodes, asked for over the network.
#include <memory>
#include <utility>

#include "api/network_impl.hpp"
#include "app/dns.hpp"

namespace netsim {
namespace {

std::string lower_case(std::string text) {
    for (char& c : text) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

/// A question of HostRef::lookup(): a process that ends with it.
class Lookup final : private host::Program, public std::enable_shared_from_this<Lookup> {
 public:
    Lookup(host::Host& host, std::function<void(Result<Ipv4>)> done)
        : host_(host), done_(std::move(done)) {
        pid_ = host.start_process({.name = "resolver", .nofile = 0}, this);
        client_.emplace(
            host, pid_,
            app::DnsClient::Options{{host.nameserver(), kDnsPort}, 2, std::chrono::seconds(5)},
            [this](Errno error) { error_ = error; },
            [this](const std::optional<app::DnsMessage>& answer) { answered(answer); });
    }

    void ask(const std::string& name) {
        self_ = shared_from_this();
        client_->ask(name, app::DnsType::kA);
    }

 private:
    static constexpr std::uint16_t kDnsPort = 53;

    /// Killed: nobody waits for an answer any more.
    void on_end() override { self_.reset(); }

    void answered(const std::optional<app::DnsMessage>& answer) {
        const std::shared_ptr<Lookup> keep = std::move(self_);
        host_.forget_program(pid_);
        host_.end_process(pid_);
        if (!answer) {
            done_(fail(error_));
        } else if (answer->answers.empty() || !answer->answers.front().address) {
            done_(fail(Errno::kENOENT));
        } else {
            done_(*answer->answers.front().address);
        }
    }

    host::Host& host_;
    std::function<void(Result<Ipv4>)> done_;
    std::uint32_t pid_ = 0;
    Errno error_ = Errno::kETIMEDOUT;
    std::optional<app::DnsClient> client_;
    std::shared_ptr<Lookup> self_;  // until the answer
};

}  // namespace

std::map<std::string, Ipv4> NetworkImpl::zone_of_nodes(const std::string& domain) const {
    std::map<std::string, Ipv4> zone;
    for (const Node& node : nodes_) {
        const std::string name =
            lower_case(node.owner->name() + (domain.empty() ? "" : "." + domain));
        if (app::is_dns_name(name) && !parse_ipv4(name)) {
            zone.emplace(name, node.address);
        }
    }
    return zone;
}

void HostRef::lookup(const std::string& name, std::function<void(Result<Ipv4>)> done) {
    if (!app::is_dns_name(name)) {
        throw InputError("lookup: \"" + name + "\" is no name");
    }
    NetworkImpl::Node& node = net_->node_of(*this);
    NetworkImpl::require_power(node, "lookup()");
    net_->keep_routes_current();
    std::make_shared<Lookup>(*node.host, std::move(done))->ask(lower_case(name));
}

}  // namespace netsim
