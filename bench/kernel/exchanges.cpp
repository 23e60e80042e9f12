// Each exchange in its own order; between two timed parts the answers are read and looked at.
#include "exchanges.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "namespace.hpp"
#include "segment.hpp"

namespace netsim::kernel_bench {
namespace {

constexpr std::uint16_t kPort = 80;
constexpr std::uint16_t kClosed = 81;
constexpr std::uint32_t kStamp = 1000;  // our clock stands still: timestamps never go back
constexpr std::size_t kShort = 100;
constexpr std::size_t kLong = 1400;

[[noreturn]] void broken(const std::string& what) {
    throw std::runtime_error(what + (errno != 0 ? std::string(": ") + std::strerror(errno) : ""));
}

void check(bool ok, const char* what) {
    if (!ok) {
        broken(what);
    }
}

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(host);
    in.sin_port = htons(port);
    return in;
}

class Descriptor {
 public:
    explicit Descriptor(int fd) : fd_(fd) { check(fd >= 0, "descriptor"); }

    ~Descriptor() { close(fd_); }

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor(Descriptor&&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;

    int get() const { return fd_; }

 private:
    int fd_;
};

int make_listener(std::uint32_t host, std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check(fd >= 0, "socket");
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in in = address(host, port);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&in), sizeof in) == 0, "bind");  // NOLINT
    check(listen(fd, 65535) == 0, "listen");
    return fd;
}

/// Ends the connection by a RST: nothing stays behind.
void abort_connection(int fd) {
    const linger off{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
    close(fd);
}

/// A peer never seen before in this run.
Segment new_peer(std::uint16_t port) {
    static std::uint32_t next = 0;
    ++next;
    Segment segment;
    segment.source = kPeers + 1 + next % 65000;
    segment.source_port = static_cast<std::uint16_t>(1024 + next / 65000 * 97 + next % 97);
    segment.destination = kHost;
    segment.destination_port = port;
    segment.seq = 1000 * next;
    segment.tsval = kStamp;
    return segment;
}

using Segments = std::vector<Segment>;

class Tun {
 public:
    Tun(Meter& meter, int fd) : meter_(meter), fd_(fd) {}

    /// Sends all with these flags; the time of one is kept under `name`, if there is one.
    void send(const char* name, const Segments& segments, std::uint8_t flags,
              std::size_t payload = 0) {
        std::vector<Octets> packets;
        packets.reserve(segments.size());
        for (Segment segment : segments) {
            segment.flags = flags;
            segment.payload = payload;
            packets.push_back(encode(segment));
        }
        send(name, packets);
    }

    void send(const char* name, const std::vector<Octets>& packets) {
        std::size_t taken = 0;
        const auto all = [&] {
            for (const Octets& packet : packets) {
                const ssize_t wrote = write(fd_, packet.data.data(), packet.length);
                taken += wrote == static_cast<ssize_t>(packet.length) ? 1U : 0U;
            }
        };
        if (name != nullptr) {
            meter_.time(name, packets.size(), all);
        } else {
            all();
        }
        check(taken == packets.size(), "the TUN device took less than was written");
    }

    /// What the kernel has sent since the last call.
    Segments answers() {
        Segments out;
        std::array<std::uint8_t, 65536> buffer{};
        for (;;) {
            const ssize_t got = read(fd_, buffer.data(), buffer.size());
            if (got < 0) {
                check(errno == EAGAIN, "read from the TUN device");
                errno = 0;
                return out;
            }
            if (const auto segment = decode(buffer.data(), static_cast<std::size_t>(got))) {
                out.push_back(*segment);
            }
        }
    }

    Segments answers(std::size_t expected, std::uint8_t flags, const char* what) {
        Segments out = answers();
        check(out.size() == expected, what);
        for (const Segment& segment : out) {
            check((segment.flags & ~flag::kPsh) == flags, what);
        }
        return out;
    }

 private:
    Meter& meter_;
    int fd_;
};

/// The peer's next segment after `segment` reached it.
Segment reply_to(const Segment& segment) {
    Segment reply;
    reply.source = segment.destination;
    reply.source_port = segment.destination_port;
    reply.destination = segment.source;
    reply.destination_port = segment.source_port;
    reply.seq = segment.ack;
    reply.ack = segment.seq + static_cast<std::uint32_t>(segment.payload) +
                ((segment.flags & (flag::kSyn | flag::kFin)) != 0 ? 1 : 0);
    reply.tsval = kStamp;
    reply.tsecr = segment.tsval;
    return reply;
}

Segments replies(const Segments& segments) {
    Segments out;
    out.reserve(segments.size());
    for (const Segment& segment : segments) {
        out.push_back(reply_to(segment));
    }
    return out;
}

Segments new_peers(std::size_t count, std::uint16_t port) {
    Segments out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(new_peer(port));
    }
    return out;
}

