// Reading a recording.
#include "replay/recording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "netsim/result.hpp"
#include "replay/relay.hpp"
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
/// A moment: set-up may precede the run by what the model's clock begins with.
Milliseconds to_ms(const json& in) {
    constexpr Milliseconds kMost = 1e9;  // eleven days
    constexpr Milliseconds kLeast =
        -std::chrono::duration<Milliseconds, std::milli>(kTimeBase).count();
    const auto ms = in.get<double>();
    if (!(ms >= kLeast && ms <= kMost)) {
        throw InputError("a time of " + in.dump() + " ms is beyond reason");
    }
    return ms;
}

Milliseconds to_length_ms(const json& in) {
    const Milliseconds ms = to_ms(in);
    if (ms < 0) {
        throw InputError("a length of " + in.dump() + " ms is negative");
    }
    return ms;
}

void read_note(const json& packet, const char* key, bool& absolute, int& back) {
    const std::string note = packet.value(key, "");
    absolute = note == "absolute";
    const auto paren = note.find('(');
    back = 0;
    if (paren != std::string::npos) {
        const char* digits = note.data() + paren + 1;
        if (std::from_chars(digits, note.data() + note.size(), back).ec != std::errc{}) {
            throw InputError(std::string(key) + " \"" + note + "\" does not say how far back");
        }
    }
}

/// One line of the report, however often it is met.
void note(Recording& r, const std::string& text) {
    if (std::find(r.unknown.begin(), r.unknown.end(), text) == r.unknown.end()) {
        r.unknown.push_back(text);
    }
}

/// Notes the keys of `in` that are not among `known`: a newer recording than this reader.
void note_unknown(Recording& r, const std::string& where, const json& in,
                  std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : in.items()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) {
            continue;
        }
        note(r, where + ": unknown field \"" + key + "\"");
    }
}

