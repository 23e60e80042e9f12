// Reasons of src/tcp/drop.def that are names of counters or of the kernel's skb drop reasons.
#include "observe/drop_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "netsim/link.hpp"

namespace netsim::observe {
namespace {

using WordsOf = std::pair<std::string_view, std::string_view>;

constexpr std::array<WordsOf, 31> kDropWords{{
    {"ListenOverflows", "accept queue full"},
    {"PAWSPassive", "SYN older than the peer's last timestamp"},
    {"SOCKET_BACKLOG", "socket's backlog full"},
    {"SyncookiesFailed", "no valid cookie"},
    {"TCPDeferAcceptDrop", "no data yet, TCP_DEFER_ACCEPT"},
    {"TCPRcvQDrop", "no receive memory"},
    {"TCPReqQFullDrop", "SYN queue full"},
    {"TCP_ACK_UNSENT_DATA", "acknowledges what was never sent"},
    {"TCP_FLAGS", "flags that make no sense"},
    {"TCP_INVALID_END_SEQUENCE", "ends beyond the window"},
    {"TCP_INVALID_SEQUENCE", "beyond the window"},
    {"TCP_INVALID_SYN", "SYN inside a connection"},
    {"TCP_MD5FAILURE", "wrong MD5 signature"},
    {"TCP_MD5NOTFOUND", "no MD5 signature"},
    {"TCP_MD5UNEXPECTED", "MD5 signature without a key"},
    {"TCP_OFOMERGE", "received before"},
    {"TCP_OFO_DROP", "no room for data out of order"},
    {"TCP_OLD_ACK", "acknowledges nothing new"},
    {"TCP_OLD_DATA", "received before"},
    {"TCP_OLD_SEQUENCE", "before the window"},
    {"TCP_OVERWINDOW", "past the window"},
    {"TCP_RESET", "RST"},
    {"TCP_RFC7323_PAWS", "older than the last timestamp"},
    {"TCP_RFC7323_TSECR", "echoes a timestamp never sent"},
    {"TCP_TOO_OLD_ACK", "acknowledges what is long acknowledged"},
    {"TCP_ZEROWINDOW", "zero window"},
    {"cookie ACK: ListenOverflows", "accept queue full"},
    {"cookie ACK: half-open already", "half-open already"},
    {"handshake ACK: ListenOverflows", "accept queue full"},
    {"no cookie sent lately", "no connection"},
    {"tcp_max_syn_backlog: last quarter", "the SYN queue's last quarter is for known peers"},
}};

constexpr bool sorted(const std::array<WordsOf, kDropWords.size()>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!(words.at(i - 1).first < words.at(i).first)) {
            return false;
        }
    }
    return true;
}

static_assert(sorted(kDropWords));

}  // namespace

std::string drop_words(std::string_view reason) {
    const auto* const found = std::lower_bound(
        kDropWords.begin(), kDropWords.end(), reason,
        [](const WordsOf& entry, std::string_view word) { return entry.first < word; });
    if (found == kDropWords.end() || found->first != reason) {
        return std::string(reason);
    }
    return std::string(found->second) + " (" + std::string(reason) + ')';
}

bool is_link_drop(std::string_view reason) {
    return reason == to_string(DropReason::kQueueFull) || reason == to_string(DropReason::kLoss) ||
           reason == to_string(DropReason::kLinkDown) || reason.starts_with("rule: ");
}

}  // namespace netsim::observe
