// The arithmetic of docs/cpu.md, "From measurements to costs".
#include "cli/calibration.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Nanoseconds by name, each a number from 0 to a second.
class Measured {
 public:
    Measured(const Json& json, const std::string& source) : source_(source) {
        const auto found = json.find("measured_ns");
        if (found == json.end() || !found->is_object()) {
            throw InputError(source + ": no \"measured_ns\": not written by netsim-kernel-bench");
        }
        values_ = *found;
    }

    double operator()(const char* name) const {
        const auto found = values_.find(name);
        if (found == values_.end()) {
            throw InputError(source_ + ": measured_ns has no \"" + name + "\"");
        }
        if (!found->is_number() || found->get<double>() < 0 || found->get<double>() > 1e9) {
            throw InputError(source_ + ": measured_ns: " + name +
                             ": expected nanoseconds, 0 to 1e9");
        }
        return found->get<double>();
    }

 private:
    std::string source_;
    Json values_;
};

/// To 10 ns: more is not meant. A difference below 0 is noise around 0.
Duration rounded(double ns) {
    return Duration(10 * static_cast<std::int64_t>(std::max(0.0, ns) / 10 + 0.5));
}

double ns(Duration d) {
    return static_cast<double>(d.count());
}

CpuCosts derive(const Measured& m) {
    // A RST to a closed port: the whole way up to "no socket", and no answer.
    const double to_lookup = m("rst_dropped");
    const auto beyond = [&](const char* name) { return rounded(m(name) - to_lookup); };
    constexpr double kMorePayload = 1300;  // read_long has so many octets more than read_short
    CpuCosts costs;
    costs.packet = rounded(to_lookup - m("null_write"));
    costs.syn = beyond("syn");
    costs.cookie = beyond("syn_cookie");
    costs.cookie_ack = beyond("ack_cookie");
    costs.cookie_bad = rounded(m("ack_bad_cookie") - m("syn_refused"));
    costs.synack = beyond("synack");
    costs.establish = beyond("ack_establish");
    costs.ack = beyond("ack");
    costs.data = beyond("data_short");
    costs.fin = beyond("fin");
    costs.rst = beyond("syn_refused");
    costs.other = beyond("icmp_echo");
    costs.xmit = rounded(m("write_send") - m("write_more"));
    costs.timer = costs.rst;
    costs.connect = rounded(m("connect"));
    costs.accept = rounded(m("accept"));
    costs.read = rounded(m("read_short"));
    costs.write = rounded(m("write_more"));
    costs.copy_kb = rounded((m("read_long") - m("read_short")) * 1024 / kMorePayload);
    costs.close = rounded(m("close"));
    costs.wakeup = rounded(m("pipe_switch") - m("pipe_pair"));
    return costs;
}

std::string text_of(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "unknown";
}

}  // namespace

Calibration calibrate(const Json& measured, const std::string& source) {
    if (!measured.is_object()) {
        throw InputError(source + ": not written by netsim-kernel-bench");
    }
    const Measured m(measured, source);
    Calibration c;
    c.kernel = text_of(measured, "kernel");
    c.processor = text_of(measured, "cpu");
    c.costs = derive(m);
    c.loopback_ns = m("loopback");
    const CpuCosts& k = c.costs;
    // The server's: SYN, last ACK, accept(), FIN, close(), ACK of its own FIN.
    c.handshake_ns = ns(4 * k.packet + k.syn + k.establish + k.accept + k.fin + k.close + k.ack);
    // The client's: connect(), SYN-ACK, close(), ACK of its FIN, the server's FIN.
    c.exchange_ns =
        c.handshake_ns + ns(3 * k.packet + k.connect + k.synack + k.close + k.ack + k.fin);
    c.syn_ns = ns(k.packet + k.syn);
    c.cookie_ns = ns(k.packet + k.cookie);
    return c;
}

Json to_json(const Calibration& c) {
    Json json;
    json["kernel"] = c.kernel;
    json["cpu"] = c.processor;
    Json& costs = json["costs_ns"] = Json::object();
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        costs[std::string(entry.name)] = (c.costs.*entry.member).count();
    }
    const auto rate = [](double each_ns) { return each_ns > 0 ? 1e9 / each_ns : 0.0; };
    json["server_handshakes_per_s"] = rate(c.handshake_ns);
    json["syn_per_s"] = rate(c.syn_ns);
    json["syn_cookie_per_s"] = rate(c.cookie_ns);
    json["loopback_handshakes_per_s"] = rate(c.loopback_ns);
    json["loopback_handshakes_per_s_by_costs"] = rate(c.exchange_ns);
    return json;
}

CpuCosts read_costs(const std::string& path) {
    const Json json = read_json(path);
    const auto found = json.is_object() ? json.find("costs_ns") : json.end();
    if (found == json.end() || !found->is_object()) {
        throw InputError(path + ": no \"costs_ns\": not written by netsim calibrate --json");
    }
    CpuCosts costs;
    std::vector<std::string_view> known;
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        known.push_back(entry.name);
    }
    for (const auto& [name, value] : found->items()) {
        const auto at = std::find(known.begin(), known.end(), name);
        if (at == known.end()) {
            throw InputError(path + ": costs_ns: unknown cost \"" + name + "\"" +
                             did_you_mean(name, known) + " (allowed: " + join(known) + ")");
        }
        if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
            value.get<std::int64_t>() > 1'000'000'000) {
            throw InputError(path + ": costs_ns: " + name +
                             ": expected a whole number of nanoseconds, 0 to 1e9");
        }
        const auto index = static_cast<std::size_t>(at - known.begin());
        costs.*cpu_cost_table()[index].member = Duration(value.get<std::int64_t>());
    }
    return costs;
}

Json read_json(const std::string& path) {
    errno = 0;
    std::ostringstream text;
    if (path == "-") {
        text << std::cin.rdbuf();
    } else {
        std::ifstream file(path, std::ios::binary);
        if (file) {
            text << file.rdbuf();
        }
        if (!file) {
            throw InputError(path + ": " + std::strerror(errno != 0 ? errno : EIO));
        }
    }
    Json json = Json::parse(text.str(), nullptr, false);
    if (json.is_discarded()) {
        throw InputError(path + ": no JSON");
    }
    return json;
}

}  // namespace netsim::cli
