// Client load.
#include "app/load.hpp"

#include <algorithm>
#include <limits>

namespace netsim::app {
namespace {

constexpr std::uint64_t kNextStart = 0;  // open loop: the next connection is due
constexpr std::uint64_t kUserBegins = 1;

/// A user without think time whose connect() fails at once tries again after this.
constexpr Duration kFailurePause = std::chrono::milliseconds(1);

double mean_interval_seconds(const LoadOptions& o) {
    return o.rate > 0 ? 1.0 / o.rate : to_seconds(o.think);
}

void keep(std::vector<std::int64_t>& latencies, Duration latency) {
    if (latencies.size() < kLatenciesMax) {
        latencies.push_back(latency.count());
    }
}

}  // namespace

Load::Load(host::Host& host, unsigned ordinal, Endpoint target, const LoadOptions& options)
    : App(host, "load", ordinal),
      options_(options),
      target_(target),
      intervals_(stream(), mean_interval_seconds(options), options.spacing, options.pareto_shape) {
    const bool rate_given = options.rate != 0;
    if (rate_given == (options.users > 0)) {
        bad_option("give either rate (open loop) or users (closed loop)");
    }
    if (rate_given && !(options.rate > 0 && options.rate <= 1e9)) {
        bad_option("rate must be above 0 and at most 1e9 per second");
    }
    if (options.think < Duration{0} || options.hold < Duration{0}) {
        bad_option("think and hold must not be negative");
    }
    if (options.spacing == Spacing::kPareto && !(options.pareto_shape > 1)) {
        bad_option("pareto_shape must be above 1");
    }
    if (options.connect_timeout && *options.connect_timeout <= Duration{0}) {
        bad_option("connect_timeout must be above 0");
    }
    if (!open_loop()) {
        for (std::uint32_t i = 0; i < options.users; ++i) {
            schedule(options.start, kUserBegins);
        }
        return;
    }
    const bool at_start = options.spacing == Spacing::kFixed;
    schedule(options.start + (at_start ? Duration{0} : intervals_.next()), kNextStart);
}

bool Load::may_start() const {
    return now() < options_.stop &&
           (options_.max_connections == 0 || stats_.attempts < options_.max_connections);
}

void Load::on_event(std::uint64_t argument) {
    if (argument == kNextStart) {
        start_next();
    } else if (argument == kUserBegins) {
        if (may_start()) {
            start_one();
        }
    } else if (Attempt* a = attempts_.find(socket_of(argument)); a != nullptr) {
        if (a->phase == Phase::kConnecting) {
            give_up(*a);
        } else if (a->phase == Phase::kHolding && now() - a->connected >= options_.hold) {
            a->phase = Phase::kRequest;
            advance(*a);
        }
    }
}

void Load::start_next() {
    if (!may_start()) {
        return;
    }
    start_one();
    const Time next = now() + intervals_.next();
    if (next < options_.stop) {
        schedule(next, kNextStart);
    }
}

void Load::start_one() {
    ++stats_.attempts;
    const Result<SocketId> socket = new_socket();
    Errno error = socket ? Errno::kOk : socket.error();
    if (socket) {
        host().watch(*socket, this);
        const Result<void> begun = host().connect(*socket, target_);
        error = begun ? Errno::kEINPROGRESS : begun.error();
        if (error != Errno::kEINPROGRESS) {
            static_cast<void>(host().close(*socket));
        }
    }
    if (error != Errno::kEINPROGRESS) {
        ++stats_.failed;
        count(error);
        user_thinks(kFailurePause);
        return;
    }
    ++stats_.pending;
    Attempt& a = attempts_.open(*socket);
    a.begun = now();
    if (options_.connect_timeout) {
        schedule(now() + *options_.connect_timeout, socket_word(*socket));
    }
}

void Load::on_socket(SocketId socket, unsigned events) {
    Attempt* a = attempts_.find(socket);
    if (a == nullptr) {
        return;
    }
    if (a->phase != Phase::kConnecting || connected(*a, events)) {
        advance(*a);
    }
}

bool Load::connected(Attempt& a, unsigned events) {
    if ((events & (poll::kErr | poll::kHup)) != 0) {
        const Result<std::int64_t> error = host().get_option(a.socket, SocketOption::kSO_ERROR);
        --stats_.pending;
        ++stats_.failed;
        count(error ? static_cast<Errno>(*error) : error.error());
        finish(a);
        return false;
    }
    if ((events & poll::kOut) == 0) {
        return false;
    }
    --stats_.pending;
    ++stats_.connected;
    if (host().syn_retransmits(a.socket) == 0) {
        ++stats_.first_syn_connected;
    }
    keep(stats_.connect_ns, now() - a.begun);
    a.phase = Phase::kRequest;
    a.left = options_.request;
    if (options_.hold > Duration{0}) {
        a.phase = Phase::kHolding;
        a.connected = now();
        schedule(now() + options_.hold, socket_word(a.socket));
    }
    return true;
}

void Load::advance(Attempt& a) {
    bool again = true;
    while (again) {
        switch (a.phase) {
            case Phase::kConnecting:
            case Phase::kHolding:
                return;
            case Phase::kRequest:
                again = write_request(a);
                break;
            case Phase::kResponse:
                again = read_response(a);
                break;
            case Phase::kClosing:
                again = wait_for_close(a);
                break;
        }
    }
}

bool Load::write_request(Attempt& a) {
    if (a.left == 0) {
        a.phase = Phase::kResponse;
        a.left = options_.response;
        return true;
    }
    const Result<std::uint64_t> sent = host().send_synthetic(a.socket, a.left);
    if (!sent) {
        if (sent.error() != Errno::kEAGAIN) {
            ++stats_.broken;
            count(sent.error());
            finish(a);
        }
        return false;
    }
    stats_.bytes_sent += *sent;
    a.left -= *sent;
    return true;
}

bool Load::read_response(Attempt& a) {
    if (a.left == 0) {
        return response_is_whole(a);
    }
    const Result<std::uint64_t> got = host().receive_discard(a.socket, a.left);
    if (got && *got > 0) {
        stats_.bytes_received += *got;
        a.left -= *got;
        return true;
    }
    if (got || got.error() != Errno::kEAGAIN) {
        ++stats_.broken;
        if (!got) {
            count(got.error());
        }
        finish(a);
    }
    return false;
}

bool Load::response_is_whole(Attempt& a) {
    keep(stats_.complete_ns, now() - a.begun);
    a.phase = Phase::kClosing;
    if (options_.close_first) {
        ++stats_.completed;
        finish(a);
        return false;
    }
    return true;
}

/// Reads to the end of file: more than was expected is thrown away.
bool Load::wait_for_close(Attempt& a) {
    const Result<std::uint64_t> got =
        host().receive_discard(a.socket, std::numeric_limits<std::uint64_t>::max());
    if (got && *got > 0) {
        stats_.bytes_received += *got;
        return true;
    }
    if (!got && got.error() == Errno::kEAGAIN) {
        return false;
    }
    ++(got ? stats_.completed : stats_.broken);
    if (!got) {
        count(got.error());
    }
    finish(a);
    return false;
}

void Load::give_up(Attempt& a) {
    --stats_.pending;
    ++stats_.failed;
    count(Errno::kETIMEDOUT);
    finish(a);
}

void Load::finish(Attempt& a) {
    const SocketId socket = a.socket;
    attempts_.close(socket);
    static_cast<void>(host().close(socket));
    user_thinks(Duration{0});
}

void Load::user_thinks(Duration at_least) {
    if (open_loop() || now() >= options_.stop) {
        return;
    }
    schedule(now() + std::max(at_least, intervals_.next()), kUserBegins);
}

void Load::count(Errno e) {
    auto& errors = stats_.errors;
    const auto at =
        std::lower_bound(errors.begin(), errors.end(), e,
                         [](const auto& entry, Errno wanted) { return entry.first < wanted; });
    if (at != errors.end() && at->first == e) {
        ++at->second;
    } else {
        errors.insert(at, {e, 1});
    }
}

}  // namespace netsim::app
