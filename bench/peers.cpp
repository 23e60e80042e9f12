// Running ns-3's program.
#include "peers.hpp"

#include <algorithm>
#include <filesystem>

#include "child.hpp"
#include "netsim/result.hpp"

namespace netsim::bench {
namespace {

constexpr std::uint64_t kCounted = 2000;  // units of work whose packets are counted

}  // namespace

std::optional<Ns3> Ns3::find() {
    Ns3 ns3;
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    const auto program = self.parent_path() / "peers" / "ns3" / "netsim_peer_ns3";
    if (!std::filesystem::exists(program)) {
        return std::nullopt;
    }
    ns3.program_ = program.string();
    const Outcome said = run_command({ns3.program_, "--build"});
    if (said.code != 0) {
        throw InputError("bench: ns-3's program does not start: " + said.err);
    }
    ns3.build_ = said.out.substr(0, said.out.find('\n'));
    return ns3;
}

Work Ns3::run(const Row& row, std::uint64_t amount, PeerSetting setting) const {
    return read_work("ns-3, " + row.peer,
                     run_command({program_, row.peer, std::to_string(amount),
                                  setting == PeerSetting::kBest ? "best" : "default"}));
}

double Ns3::packets_per_unit(const Row& row) const {
    const std::uint64_t amount = std::min(row.peer_amount, kCounted);
    const Work work = read_work("ns-3, " + row.peer,
                                run_command({program_, row.peer, std::to_string(amount), "count"}));
    return work.packets / work.units;
}

}  // namespace netsim::bench
