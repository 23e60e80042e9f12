// Request/response server.
#include "app/server.hpp"

#include <chrono>
#include <limits>

namespace netsim::app {
namespace {

constexpr std::uint64_t kBegin = 0;
constexpr std::uint64_t kAcceptAgain = 1;
constexpr Duration kNoFilePause = std::chrono::milliseconds(500);  // nginx: accept_mutex_delay

}  // namespace

Server::Server(host::Host& host, unsigned ordinal, const ServerOptions& options)
    : App(host, "serve", ordinal, {options.name, options.nofile}), options_(options) {
    if (options_.service_time < Duration{0} || options_.accept_delay < Duration{0}) {
        bad_option("service_time and accept_delay must not be negative");
    }
    if (options_.port == 0) {
        bad_option("port must be 1 to 65535");
    }
    if (options_.start > now()) {
        schedule(options_.start, kBegin);
        return;
    }
    // At once, not by an event: a SYN of this very instant must find the listener.
    if (const Errno e = listen(); e != Errno::kOk) {
        bad_option("cannot listen on port " + std::to_string(options_.port) + ": " +
                   std::string(errno_text(e)));
    }
}

Errno Server::listen() {
    const Result<SocketId> socket = new_socket();
    if (!socket) {
        return socket.error();
    }
    // What every server does, so that a restart does not trip over TIME_WAIT.
    static_cast<void>(host().set_option(*socket, SocketOption::kSO_REUSEADDR, 1));
    Result<void> done = host().bind(*socket, Endpoint{Ipv4{}, options_.port});
    if (done) {
        host().watch(*socket, this);
        done = host().listen(*socket, options_.backlog);
    }
    if (!done) {
        static_cast<void>(host().close(*socket));
        return done.error();
    }
    listener_ = *socket;
    return Errno::kOk;
}

void Server::on_event(std::uint64_t argument) {
    if (argument == kBegin) {
        if (listen() != Errno::kOk) {
            ++stats_.failed;
        }
        return;
    }
    if (argument == kAcceptAgain) {
        accept_busy_ = false;
        accept_some();
        return;
    }
    // The end of a service time.
    Connection* c = connections_.find(socket_of(argument));
    if (c != nullptr && c->phase == Phase::kService) {
        begin_response(*c);
        advance(*c);
    }
}

void Server::on_socket(SocketId socket, unsigned events) {
    static_cast<void>(events);
    if (socket == listener_) {
        accept_some();
        return;
    }
    if (Connection* c = connections_.find(socket); c != nullptr) {
        advance(*c);
    }
}

void Server::accept_some() {
    if (accepting_) {
        return;  // called by close() from inside the loop below, which goes on anyway
    }
    accepting_ = true;
    while (!accept_busy_ && (options_.workers == 0 || connections_.size() < options_.workers)) {
        if (host().must_yield()) {
            host().call_again(listener_,
                              poll::kIn);  // one per turn, as its time is paid turn by turn
            break;
        }
        const Result<SocketId> socket = host().accept(listener_);
        if (!socket) {
            if (socket.error() == Errno::kEMFILE || socket.error() == Errno::kENFILE) {
                ++stats_.accept_failed;
                accept_busy_ = true;
                schedule(now() + kNoFilePause, kAcceptAgain);
            }
            break;
        }
        ++stats_.accepted;
        if (options_.accept_delay > Duration{0}) {
            accept_busy_ = true;
            schedule(now() + options_.accept_delay, kAcceptAgain);
        }
        Connection& c = connections_.open(*socket);
        c.left = options_.request;
        host().watch(*socket, this);
        if (options_.request == 0) {
            begin_response(c);
        }
        advance(c);
    }
    accepting_ = false;
}

void Server::advance(Connection& c) {
    bool again = true;
    while (again) {
        switch (c.phase) {
            case Phase::kRequest:
                again = read_request(c);
                break;
            case Phase::kService:
                again = false;
                break;
            case Phase::kResponse:
                again = write_response(c);
                break;
            case Phase::kDrain:
                again = drain(c);
                break;
        }
    }
}

bool Server::read_request(Connection& c) {
    const Result<std::uint64_t> got = host().receive_discard(c.socket, c.left);
    if (!got || *got == 0) {
        if (!got && got.error() == Errno::kEAGAIN) {
            return false;
        }
        close(c, !got);
        return false;
    }
    stats_.bytes_received += *got;
    c.left -= *got;
    if (c.left > 0) {
        return true;
    }
    if (options_.service_time > Duration{0}) {
        c.phase = Phase::kService;
        schedule(now() + options_.service_time, socket_word(c.socket));
        return false;
    }
    begin_response(c);
    return true;
}

void Server::begin_response(Connection& c) {
    c.phase = Phase::kResponse;
    c.left = options_.response;
}

bool Server::write_response(Connection& c) {
    if (c.left > 0) {
        const Result<std::uint64_t> sent = host().send_synthetic(c.socket, c.left);
        if (!sent) {
            if (sent.error() != Errno::kEAGAIN) {
                close(c, true);
            }
            return false;
        }
        stats_.bytes_sent += *sent;
        c.left -= *sent;
        return true;
    }
    ++stats_.served;
    if (!options_.keep_open) {
        close(c, false);
        return false;
    }
    c.phase = options_.request > 0 ? Phase::kRequest : Phase::kDrain;
    c.left = options_.request;
    return true;
}

/// keep_open without requests: whatever comes is thrown away until the client closes.
bool Server::drain(Connection& c) {
    const Result<std::uint64_t> got =
        host().receive_discard(c.socket, std::numeric_limits<std::uint64_t>::max());
    if (got && *got > 0) {
        stats_.bytes_received += *got;
        return true;
    }
    if (got || got.error() != Errno::kEAGAIN) {
        close(c, !got);
    }
    return false;
}

void Server::close(Connection& c, bool failed) {
    const SocketId socket = c.socket;
    ++(failed ? stats_.failed : stats_.closed);
    connections_.close(socket);
    static_cast<void>(host().close(socket));
    if (options_.workers != 0) {
        accept_some();  // a worker is free again
    }
}

}  // namespace netsim::app