std::vector<int> accept_all(Meter& meter, const char* name, int listener, std::size_t count) {
    std::vector<int> fds(count, -1);
    const auto all = [&] {
        for (int& fd : fds) {
            fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        }
    };
    if (name != nullptr) {
        meter.time(name, count, all);
    } else {
        all();
    }
    for (const int fd : fds) {
        check(fd >= 0, "accept");
    }
    return fds;
}

void read_all(Meter& meter, const char* name, const std::vector<int>& fds, std::size_t expected) {
    std::array<char, 4096> buffer{};
    std::size_t total = 0;
    meter.time(name, fds.size(), [&] {
        for (const int fd : fds) {
            const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
            total += got > 0 ? static_cast<std::size_t>(got) : 0;
        }
    });
    check(total == fds.size() * expected, "recv");
}

void write_all(Meter& meter, const char* name, const std::vector<int>& fds, int flags) {
    static constexpr std::array<char, kShort> kBytes{};
    std::size_t total = 0;
    meter.time(name, fds.size(), [&] {
        for (const int fd : fds) {
            const ssize_t sent = ::send(fd, kBytes.data(), kBytes.size(), flags | MSG_NOSIGNAL);
            total += sent > 0 ? static_cast<std::size_t>(sent) : 0;
        }
    });
    check(total == fds.size() * kShort, "send");
}

void move_on(Segments& segments, std::size_t octets) {
    for (Segment& segment : segments) {
        segment.seq += static_cast<std::uint32_t>(octets);
    }
}

}  // namespace

void time_listener(Meter& meter, int fd, std::size_t count) {
    check(set_sysctl("net.ipv4.tcp_syncookies", "0"), "sysctl net.ipv4.tcp_syncookies");
    Tun tun(meter, fd);
    const Descriptor listener(make_listener(kHost, kPort));
    static_cast<void>(tun.answers());
    tun.send("syn", new_peers(count, kPort), flag::kSyn);
    Segments peers = replies(tun.answers(count, flag::kSyn | flag::kAck, "SYN-ACKs"));
    tun.send("ack_establish", peers, flag::kAck);
    const std::vector<int> fds = accept_all(meter, "accept", listener.get(), count);
    check(tun.answers().empty(), "an answer to a handshake's last ACK");
    tun.send("ack", peers, flag::kAck);
    tun.send("data_short", peers, flag::kAck | flag::kPsh, kShort);
    read_all(meter, "read_short", fds, kShort);
    move_on(peers, kShort);
    tun.send("data_long", peers, flag::kAck | flag::kPsh, kLong);
    read_all(meter, "read_long", fds, kLong);
    move_on(peers, kLong);
    static_cast<void>(tun.answers());
    write_all(meter, "write_send", fds, 0);
    peers = replies(tun.answers(count, flag::kAck, "data sent"));
    tun.send(nullptr, peers, flag::kAck);
    write_all(meter, "write_more", fds, MSG_MORE);
    check(tun.answers().empty(), "a segment in spite of MSG_MORE");
    for (const int one : fds) {
        const int on = 1;
        setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // sends it
    }
    peers = replies(tun.answers(count, flag::kAck, "the rest sent"));
    tun.send(nullptr, peers, flag::kAck);
    tun.send("fin", peers, flag::kAck | flag::kFin);
    move_on(peers, 1);
    static_cast<void>(tun.answers());
    meter.time("close", count, [&] {
        for (const int one : fds) {
            close(one);
        }
    });
    peers = replies(tun.answers(count, flag::kAck | flag::kFin, "FINs"));
    tun.send(nullptr, peers, flag::kAck);
    check(tun.answers().empty(), "an answer to the last ACK of a close");
}

void time_cookies(Meter& meter, int fd, std::size_t count) {
    check(set_sysctl("net.ipv4.tcp_syncookies", "2"), "sysctl net.ipv4.tcp_syncookies");
    Tun tun(meter, fd);
    const Descriptor listener(make_listener(kHost, kPort));
    static_cast<void>(tun.answers());
    tun.send("syn_cookie", new_peers(count, kPort), flag::kSyn);
    const Segments peers = replies(tun.answers(count, flag::kSyn | flag::kAck, "cookies"));
    tun.send("ack_cookie", peers, flag::kAck);
    tun.send("ack_bad_cookie", new_peers(count, kPort), flag::kAck);
    static_cast<void>(tun.answers(count, flag::kRst, "RSTs to wrong cookies"));
    for (const int one : accept_all(meter, nullptr, listener.get(), count)) {
        abort_connection(one);
    }
    static_cast<void>(tun.answers());
}

