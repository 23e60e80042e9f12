// The files that commands of a script make, remove and read. All of them are the script's own.
#include <fmt/format.h>

#include <charconv>

#include "packetdrill/shell.hpp"
#include "packetdrill/shell_syntax.hpp"

namespace netsim::packetdrill {
namespace {

/// "5", "4k", "1M"
std::uint64_t size_of(const std::string& text) {
    std::uint64_t n = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, n);
    const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    if (error != std::errc() || n > (1ULL << 32U) ||
        !(unit.empty() || unit == "k" || unit == "K" || unit == "M")) {
        throw Mismatch{"dd: \"" + text + "\" is not a size"};
    }
    return unit.empty() ? n : unit == "M" ? n << 20U : n << 10U;
}

}  // namespace

/// dd bs=N count=N if=/dev/zero of=PATH
void Shell::dd(const Words& words) {
    std::uint64_t block = 512;
    std::uint64_t count = 0;
    std::string from;
    std::string to;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& w = words[i];
        const std::string value = w.substr(std::min(w.find('=') + 1, w.size()));
        if (w.starts_with("bs=")) {
            block = size_of(value);
        } else if (w.starts_with("count=")) {
            count = size_of(value);
        } else if (w.starts_with("if=")) {
            from = value;
        } else if (w.starts_with("of=")) {
            to = value;
        } else if (!w.starts_with("status=")) {
            throw Mismatch{"dd: \"" + w + "\" is not supported (bs=, count=, if=, of=, status=)"};
        }
    }
    if (from != "/dev/zero" || to.empty() || block * count > (1ULL << 40U)) {
        throw Mismatch{
            "dd: only zeros to a file are supported: dd bs=N count=N if=/dev/zero of=FILE"};
    }
    machine_.files[to] = block * count;
}

void Shell::remove(const Words& words) {
    bool forced = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-f") {
            forced = true;
        } else if (words[i].starts_with("-")) {
            throw Mismatch{"rm: " + words[i] + " is not supported (rm [-f] FILE)"};
        } else if (machine_.files.erase(words[i]) == 0 && !forced) {
            throw CommandFailed{{"rm: there is no file " + words[i]}};
        }
    }
}

std::string Shell::read_files(const std::vector<std::string>& paths) {
    std::string text;
    for (const std::string& path : paths) {
        if (path == "/proc/net/tcp") {
            text += proc_net_tcp();
        } else if (path != "/proc/net/tcp6") {  // no IPv6 socket exists
            throw Mismatch{"grep: " + path + " is not there (there is /proc/net/tcp)"};
        }
    }
    return text;
}

/// The columns up to the queues, as Linux get_tcp4_sock() prints them.
std::string Shell::proc_net_tcp() {
    std::string text = "  sl  local_address rem_address   st tx_queue rx_queue\n";
    const auto address = [](Endpoint e) {
        const std::uint32_t b = e.address.bits;
        const std::uint32_t swapped =
            (b >> 24U) | ((b >> 8U) & 0xff00U) | ((b << 8U) & 0xff0000U) | (b << 24U);
        return fmt::format("{:08X}:{:04X}", swapped, e.port);
    };
    std::size_t slot = 0;
    machine_.stack().for_each_socket(machine_.now(), [&](const tcp::SocketInfo& info) {
        const bool listener = info.kind == tcp::EndpointKind::kListener;
        text += fmt::format("{:4}: {} {} {:02X} {:08X}:{:08X}\n", slot++, address(info.local),
                            address(info.remote), static_cast<unsigned>(info.state),
                            listener ? 0 : info.send_queue, info.recv_queue);
    });
    return text;
}

}  // namespace netsim::packetdrill
