// Sockets that do as they please.
#include "swarm/chatter.hpp"

#include <algorithm>

namespace netsim::swarm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kNumberBytes = 8;
constexpr std::uint64_t kBudgetMax = 60'000;
constexpr std::size_t kActorsMax = 400;

/// The byte at a place of a stream: its number first, little end first.
char byte_at(std::uint64_t stream, std::uint64_t offset) {
    const std::uint64_t word = offset < kNumberBytes
                                   ? stream >> (8 * offset)
                                   : (stream * 0x9e3779b97f4a7c15U + offset * 0x2545f491U) >> 13U;
    return static_cast<char>(static_cast<unsigned char>(word & 0xffU));
}

struct OptionChoice {
    SocketOption option;
    std::int64_t value;
};

}  // namespace

Chatter::Chatter(Network& net, std::uint64_t seed, Report report, Report wrong_bytes)
    : net_(net),
      dice_(seed, "swarm/chatter"),
      report_(std::move(report)),
      wrong_bytes_(std::move(wrong_bytes)) {}

Chatter::Actor& Chatter::add_actor(HostRef host, Socket socket) {
    streams_.push_back({});
    Actor actor{.host = host,
                .socket = socket,
                .writes = streams_.size() - 1,
                .budget = dice_.below(kBudgetMax),
                .pace = dice_.pick<Duration>(
                    {milliseconds(1), milliseconds(30), milliseconds(300), seconds(3)})};
    actor.eager = dice_.chance(0.5);
    actors_.push_back(actor);
    return actors_.back();
}

void Chatter::listen(HostRef host, std::uint16_t port) {
    const Result<Socket> socket = host.tcp();
    if (!socket) {
        return report_("no socket to listen with: " + std::string(errno_name(socket.error())));
    }
    Socket listener = *socket;
    static_cast<void>(listener.set_option(SocketOption::kSO_REUSEADDR, 1));
    if (dice_.chance(0.2)) {
        static_cast<void>(listener.set_option(SocketOption::kTCP_DEFER_ACCEPT,
                                              dice_.pick<std::int64_t>({1, 30})));
    }
    if (const auto done = listener.bind({Ipv4{}, port}); !done) {
        return report_("bind: " + std::string(errno_name(done.error())));
    }
    if (const auto done = listener.listen(dice_.pick<int>({-1, 0, 1, 4, 128})); !done) {
        return report_("listen: " + std::string(errno_name(done.error())));
    }
    const std::size_t index = listeners_.size();
    listeners_.push_back({host, listener, dice_.chance(0.3)});
    host.watch(listener, [this, index](unsigned) {
        if (finishing_ || !listeners_[index].lazy) {
            accept_some(index);
        }
    });
    if (listeners_[index].lazy) {
        listener_tick(index);
    }
}

void Chatter::listener_tick(std::size_t index) {
    Listener& listener = listeners_[index];
    if (finishing_) {
        return;
    }
    accept_some(index);
    listener.host.at(net_.now() + dice_.between(milliseconds(50), seconds(2)),
                     [this, index] { listener_tick(index); });
}

void Chatter::accept_some(std::size_t index) {
    Listener& listener = listeners_[index];
    while (Result<Socket> accepted = listener.socket.accept()) {
        if (actors_.size() >= kActorsMax) {
            static_cast<void>(accepted->close());
            continue;
        }
        Actor& actor = add_actor(listener.host, *accepted);
        actor.opened = true;
        const std::size_t number = actors_.size() - 1;
        actor.host.watch(actor.socket, [this, number](unsigned) { woken(number); });
        if (finishing_) {
            wind_up(actor);
        } else {
            tick(number);
        }
    }
}

void Chatter::connect(HostRef host, Endpoint to, Time at) {
    const Result<Socket> socket = host.tcp();
    if (!socket) {
        return report_("no socket to connect with: " + std::string(errno_name(socket.error())));
    }
    Actor& actor = add_actor(host, *socket);
    actor.synthetic = dice_.chance(0.3);
    const std::size_t index = actors_.size() - 1;
    host.at(at, [this, index, to] { open(index, to); });
}

void Chatter::cross(HostRef a, HostRef b, std::uint16_t port, Time at) {
    const auto other = static_cast<std::uint16_t>(port + 1);
    const std::size_t first = actors_.size();
    connect(a, {b.address(), other}, at);
    connect(b, {a.address(), port}, at + dice_.between(Duration{0}, Duration(milliseconds(3))));
    if (actors_.size() == first + 2) {
        static_cast<void>(actors_[first].socket.bind({Ipv4{}, port}));
        static_cast<void>(actors_[first + 1].socket.bind({Ipv4{}, other}));
    }
}

