// Between a run that is viewed and the pages that show it: what the pages ask for, where the run
// stands. The run and the server are threads of their own; every function may be called by both.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "netsim/time.hpp"

namespace netsim::cli {

enum class ViewPhase : std::uint8_t {
    kWaiting,  // before the first case, for a page
    kRunning,
    kPaused,
    kOver,  // the script has ended, well or not
};

/// Where the run stands, as pages are told.
struct ViewState {
    std::uint64_t revision = 0;  // of the picture; 0: there is none yet
    std::uint64_t run = 0;       // grows when the script begins again
    ViewPhase phase = ViewPhase::kWaiting;
    std::vector<std::string> cases{};  // as far as they are known
    std::string case_name{};
    std::size_t case_index = 0;
    Time now{};
    Time end = kNever;
    std::optional<double> speed = 1;  // simulated seconds per second; none: as fast as it can
    std::string packet{};             // the one last stepped to
};

/// The script again, with other values.
struct ViewRestart {
    std::vector<std::pair<std::string, std::string>> parameters{};
    std::optional<std::uint64_t> seed{};  // none: as typed, or the script's own
};

class ViewDesk {
 public:
    using WallClock = std::chrono::steady_clock;

    ViewDesk(std::optional<double> speed, bool paused) : paused_(paused) { state_.speed = speed; }

    // --- asked for by a page
    void pause();
    void resume();
    /// To the next packet; then it is paused.
    void step();
    /// None: as fast as it can.
    void set_speed(std::optional<double> speed);
    void restart(ViewRestart restart);
    void page_opened();

    // --- for the pages
    /// The state once it is not `seen` (a number this returns), or what it was at `until`.
    std::pair<ViewState, std::uint64_t> state_after(std::uint64_t seen,
                                                    WallClock::time_point until);
    /// The picture's JSON; null: there is none yet.
    std::shared_ptr<const std::string> picture() const;
    /// Ends every wait.
    void close();
    bool closed() const;

    // --- for the run
    struct Orders {
        bool paused = false;
        bool step = false;
        bool restart = false;
        std::optional<double> speed{};
    };

    Orders orders() const;
    bool page_was_opened() const;
    /// Until something is asked for, or `until`. Also ends what was asked for before.
    void wait(WallClock::time_point until);

    /// Something was asked for since the last wait().
    bool asked() const { return asked_.load(std::memory_order_relaxed); }

    void stepped(std::string packet);
    std::optional<ViewRestart> take_restart();
    void begin_run();
    /// What is not the desk's own: phase, cases, times.
    void tell(const ViewState& where);
    void show(std::string picture);
    /// Both at once: the last picture of a run.
    void end(const ViewState& where, std::string picture);

 private:
    void place(const ViewState& where);
    void hang(std::string picture);
    void ask();
    void note_change();

    mutable std::mutex mutex_;
    std::condition_variable for_run_;
    std::condition_variable for_pages_;
    std::atomic<bool> asked_{false};
    ViewState state_;
    std::uint64_t change_ = 1;
    bool paused_ = false;
    bool step_ = false;
    bool opened_ = false;
    bool closed_ = false;
    std::optional<ViewRestart> restart_;
    std::shared_ptr<const std::string> picture_;
};

}  // namespace netsim::cli