RecordedPacket read_packet(const json& in, Recording& r) {
    note_unknown(
        r, "packets", in,
        {"i",     "t_ms",     "rx_ms",    "dir",   "sp",        "dp",        "src",      "dst",
         "flags", "seq",      "ack",      "len",   "win",       "wnd",       "opts",     "fate",
         "note",  "seq_note", "ack_note", "proto", "icmp_type", "icmp_code", "icmp_mtu", "mtu"});
    RecordedPacket p;
    p.number = in.at("i").get<std::size_t>();
    p.sent = to_ms(in.at("t_ms"));
    if (!in.at("rx_ms").is_null()) {
        p.received = to_ms(in.at("rx_ms"));
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
    if (!fate.empty() && fate != "dropped" && fate != "injected" && fate != "delivered") {
        note(r, "packets: unknown fate \"" + fate + "\"");
    }
    p.fate = fate == "dropped"    ? Fate::kDropped
             : fate == "injected" ? Fate::kInjected
                                  : Fate::kDelivered;
    p.note = in.value("note", "");
    if (in.value("proto", "") == "icmp") {
        p.icmp = true;
        p.icmp_type = in.at("icmp_type").get<std::uint8_t>();
        p.icmp_code = in.at("icmp_code").get<std::uint8_t>();
        p.icmp_mtu = in.value("icmp_mtu", in.value("mtu", std::uint16_t{0}));
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

RecordedCall read_call(Recording& r, const json& in) {
    note_unknown(r, "app_events", in,
                 {"t_ms", "end_ms", "side", "app", "sock", "call", "args", "result", "error"});
    RecordedCall c;
    c.start = to_ms(in.at("t_ms"));
    if (in.contains("end_ms") && !in["end_ms"].is_null()) {
        c.end = to_ms(in["end_ms"]);
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

RecordedInfo read_info(const json& in) {
    RecordedInfo info;
    for (const auto& [name, value] : in.items()) {
        if (value.is_number()) {
            info.numbers[name] = static_cast<std::int64_t>(value.get<double>());
        }
    }
    info.ca_state = in.value("ca", "");
    info.options = in.value("opts", std::vector<std::string>{});
    info.wscale = in.value("wscale", std::vector<std::int64_t>{});
    return info;
}

RecordedSocket read_socket(Recording& r, const json& in) {
    note_unknown(
        r, "state_samples", in,
        {"state", "local", "remote", "recvq", "sendq", "timer", "info", "no_inode", "sock"});
    RecordedSocket s;
    s.state = in.at("state").get<std::string>();
    s.local = in.at("local").get<std::string>();
    s.remote = in.at("remote").get<std::string>();
    s.recv_queue = in.at("recvq").get<std::uint64_t>();
    s.send_queue = in.at("sendq").get<std::uint64_t>();
    s.orphan = in.value("no_inode", false);
    if (in.contains("timer") && in["timer"].is_object()) {
        const json& t = in["timer"];
        s.timer = RecordedTimer{t.at("kind").get<std::string>(), t.at("ms").get<double>(),
                                t.value("retrans", std::int64_t{0})};
    }
    if (in.contains("info") && in["info"].is_object()) {
        s.info = read_info(in["info"]);
    }
    return s;
}

RecordedSample read_sample(Recording& r, const json& in) {
    RecordedSample sample;
    sample.at = to_ms(in.at("t_ms"));
    sample.side = to_side(in.at("side").get<std::string>());
    for (const json& s : in.at("sockets")) {
        sample.sockets.push_back(read_socket(r, s));
    }
    return sample;
}

RecordedTransition read_transition(const json& in) {
    return {in.at("t_ms").get<double>(),       to_side(in.at("side").get<std::string>()),
            in.at("local").get<std::string>(), in.at("remote").get<std::string>(),
            in.at("from").get<std::string>(),  in.at("to").get<std::string>()};
}

RecordedEvent read_event(Recording& r, const json& in) {
    constexpr auto kKnown =
        std::to_array<std::string_view>({"ca_state", "receive_reset", "segment_in", "send_reset"});
    RecordedEvent event;
    event.at = in.at("t_ms").get<double>();
    event.side = to_side(in.at("side").get<std::string>());
    event.event = in.at("event").get<std::string>();
    if (std::find(kKnown.begin(), kKnown.end(), event.event) == kKnown.end()) {
        note(r, "kernel_events: unknown event \"" + event.event + "\"");
    }
    for (const auto& [name, value] : in.items()) {
        if (value.is_number() && name != "t_ms") {
            event.numbers[name] = value.get<std::int64_t>();
        }
    }
    return event;
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
    r.one_way_delay = to_length_ms(in.at("one_way_delay_ms"));
    r.run = to_length_ms(in.at("run_ms"));
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
            r.sysctl_changes.push_back({to_ms(change.at("t_ms")),
                                        to_side(change.at("side").get<std::string>()),
                                        read_settings(change.at("set"))});
        }
    }
    for (const json& call : in.at("app_events")) {
        r.calls.push_back(read_call(r, call));
    }
    for (const json& packet : in.at("packets")) {
        r.packets.push_back(read_packet(packet, r));
    }
    for (const json& sample : in.at("state_samples")) {
        r.samples.push_back(read_sample(r, sample));
    }
    if (in.contains("state_changes")) {
        for (const json& change : in["state_changes"]) {
            r.transitions.push_back(read_transition(change));
        }
    }
    if (in.contains("kernel_events")) {
        for (const json& event : in["kernel_events"]) {
            r.events.push_back(read_event(r, event));
        }
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
    if (in.is_discarded()) {
        return true;  // cut short, perhaps: whoever reads it is told
    }
    return in.is_object() && in.contains("packets") && in.contains("app_events");
}

Recording parse_recording(const std::string& text, const std::string& path) {
    try {
        const json in = json::parse(text);
        if (!in.is_object()) {
            throw InputError(std::string("not a recording: a JSON ") + in.type_name() +
                             ", no object");
        }
        return read_json(in, std::filesystem::path(path).stem().string());
    } catch (const json::exception& error) {
        const std::string_view text_of = error.what();  // "[json.exception.what.number] text"
        const std::size_t prefix = text_of.find("] ");
        throw InputError(path + ": not a recording: " +
                         std::string(text_of.substr(prefix == text_of.npos ? 0 : prefix + 2)));
    } catch (const InputError& error) {
        throw InputError(path + ": " + error.what());
    }
}

Recording read_recording(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw InputError(path + ": cannot be read");
    }
    std::ostringstream text;
    text << file.rdbuf();
    return parse_recording(text.str(), path);
}

}  // namespace netsim::replay