void Chatter::open(std::size_t index, Endpoint to) {
    Actor& actor = actors_[index];
    if (actor.done || finishing_) {
        return;
    }
    actor.opened = true;
    actor.host.watch(actor.socket, [this, index](unsigned) { woken(index); });
    const auto done = actor.socket.connect(to);
    if (!done && failed(actor, done.error())) {
        tick(index);
    }
}

bool Chatter::failed(Actor& actor, Errno error) {
    switch (error) {
        case Errno::kEAGAIN:
        case Errno::kEINPROGRESS:
        case Errno::kEALREADY:
            return true;
        case Errno::kENOTCONN:  // not yet
            return !finishing_ || !actor.opened;
        case Errno::kEPIPE:
            if (actor.write_shut) {
                actor.excused = true;
                return true;
            }
            break;
        default:
            break;
    }
    close(actor);
    return false;
}

void Chatter::tick(std::size_t index) {
    Actor& actor = actors_[index];
    if (actor.done || finishing_) {
        return;
    }
    act(actor);
    if (!actor.done) {
        actor.host.at(net_.now() + Duration(1) + dice_.exponential(actor.pace),
                      [this, index] { tick(index); });
    }
}

void Chatter::woken(std::size_t index) {
    Actor& actor = actors_[index];
    if (actor.done) {
        return;
    }
    if (finishing_) {
        wind_up(actor);
    } else if (actor.eager) {
        act(actor);
    }
}

void Chatter::act(Actor& actor) {
    const std::uint64_t what = dice_.below(1000);
    if (what < 450) {
        write(actor);
    } else if (what < 900) {
        read(actor, dice_.pick<std::uint64_t>({1, 100, 5'000, 100'000}));
    } else if (what < 930) {
        set_any_option(actor);
    } else if (what < 950) {
        misuse(actor);
    } else if (what < 970) {
        shut(actor);
    } else if (what < 985) {
        close(actor);
    }
}

