// A script's run with pages looking on: as fast as they ask, paused where they ask, a picture of it
// now and then.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/view_desk.hpp"
#include "lua/run.hpp"
#include "netsim/network.hpp"

namespace netsim::cli {

class ViewedRun final : public lua::Driver {
 public:
    /// Of one run of the script. `ready`: called when its first network stands at its start.
    /// All must outlive it.
    ViewedRun(ViewDesk& desk, const Options& options, const lua::RunOptions& run,
              std::function<void()> ready);

    /// The script has ended: the last picture.
    void over(const lua::RunReport& report);

    // --- lua::Driver
    void begins(const lua::RunReport& so_far) override { so_far_ = &so_far; }

    void cases(const std::vector<std::string>& names) override;
    bool takes(const std::string& name) override;
    RunResult run(Network& network, Time until, const RunLimits& limits) override;
    bool closing(Network& network, bool at_its_end) override;

 private:
    using WallClock = ViewDesk::WallClock;

    struct Live {
        Network* network;
        std::string name;
    };

    void note(Network& network);
    void tell(ViewPhase phase, const Network* network, Time until);
    void show();
    bool wait_for_page();
    /// The network runs on for a little, or to the next packet.
    RunResult advance(Network& network, Time until, const RunLimits& limits,
                      const ViewDesk::Orders& orders);
    RunResult step(Network& network, Time until, const RunLimits& limits);

    ViewDesk& desk_;
    const Options& options_;
    const lua::RunOptions& run_;
    std::function<void()> ready_;
    const lua::RunReport* so_far_ = nullptr;
    std::vector<std::string> known_;
    std::string taken_;
    std::vector<Live> live_;
    bool seen_ = false;  // by a page
    Time ended_at_{};    // the network that closed last
    WallClock::time_point slice_end_{};
    WallClock::time_point show_again_{};
};

}  // namespace netsim::cli
