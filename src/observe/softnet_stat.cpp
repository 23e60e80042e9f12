// /proc/net/softnet_stat, as softnet_seq_show() of Linux 6.18 writes it, and for reading.
#include <fmt/format.h>

#include <iterator>

#include "observe/text_plot.hpp"
#include "observe/views.hpp"

namespace netsim::observe {

std::string softnet_stat_text(const CpuStats& cpu, bool readable) {
    std::string out;
    if (cpu.cores.empty()) {
        return out;
    }
    TextTable table({"cpu", "processed", "dropped", "time_squeeze", "backlog", "peak",
                     "softirq (s)", "process (s)"});
    for (std::size_t i = 0; i < cpu.cores.size(); ++i) {
        const CoreStats& core = cpu.cores[i];
        if (readable) {
            table.add({fmt::format("{}", i), fmt::format("{}", core.processed),
                       fmt::format("{}", core.dropped), fmt::format("{}", core.time_squeeze),
                       fmt::format("{}", core.input_queue + core.process_queue),
                       fmt::format("{}", core.backlog_peak),
                       fmt::format("{:.6f}", to_seconds(core.softirq)),
                       fmt::format("{:.6f}", to_seconds(core.process))});
            continue;
        }
        // Columns 4 to 9 were fastroute's and cpu_collision's; received_rps and flow_limit_count
        // are of RPS, which the model does with the NIC's own hash.
        fmt::format_to(
            std::back_inserter(out),
            "{:08x} {:08x} {:08x} {:08x} {:08x} {:08x} {:08x} {:08x} {:08x} {:08x} "
            "{:08x} {:08x} {:08x} {:08x} {:08x}\n",
            static_cast<std::uint32_t>(core.processed), static_cast<std::uint32_t>(core.dropped),
            static_cast<std::uint32_t>(core.time_squeeze), 0, 0, 0, 0, 0, 0, 0, 0,
            core.input_queue + core.process_queue, i, core.input_queue, core.process_queue);
    }
    return readable ? table.text() : out;
}

}  // namespace netsim::observe
