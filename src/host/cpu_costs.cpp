// The costs by name, as scripts write them and `netsim calibrate` prints them.
#include <array>
#include <string>

#include "netsim/cpu.hpp"
#include "netsim/result.hpp"

namespace netsim {

std::span<const CpuCostEntry> cpu_cost_table() {
    static constexpr auto kTable = std::to_array<CpuCostEntry>({
        {"packet", &CpuCosts::packet, "each packet that arrives: driver, IP, socket lookup"},
        {"syn", &CpuCosts::syn, "a SYN that is kept and answered"},
        {"cookie", &CpuCosts::cookie, "a SYN that is answered by a cookie"},
        {"cookie_ack", &CpuCosts::cookie_ack, "a cookie that comes back: the connection is made"},
        {"cookie_bad", &CpuCosts::cookie_bad, "an ACK that holds no cookie of ours"},
        {"synack", &CpuCosts::synack, "a SYN-ACK that answers our own SYN"},
        {"establish", &CpuCosts::establish, "a handshake's last ACK: the connection is made"},
        {"ack", &CpuCosts::ack, "a pure ACK"},
        {"data", &CpuCosts::data, "a segment with data"},
        {"fin", &CpuCosts::fin, "a FIN"},
        {"rst", &CpuCosts::rst, "a RST, come or sent"},
        {"other", &CpuCosts::other, "ICMP, UDP"},
        {"xmit", &CpuCosts::xmit, "each segment with data that is sent"},
        {"timer", &CpuCosts::timer, "each segment that a timer sends"},
        {"connect", &CpuCosts::connect, "connect()"},
        {"accept", &CpuCosts::accept, "accept()"},
        {"read", &CpuCosts::read, "a read that returns data or the end"},
        {"write", &CpuCosts::write, "a write that takes data"},
        {"copy_kb", &CpuCosts::copy_kb, "1,024 octets read or written"},
        {"close", &CpuCosts::close, "close(), shutdown()"},
        {"wakeup", &CpuCosts::wakeup, "a process that slept runs again"},
    });
    return kTable;
}

void check_cpu(const CpuOptions& options) {
    if (options.cores < 1 || options.cores > kCoresMax) {
        throw InputError("cpu: cores: must be 1 to " + std::to_string(kCoresMax));
    }
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        const Duration cost = options.costs.*entry.member;
        if (cost < Duration{0} || cost > std::chrono::seconds(1)) {
            throw InputError("cpu: " + std::string(entry.name) + ": must be 0 to 1s");
        }
    }
}

}  // namespace netsim