void Chatter::write(Actor& actor) {
    Stream& stream = streams_[actor.writes];
    const std::uint64_t wanted =
        std::min(actor.budget - std::min(actor.budget, stream.written),
                 dice_.pick<std::uint64_t>({4, 50, 1'460, 10'000, 50'000}));
    if (wanted == 0) {
        return;
    }
    Result<std::uint64_t> taken = fail(Errno::kEAGAIN);
    if (actor.synthetic) {
        taken = actor.socket.send_synthetic(wanted);
    } else {
        std::string bytes;
        for (std::uint64_t i = 0; i < wanted; ++i) {
            bytes += byte_at(actor.writes, stream.written + i);
        }
        taken = actor.socket.send(bytes);
    }
    if (!taken) {
        failed(actor, taken.error());
    } else if (*taken == 0 || *taken > wanted) {
        report_("send of " + std::to_string(wanted) + " took " + std::to_string(*taken));
    } else {
        stream.written += *taken;
    }
}

void Chatter::read(Actor& actor, std::uint64_t max) {
    const Result<std::string> bytes = actor.socket.receive(max);
    if (!bytes) {
        failed(actor, bytes.error());
    } else if (bytes->size() > max) {
        report_("received more than was asked for");
    } else if (bytes->empty()) {
        end_of_file(actor);
    } else {
        check_bytes(actor, *bytes);
    }
}

void Chatter::check_bytes(Actor& actor, const std::string& bytes) {
    bytes_received_ += bytes.size();
    for (const char byte : bytes) {
        const std::uint64_t at = actor.received++;
        if (at < kNumberBytes) {
            actor.peer |= std::uint64_t{static_cast<unsigned char>(byte)} << (8 * at);
        }
        if (at + 1 == kNumberBytes) {
            // Synthetic bytes have a pattern of their own, which the stack compares.
            actor.unnumbered = actor.peer >= streams_.size();
        }
        if (at >= kNumberBytes && !actor.unnumbered && byte != byte_at(actor.peer, at)) {
            actor.unnumbered = true;
            wrong_bytes_("byte " + std::to_string(at) + " of stream " + std::to_string(actor.peer) +
                         " is not what was written");
        }
    }
    if (actor.received >= kNumberBytes && !actor.unnumbered &&
        actor.received > streams_[actor.peer].written) {
        wrong_bytes_("more was received of stream " + std::to_string(actor.peer) + " than written");
    }
}

/// An end of file says that the peer's FIN has come, thus all it wrote; unless a RST came later,
/// which takes what is unread away (the socket has no peer then).
void Chatter::end_of_file(Actor& actor) {
    const Result<Endpoint> remote = actor.socket.remote();
    const bool comparable = remote && !actor.read_shut && !actor.excused && !actor.unnumbered &&
                            actor.received >= kNumberBytes;
    if (comparable && actor.received != streams_[actor.peer].written) {
        wrong_bytes_(actor.host.name() + " from " + to_string(*remote) + ": stream " +
                     std::to_string(actor.peer) + " ended at " + std::to_string(actor.received) +
                     " of " + std::to_string(streams_[actor.peer].written) + " bytes");
    }
    if (finishing_ || actor.write_shut || dice_.chance(0.3)) {
        close(actor);
    }
}

void Chatter::shut(Actor& actor) {
    const auto how = dice_.pick<Shutdown>({Shutdown::kRead, Shutdown::kWrite, Shutdown::kBoth});
    // Before the call: its events come while it is under way.
    actor.write_shut |= how != Shutdown::kRead;
    actor.read_shut |= how != Shutdown::kWrite;
    if (const auto done = actor.socket.shutdown(how); !done) {
        failed(actor, done.error());
    }
}

void Chatter::set_any_option(Actor& actor) {
    const auto choice = dice_.pick<OptionChoice>({
        {SocketOption::kTCP_NODELAY, 1},      {SocketOption::kTCP_CORK, 1},
        {SocketOption::kTCP_CORK, 0},         {SocketOption::kTCP_QUICKACK, 0},
        {SocketOption::kTCP_QUICKACK, 1},     {SocketOption::kSO_LINGER, 0},
        {SocketOption::kSO_LINGER, -1},       {SocketOption::kSO_RCVBUF, 1},
        {SocketOption::kSO_RCVBUF, 65536},    {SocketOption::kSO_SNDBUF, 1},
        {SocketOption::kSO_SNDBUF, 200000},   {SocketOption::kSO_KEEPALIVE, 1},
        {SocketOption::kTCP_KEEPIDLE, 1},     {SocketOption::kTCP_KEEPINTVL, 1},
        {SocketOption::kTCP_KEEPCNT, 2},      {SocketOption::kTCP_USER_TIMEOUT, 1000},
        {SocketOption::kTCP_USER_TIMEOUT, 0}, {SocketOption::kTCP_MAXSEG, 88},
        {SocketOption::kTCP_MAXSEG, 536},     {SocketOption::kTCP_WINDOW_CLAMP, 5000},
        {SocketOption::kTCP_LINGER2, 1},      {SocketOption::kTCP_LINGER2, -1},
        {SocketOption::kSO_RCVLOWAT, 500},
    });
    static_cast<void>(actor.socket.set_option(choice.option, choice.value));
}

/// What no program should do; each is refused with an errno and changes nothing.
void Chatter::misuse(Actor& actor) {
    switch (dice_.below(4)) {
        case 0:
            if (actor.opened) {
                static_cast<void>(actor.socket.bind({Ipv4{}, 1}));
            }
            break;
        case 1:
            if (actor.socket.remote() && actor.socket.listen(5)) {
                report_("a connected socket was made a listener");
            }
            break;
        case 2:
            if (actor.socket.remote() && actor.socket.accept()) {
                report_("a connected socket accepted");
            }
            break;
        default:
            static_cast<void>(actor.socket.get_option(SocketOption::kTCP_MAXSEG));
            break;
    }
}

/// Writes no more, reads to the end, closes; what is not possible yet is done when next woken.
void Chatter::wind_up(Actor& actor) {
    if (!actor.opened) {
        return close(actor);
    }
    if (!actor.socket.remote() && (actor.socket.poll() & (poll::kErr | poll::kHup)) == 0) {
        return;  // still connecting
    }
    if (!actor.write_shut) {
        actor.write_shut = true;
        if (const auto done = actor.socket.shutdown(Shutdown::kWrite);
            !done && !failed(actor, done.error())) {
            return;
        }
    }
    while (!actor.done) {
        const Result<std::string> bytes = actor.socket.receive(100'000);
        if (!bytes) {
            failed(actor, bytes.error());
            return;
        }
        if (bytes->empty()) {
            end_of_file(actor);
            return;
        }
        check_bytes(actor, *bytes);
    }
}

void Chatter::close(Actor& actor) {
    actor.done = true;
    actor.host.watch(actor.socket, nullptr);
    static_cast<void>(actor.socket.close());
}

void Chatter::finish() {
    finishing_ = true;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        accept_some(i);
    }
    for (std::size_t i = 0; i < actors_.size(); ++i) {
        if (!actors_[i].done) {
            wind_up(actors_[i]);
        }
    }
}

void Chatter::close_all() {
    for (Listener& listener : listeners_) {
        listener.host.watch(listener.socket, nullptr);
        static_cast<void>(listener.socket.close());
    }
    for (Actor& actor : actors_) {
        if (!actor.done) {
            close(actor);
        }
    }
}

}  // namespace netsim::swarm
