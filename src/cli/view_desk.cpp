// One lock for all of it: what is kept is small, and nobody holds it for long.
#include "cli/view_desk.hpp"

namespace netsim::cli {

void ViewDesk::ask() {
    asked_.store(true, std::memory_order_relaxed);
    for_run_.notify_all();
}

void ViewDesk::note_change() {
    ++change_;
    for_pages_.notify_all();
}

void ViewDesk::pause() {
    const std::lock_guard lock(mutex_);
    paused_ = true;
    step_ = false;
    ask();
}

void ViewDesk::resume() {
    const std::lock_guard lock(mutex_);
    paused_ = false;
    step_ = false;
    ask();
}

void ViewDesk::step() {
    const std::lock_guard lock(mutex_);
    paused_ = true;
    step_ = true;
    ask();
}

void ViewDesk::set_speed(std::optional<double> speed) {
    const std::lock_guard lock(mutex_);
    state_.speed = speed;
    note_change();
    ask();
}

void ViewDesk::restart(ViewRestart restart) {
    const std::lock_guard lock(mutex_);
    restart_ = std::move(restart);
    ask();
}

void ViewDesk::page_opened() {
    const std::lock_guard lock(mutex_);
    opened_ = true;
    ask();
}

std::pair<ViewState, std::uint64_t> ViewDesk::state_after(std::uint64_t seen,
                                                          WallClock::time_point until) {
    std::unique_lock lock(mutex_);
    for_pages_.wait_until(lock, until, [&] { return closed_ || change_ != seen; });
    return {state_, change_};
}

std::shared_ptr<const std::string> ViewDesk::picture() const {
    const std::lock_guard lock(mutex_);
    return picture_;
}

void ViewDesk::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    note_change();
    ask();
}

bool ViewDesk::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

ViewDesk::Orders ViewDesk::orders() const {
    const std::lock_guard lock(mutex_);
    return {paused_, step_, restart_.has_value(), state_.speed};
}

bool ViewDesk::page_was_opened() const {
    const std::lock_guard lock(mutex_);
    return opened_;
}

void ViewDesk::wait(WallClock::time_point until) {
    std::unique_lock lock(mutex_);
    for_run_.wait_until(lock, until, [&] { return asked(); });
    asked_.store(false, std::memory_order_relaxed);
}

void ViewDesk::stepped(std::string packet) {
    const std::lock_guard lock(mutex_);
    step_ = false;
    state_.packet = std::move(packet);
    note_change();
}

std::optional<ViewRestart> ViewDesk::take_restart() {
    const std::lock_guard lock(mutex_);
    return std::exchange(restart_, std::nullopt);
}

void ViewDesk::begin_run() {
    const std::lock_guard lock(mutex_);
    if (state_.run > 0) {  // the first may be asked to begin paused
        paused_ = false;
        step_ = false;
    }
    const std::uint64_t run = state_.run + 1;
    const std::uint64_t revision = state_.revision;
    const std::optional<double> speed = state_.speed;
    state_ = ViewState{.revision = revision, .run = run, .speed = speed};
    note_change();
}

void ViewDesk::place(const ViewState& where) {
    state_.phase = where.phase;
    state_.cases = where.cases;
    state_.case_name = where.case_name;
    state_.case_index = where.case_index;
    state_.now = where.now;
    state_.end = where.end;
    if (where.phase != ViewPhase::kPaused) {
        state_.packet.clear();
    }
}

void ViewDesk::hang(std::string picture) {
    picture_ = std::make_shared<const std::string>(std::move(picture));
    ++state_.revision;
}

void ViewDesk::tell(const ViewState& where) {
    const std::lock_guard lock(mutex_);
    const bool moved = where.phase != state_.phase || where.case_name != state_.case_name ||
                       where.case_index != state_.case_index || where.now != state_.now ||
                       where.end != state_.end || where.cases != state_.cases;
    if (moved) {
        place(where);
        note_change();
    }
}

void ViewDesk::show(std::string picture) {
    const std::lock_guard lock(mutex_);
    hang(std::move(picture));
    note_change();
}

void ViewDesk::end(const ViewState& where, std::string picture) {
    const std::lock_guard lock(mutex_);
    place(where);
    hang(std::move(picture));
    note_change();
}

}  // namespace netsim::cli
