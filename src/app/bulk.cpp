// Bulk transfer.
#include "app/bulk.hpp"

#include <algorithm>
#include <limits>

#include "tcp/socket_info.hpp"

namespace netsim::app {
namespace {

constexpr std::uint64_t kStart = 0;
constexpr std::uint64_t kStop = 1;
constexpr std::uint64_t kWrite = 1U << 20U;  // bytes per send(): what an application would use

}  // namespace

Bulk::Bulk(host::Host& host, unsigned ordinal, Endpoint target, const BulkOptions& options)
    : App(host, "bulk", ordinal), options_(options), target_(target) {
    if (options.stop < options.start) {
        bad_option("stop must not be before start");
    }
    schedule(options.start, kStart);
    if (options.stop != kNever) {
        schedule(options.stop, kStop);
    }
}

void Bulk::on_event(std::uint64_t argument) {
    if (argument == kStart) {
        begin();
    } else if (phase_ == Phase::kSending) {
        finish_sending();
    } else if (phase_ == Phase::kConnecting) {
        end(Errno::kETIMEDOUT);
    }
}

void Bulk::begin() {
    const Result<SocketId> socket = new_socket();
    if (!socket) {
        stats_.error = socket.error();
        phase_ = Phase::kDone;
        return;
    }
    socket_ = *socket;
    phase_ = Phase::kConnecting;
    host().watch(socket_, this);
    const Result<void> begun = host().connect(socket_, target_);
    if (!begun && begun.error() != Errno::kEINPROGRESS) {
        end(begun.error());
    }
}

void Bulk::on_socket(SocketId socket, unsigned events) {
    if (socket != socket_) {
        return;
    }
    if (phase_ == Phase::kConnecting) {
        connected(events);
    }
    if (phase_ == Phase::kSending) {
        send();
    }
    if (phase_ == Phase::kFinishing) {
        wait_for_end();
    }
}

void Bulk::connected(unsigned events) {
    if ((events & (poll::kErr | poll::kHup)) != 0) {
        const Result<std::int64_t> error = host().get_option(socket_, SocketOption::kSO_ERROR);
        end(error ? static_cast<Errno>(*error) : error.error());
    } else if ((events & poll::kOut) != 0) {
        stats_.connected = now();
        phase_ = Phase::kSending;
    }
}

void Bulk::send() {
    stats_.bytes_acked = host().bytes_acked(socket_);
    while (options_.bytes == 0 || stats_.bytes_sent < options_.bytes) {
        const std::uint64_t want =
            options_.bytes == 0 ? kWrite : std::min(kWrite, options_.bytes - stats_.bytes_sent);
        const Result<std::uint64_t> sent = host().send_synthetic(socket_, want);
        if (!sent) {
            if (sent.error() != Errno::kEAGAIN) {
                end(sent.error());
            }
            return;
        }
        stats_.bytes_sent += *sent;
    }
    finish_sending();
}

void Bulk::finish_sending() {
    phase_ = Phase::kFinishing;
    const Result<void> done = host().shutdown(socket_, Shutdown::kWrite);
    if (!done) {
        end(done.error());
    }
}

void Bulk::wait_for_end() {
    stats_.bytes_acked = host().bytes_acked(socket_);
    const Result<std::uint64_t> got =
        host().receive_discard(socket_, std::numeric_limits<std::uint64_t>::max());
    if (!got && got.error() != Errno::kEAGAIN) {
        end(got.error());
        return;
    }
    // FIN-WAIT-2 says the FIN is acknowledged; so does the server's end of file after it.
    const Result<tcp::SocketInfo> info = host().info(socket_);
    const bool acknowledged = info && info->state == tcp::State::kFinWait2;
    if (acknowledged || (got && *got == 0)) {
        end(Errno::kOk);
    }
}

void Bulk::end(Errno error) {
    phase_ = Phase::kDone;
    stats_.error = error;
    if (error == Errno::kOk) {
        stats_.finished = now();
    }
    static_cast<void>(host().close(socket_));
    socket_ = SocketId{};
}

}  // namespace netsim::app
