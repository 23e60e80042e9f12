// The table of names.
#include "packetdrill/constants.hpp"

#include <array>
#include <vector>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim::packetdrill {
namespace {

struct Constant {
    std::string_view name;
    std::int64_t value;
};

constexpr auto kConstants = std::to_array<Constant>({
    {"NULL", 0},
    {"AF_UNSPEC", kAfUnspec},
    {"AF_INET", kAfInet},
    {"AF_INET6", 10},
    {"PF_INET", kAfInet},
    {"PF_INET6", 10},
    {"INADDR_ANY", 0},
    {"SOCK_STREAM", kSockStream},
    {"SOCK_DGRAM", kSockDgram},
    {"SOCK_NONBLOCK", kSockNonblock},
    {"SOCK_CLOEXEC", kSockCloexec},
    {"IPPROTO_IP", 0},
    {"IPPROTO_TCP", 6},
    {"IPPROTO_UDP", 17},
    {"SOL_IP", 0},
    {"SOL_SOCKET", 1},
    {"SOL_TCP", 6},
    {"SHUT_RD", 0},
    {"SHUT_WR", 1},
    {"SHUT_RDWR", 2},
    {"MSG_OOB", kMsgOob},
    {"MSG_PEEK", kMsgPeek},
    {"MSG_CTRUNC", 8},
    {"MSG_TRUNC", kMsgTrunc},
    {"MSG_DONTWAIT", kMsgDontwait},
    {"MSG_EOR", kMsgEor},
    {"MSG_WAITALL", kMsgWaitall},
    {"MSG_ERRQUEUE", kMsgErrqueue},
    {"MSG_NOSIGNAL", kMsgNosignal},
    {"MSG_MORE", kMsgMore},
    {"MSG_ZEROCOPY", kMsgZerocopy},
    {"MSG_FASTOPEN", kMsgFastopen},
    {"SPLICE_F_MOVE", 1},
    {"SPLICE_F_NONBLOCK", kSpliceNonblock},
    {"SPLICE_F_MORE", kSpliceMore},
    {"F_GETFD", 1},
    {"F_SETFD", 2},
    {"F_GETFL", kFGetfl},
    {"F_SETFL", kFSetfl},
    {"O_RDONLY", 0},
    {"O_WRONLY", 1},
    {"O_RDWR", kORdwr},
    {"O_CREAT", 0x40},
    {"O_EXCL", 0x80},
    {"O_TRUNC", 0x200},
    {"O_APPEND", 0x400},
    {"FD_CLOEXEC", 1},
    {"O_NONBLOCK", kONonblock},
    {"FIONREAD", kSiocinq},
    {"SIOCINQ", kSiocinq},
    {"SIOCOUTQ", kSiocoutq},
    {"SIOCOUTQNSD", kSiocoutqnsd},
    {"POLLIN", 1},
    {"POLLPRI", 2},
    {"POLLOUT", 4},
    {"POLLERR", 8},
    {"POLLHUP", 0x10},
    {"POLLNVAL", kPollNval},
    {"POLLRDNORM", 0x40},
    {"POLLWRNORM", 0x100},
    {"POLLRDHUP", 0x2000},
    {"EPOLL_CLOEXEC", kSockCloexec},
    {"EPOLL_CTL_ADD", 1},
    {"EPOLL_CTL_DEL", 2},
    {"EPOLL_CTL_MOD", 3},
    {"EPOLLIN", 1},
    {"EPOLLPRI", 2},
    {"EPOLLOUT", 4},
    {"EPOLLERR", 8},
    {"EPOLLHUP", 0x10},
    {"EPOLLRDNORM", 0x40},
    {"EPOLLWRNORM", 0x100},
    {"EPOLLRDHUP", 0x2000},
    {"EPOLLEXCLUSIVE", kEpollExclusive},
    {"EPOLLONESHOT", kEpollOneshot},
    {"EPOLLET", kEpollEt},
    {"SO_DEBUG", 1},
    {"SO_REUSEADDR", 2},
    {"SO_TYPE", 3},
    {"SO_ERROR", 4},
    {"SO_DONTROUTE", 5},
    {"SO_BROADCAST", 6},
    {"SO_SNDBUF", 7},
    {"SO_RCVBUF", 8},
    {"SO_KEEPALIVE", 9},
    {"SO_OOBINLINE", 10},
    {"SO_PRIORITY", 12},
    {"SO_LINGER", 13},
    {"SO_REUSEPORT", 15},
    {"SO_RCVLOWAT", 18},
    {"SO_RCVTIMEO", 20},
    {"SO_SNDTIMEO", 21},
    {"SO_SNDLOWAT", 19},
    {"SO_TIMESTAMP", 29},
    {"SO_ACCEPTCONN", 30},
    {"SO_PROTOCOL", 38},
    {"SO_DOMAIN", 39},
    {"SO_BUSY_POLL", 46},
    {"SO_MEMINFO", 55},
    {"SO_TIMESTAMPNS", 35},
    {"SO_INCOMING_CPU", 49},
    {"SO_SNDBUFFORCE", 32},
    {"SO_RCVBUFFORCE", 33},
    {"SO_MARK", 36},
    {"SO_TIMESTAMPING", 37},
    {"SO_MAX_PACING_RATE", 47},
    {"SO_ZEROCOPY", 60},
    {"SO_TXTIME", 61},
    {"IP_TOS", 1},
    {"IP_TTL", 2},
    {"IP_RECVTOS", 13},
    {"IP_TRANSPARENT", 19},
    {"IP_PMTUDISC_INTERFACE", 4},
    {"IP_PMTUDISC_OMIT", 5},
    {"IP_MTU_DISCOVER", 10},
    {"IP_RECVERR", 11},
    {"IP_MTU", 14},
    {"IP_FREEBIND", 15},
    {"IP_BIND_ADDRESS_NO_PORT", 24},
    {"IP_LOCAL_PORT_RANGE", 51},
    {"IP_PMTUDISC_DONT", 0},
    {"IP_PMTUDISC_WANT", 1},
    {"IP_PMTUDISC_DO", 2},
    {"IP_PMTUDISC_PROBE", 3},
    {"TCP_NODELAY", 1},
    {"TCP_MAXSEG", 2},
    {"TCP_CORK", 3},
    {"TCP_KEEPIDLE", 4},
    {"TCP_KEEPINTVL", 5},
    {"TCP_KEEPCNT", 6},
    {"TCP_SYNCNT", 7},
    {"TCP_LINGER2", 8},
    {"TCP_DEFER_ACCEPT", 9},
    {"TCP_WINDOW_CLAMP", 10},
    {"TCP_INFO", 11},
    {"TCP_QUICKACK", 12},
    {"TCP_CONGESTION", 13},
    {"TCP_MD5SIG", 14},
    {"TCP_THIN_LINEAR_TIMEOUTS", 16},
    {"TCP_USER_TIMEOUT", 18},
    {"TCP_FASTOPEN", 23},
    {"TCP_TIMESTAMP", 24},
    {"TCP_NOTSENT_LOWAT", 25},
    {"TCP_CC_INFO", 26},
    {"TCP_SAVE_SYN", 27},
    {"TCP_SAVED_SYN", 28},
    {"TCP_FASTOPEN_CONNECT", 30},
    {"TCP_ULP", 31},
    {"TCP_FASTOPEN_KEY", 33},
    {"TCP_FASTOPEN_NO_COOKIE", 34},
    {"TCP_ZEROCOPY_RECEIVE", 35},
    {"TCP_INQ", 36},
    {"TCP_CM_INQ", 36},
    {"TCP_TX_DELAY", 37},
    {"TCP_RTO_MAX_MS", 44},
    {"TCP_RTO_MIN_US", 45},
    {"TCP_DELACK_MAX_US", 46},
    {"TCP_THIN_DUPACK", 17},
    {"TCP_REPAIR", 19},
    {"TCP_MD5SIG_EXT", 32},
    {"TCP_MD5SIG_FLAG_PREFIX", 1},
    {"SCM_TIMESTAMPING", 37},
    {"SOF_TIMESTAMPING_TX_HARDWARE", 1},
    {"SOF_TIMESTAMPING_TX_SOFTWARE", 2},
    {"SOF_TIMESTAMPING_RX_HARDWARE", 4},
    {"SOF_TIMESTAMPING_RX_SOFTWARE", 8},
    {"SOF_TIMESTAMPING_SOFTWARE", 16},
    {"SOF_TIMESTAMPING_OPT_ID", 128},
    {"SOF_TIMESTAMPING_TX_SCHED", 256},
    {"SOF_TIMESTAMPING_TX_ACK", 512},
    {"SOF_TIMESTAMPING_OPT_TSONLY", 2048},
    {"SOF_TIMESTAMPING_SYS_HARDWARE", 32},
    {"SOF_TIMESTAMPING_RAW_HARDWARE", 64},
    {"SOF_TIMESTAMPING_OPT_CMSG", 1024},
    {"SOF_TIMESTAMPING_OPT_STATS", 4096},
    {"SOF_TIMESTAMPING_OPT_PKTINFO", 8192},
    {"SOF_TIMESTAMPING_OPT_TX_SWHW", 16384},
    {"SOF_TIMESTAMPING_OPT_ID_TCP", 65536},
    {"SCM_TSTAMP_SND", 0},
    {"SCM_TSTAMP_SCHED", 1},
    {"SCM_TSTAMP_ACK", 2},
    {"SO_EE_ORIGIN_NONE", 0},
    {"SO_EE_ORIGIN_LOCAL", 1},
    {"SO_EE_ORIGIN_ICMP", 2},
    {"SO_EE_ORIGIN_TIMESTAMPING", 4},
    {"SO_EE_ORIGIN_ZEROCOPY", 5},
    {"SO_EE_CODE_ZEROCOPY_COPIED", 1},
    {"CMSG_LEVEL_IP", 0},
    {"CMSG_TYPE_RECVERR", 11},
    {"ENOENT", 2},
    {"EINTR", 4},
    {"EEXIST", 17},
    {"EMFILE", 24},
    {"ESPIPE", 29},
    {"ENOMSG", 42},
    {"ENOTSUPP", 524},
});

}  // namespace

std::optional<std::int64_t> constant(std::string_view name) {
    for (const Constant& c : kConstants) {
        if (c.name == name) {
            return c.value;
        }
    }
    for (unsigned n = 1; n < 256; ++n) {
        if (errno_name(static_cast<Errno>(n)) == name) {
            return n;
        }
    }
    return std::nullopt;
}

std::string_view errno_word(Errno error) {
    switch (static_cast<unsigned>(error)) {
        case 2:
            return "ENOENT";
        case 17:
            return "EEXIST";
        default:
            return errno_name(error);
    }
}

std::string nearest_constant(std::string_view name) {
    std::vector<std::string_view> known;
    for (const Constant& c : kConstants) {
        known.push_back(c.name);
    }
    return did_you_mean(name, known);
}

}  // namespace netsim::packetdrill
