// One host with a CPU, fed by hand: packets that end at a tap, so that a packet costs exactly what
// `packet` and `other` say.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "host/cpu.hpp"
#include "host/host.hpp"
#include "sim/simulation.hpp"

namespace netsim::host {

/// All costs zero but `packet`.
inline CpuOptions only_packets(Duration cost, std::uint32_t cores = 1) {
    CpuOptions cpu;
    cpu.cores = cores;
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        cpu.costs.*entry.member = Duration{0};
    }
    cpu.costs.packet = cost;
    return cpu;
}

class CpuBench final : private PacketTap {
 public:
    static constexpr Ipv4 kAddress = ipv4(10, 0, 0, 1);

    explicit CpuBench(const CpuOptions& cpu, const tcp::Sysctl& sysctl = {}, std::uint64_t seed = 1)
        : sim(seed),
          fabric{sim, packets, nullptr},
          host(fabric, bytes, HostConfig{"h", kAddress, sysctl, {}, cpu}) {
        host.add_interface(kAddress, 24, 1500);
        host.add_tap(*this);
    }

    ~CpuBench() override { host.remove_tap(*this); }

    CpuBench(const CpuBench&) = delete;
    CpuBench& operator=(const CpuBench&) = delete;
    CpuBench(CpuBench&&) = delete;
    CpuBench& operator=(CpuBench&&) = delete;

    /// A UDP packet of flow `flow` arrives now.
    void packet(std::uint32_t flow = 0) {
        wire::Packet p{};
        p.uid = ++uid;
        p.source = Ipv4{ipv4(192, 0, 2, 0).bits + flow};
        p.destination = kAddress;
        p.protocol = wire::Protocol::kUdp;
        p.udp = {};
        host.receive(packets.make(p), 0);
    }

    CoreStats core(std::size_t i = 0) const { return host.cpu()->stats().cores[i]; }

    sim::Simulation sim;
    wire::PacketPool packets;
    wire::ByteStore bytes;
    net::Fabric fabric;
    Host host;
    std::uint64_t uid = 0;
    std::vector<Time> served;  // when the softirq took each

 private:
    bool on_packet(const wire::Packet& /*packet*/) override {
        served.push_back(sim.now());
        return true;
    }
};

}  // namespace netsim::host