void time_stateless(Meter& meter, int fd, std::size_t count) {
    Tun tun(meter, fd);
    static_cast<void>(tun.answers());
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const Descriptor closed(null);
    const Octets packet = encode(new_peer(kClosed));
    meter.time("null_write", count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            check(write(null, packet.data.data(), packet.length) > 0, "write to /dev/null");
        }
    });
    tun.send("rst_dropped", new_peers(count, kClosed), flag::kRst);
    check(tun.answers().empty(), "an answer to a RST");
    tun.send("syn_refused", new_peers(count, kClosed), flag::kSyn);
    static_cast<void>(tun.answers(count, flag::kRst | flag::kAck, "RSTs"));
    std::vector<Octets> echoes;
    for (std::size_t i = 0; i < count; ++i) {
        echoes.push_back(echo_request(new_peer(0).source, kHost, static_cast<std::uint16_t>(i)));
    }
    tun.send("icmp_echo", echoes);
    static_cast<void>(tun.answers());
}

void time_connect(Meter& meter, int fd, std::size_t count) {
    Tun tun(meter, fd);
    static_cast<void>(tun.answers());
    std::vector<int> fds;
    std::vector<sockaddr_in> targets;
    for (std::size_t i = 0; i < count; ++i) {
        fds.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        check(fds.back() >= 0, "socket");
        targets.push_back(address(new_peer(0).source, kPort));
    }
    meter.time("connect", count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            connect(fds[i], reinterpret_cast<const sockaddr*>(&targets[i]),  // NOLINT
                    sizeof targets[i]);
        }
    });
    errno = 0;
    Segments peers = replies(tun.answers(count, flag::kSyn, "SYNs"));
    for (Segment& peer : peers) {
        peer.seq = 77;
    }
    tun.send("synack", peers, flag::kSyn | flag::kAck);
    static_cast<void>(tun.answers(count, flag::kAck, "ACKs of SYN-ACKs"));
    for (const int one : fds) {
        abort_connection(one);
    }
    static_cast<void>(tun.answers());
}

void time_wakeup(Meter& meter, std::size_t count) {
    std::array<int, 2> there{};
    std::array<int, 2> back{};
    check(pipe2(there.data(), O_CLOEXEC) == 0 && pipe2(back.data(), O_CLOEXEC) == 0, "pipe");
    char byte = 'x';
    const auto pass = [&](int out, int in) {
        check(write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1, "pipe");
    };
    meter.time("pipe_pair", count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            pass(there[1], there[0]);
        }
    });
    // Both on this thread's CPU: each write wakes the one, each read lets the other run.
    std::thread other([&] {
        for (std::size_t i = 0; i < count; ++i) {
            char received = 0;
            if (read(there[0], &received, 1) != 1 || write(back[1], &received, 1) != 1) {
                return;
            }
        }
    });
    const std::int64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (std::size_t i = 0; i < count; ++i) {
        pass(there[1], back[0]);
    }
    const std::int64_t spent = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
    other.join();
    meter.add("pipe_switch", static_cast<double>(spent) / static_cast<double>(count) / 2);
    for (const int fd : {there[0], there[1], back[0], back[1]}) {
        close(fd);
    }
}

void time_loopback(Meter& meter, std::size_t count) {
    constexpr std::uint32_t kLoopback = 0x7f000001U;
    const Descriptor listener(make_listener(kLoopback, 0));
    sockaddr_in to{};
    socklen_t length = sizeof to;
    getsockname(listener.get(), reinterpret_cast<sockaddr*>(&to), &length);  // NOLINT
    const std::int64_t start = clock_ns(CLOCK_MONOTONIC);
    meter.time("loopback", count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            check(
                connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0,  // NOLINT
                "connect over loopback");
            const int server = accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
            check(server >= 0, "accept over loopback");
            close(client);
            close(server);
        }
    });
    meter.add("loopback_wall",
              static_cast<double>(clock_ns(CLOCK_MONOTONIC) - start) / static_cast<double>(count));
}

}  // namespace netsim::kernel_bench
