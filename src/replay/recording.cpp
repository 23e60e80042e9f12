// Reading a recording.
#include "replay/recording.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "netsim/result.hpp"
#include "replay/scheduling.hpp"

namespace netsim::replay {

namespace {

using nlohmann::json;

Side to_side(const std::string& text) {
    if (text == "client") {
        return Side::kClient;
    }
    if (text == "server") {
        return Side::kServer;
    }
    throw InputError("side \"" + text + "\" is neither client nor server");
}

Ipv4 to_address(const std::string& text) {
    const auto address = parse_ipv4(text);
    if (!address) {
        throw InputError("\"" + text + "\" is no IPv4 address");
    }
    return *address;
}

/// "of an earlier connection (1 back)", "absolute"
void read_note(const json& packet, const char* key, bool& absolute, int& back) {
    const std::string note = packet.value(key, "");
    absolute = note == "absolute";
    const auto paren = note.find('(');
    back = paren == std::string::npos ? 0 : std::stoi(note.substr(paren + 1));
}

RecordedPacket read_packet(const json& in, const Recording& r) {
    RecordedPacket p;
    p.number = in.at("i").get<std::size_t>();
    p.sent = in.at("t_ms").get<double>();
    if (!in.at("rx_ms").is_null()) {
        p.received = in.at("rx_ms").get<double>();
    }
    p.to_server = in.at("dir").get<std::string>() == "c>s";
    p.source = p.to_server ? r.clients.front() : r.servers.front();
    p.destination = p.to_server ? r.servers.front() : r.clients.front();
    if (in.contains("src")) {
        p.source = to_address(in["src"].get<std::string>());
    }
    if (in.contains("dst")) {
        p.destination = to_address(in["dst"].get<std::string>());
    }
    const std::string fate = in.value("fate", "");
    p.fate = fate == "dropped"    ? Fate::kDropped
             : fate == "injected" ? Fate::kInjected
                                  : Fate::kDelivered;
    p.note = in.value("note", "");
    if (in.value("proto", "") == "icmp") {
        p.icmp = true;
        p.icmp_type = in.at("icmp_type").get<std::uint8_t>();
        p.icmp_code = in.at("icmp_code").get<std::uint8_t>();
        return p;
    }
    p.source_port = in.at("sp").get<std::uint16_t>();
    p.destination_port = in.at("dp").get<std::uint16_t>();
    p.flags = in.at("flags").get<std::string>();
    p.seq = in.at("seq").get<std::int64_t>();
    if (in.contains("ack")) {
        p.ack = in["ack"].get<std::int64_t>();
    }
    read_note(in, "seq_note", p.seq_absolute, p.seq_connections_back);
    read_note(in, "ack_note", p.ack_absolute, p.ack_connections_back);
    p.length = in.at("len").get<std::uint32_t>();
    p.window = in.at("win").get<std::uint32_t>();
    if (in.contains("opts")) {
        p.options = in["opts"].get<std::vector<std::string>>();
    }
    return p;
}

RecordedCall read_call(const json& in) {
    RecordedCall c;
    c.start = in.at("t_ms").get<double>();
    if (in.contains("end_ms") && !in["end_ms"].is_null()) {
        c.end = in["end_ms"].get<double>();
    }
    c.side = to_side(in.at("side").get<std::string>());
    c.app = in.at("app").get<std::string>();
    c.socket = in.at("sock").get<std::string>();
    c.call = in.at("call").get<std::string>();
    c.args = in.value("args", "");
    c.result = in.value("result", "");
    c.error = in.value("error", "");
    return c;
}

RecordedSample read_sample(const json& in) {
    RecordedSample sample;
    sample.at = in.at("t_ms").get<double>();
    sample.side = to_side(in.at("side").get<std::string>());
    for (const json& s : in.at("sockets")) {
        sample.sockets.push_back(
            {s.at("state").get<std::string>(), s.at("local").get<std::string>(),
             s.at("remote").get<std::string>(), s.at("recvq").get<std::uint64_t>(),
             s.at("sendq").get<std::uint64_t>()});
    }
    return sample;
}

std::map<std::string, std::string> read_settings(const json& in) {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : in.items()) {
        out[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    return out;
}

Recording read_json(const json& in, const std::string& name) {
    Recording r;
    r.name = in.value("scenario", name);
    r.title = in.value("title", "");
    r.one_way_delay = in.at("one_way_delay_ms").get<double>();
    r.run = in.at("run_ms").get<double>();
    for (const json& a : in.at("client")) {
        r.clients.push_back(to_address(a.get<std::string>()));
    }
    for (const json& a : in.at("server")) {
        r.servers.push_back(to_address(a.get<std::string>()));
    }
    if (r.clients.empty() || r.servers.empty()) {
        throw InputError("client and server must each have an address");
    }
    r.server_port = in.at("server_port").get<std::uint16_t>();
    for (const auto& [side, changes] : in.at("sysctls_changed").items()) {
        r.sysctls[static_cast<std::size_t>(to_side(side))] = read_settings(changes);
    }
    if (in.contains("sysctls_set_at") && !in["sysctls_set_at"].is_null()) {
        for (const json& change : in["sysctls_set_at"]) {
            r.sysctl_changes.push_back({change.at("t_ms").get<double>(),
                                        to_side(change.at("side").get<std::string>()),
                                        read_settings(change.at("set"))});
        }
    }
    for (const json& call : in.at("app_events")) {
        r.calls.push_back(read_call(call));
    }
    for (const json& packet : in.at("packets")) {
        r.packets.push_back(read_packet(packet, r));
    }
    for (const json& sample : in.at("state_samples")) {
        r.samples.push_back(read_sample(sample));
    }
    for (const auto& [side, counters] : in.at("counters").items()) {
        auto& out = r.counters[static_cast<std::size_t>(to_side(side))];
        for (const auto& [counter, value] : counters.items()) {
            out[counter] = value.get<std::int64_t>();
        }
    }
    estimate_scheduling(r);
    return r;
}

}  // namespace

std::string_view to_string(Side side) {
    return side == Side::kClient ? "client" : "server";
}

bool is_recording(const std::string& path) {
    std::ifstream file(path);
    const json in = json::parse(file, nullptr, false);
    return in.is_object() && in.contains("packets") && in.contains("app_events");
}

Recording read_recording(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw InputError(path + ": cannot be read");
    }
    try {
        return read_json(json::parse(file), std::filesystem::path(path).stem().string());
    } catch (const json::exception& error) {
        throw InputError(path + ": not a recording: " + error.what());
    } catch (const InputError& error) {
        throw InputError(path + ": " + error.what());
    }
}

}  // namespace netsim::replay
