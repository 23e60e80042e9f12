// netstat -s: net-tools 2.10's sentence for each counter; those it has none for stand by name, as
// there. Only what the model counts is told.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "host/host.hpp"
#include "shell/netstat.hpp"

namespace netsim::shell {
namespace {

/// The number stands between `before` and `after`.
struct Sentence {
    std::string_view name;  // nstat's
    std::string_view before;
    std::string_view after;
    bool zero = false;  // told even if it is 0
};

constexpr auto kSentences = std::to_array<Sentence>({
    {"IpInReceives", "", " total packets received", true},
    {"IpInHdrErrors", "", " with invalid headers", false},
    {"IpInAddrErrors", "", " with invalid addresses", false},
    {"IpInDelivers", "", " incoming packets delivered", true},
    {"IpOutRequests", "", " requests sent out", true},
    {"IpOutNoRoutes", "", " dropped because of missing route", false},
    {"IpForwDatagrams", "", " forwarded", true},
    {"IpInDiscards", "", " incoming packets discarded", true},
    {"IpOutDiscards", "", " outgoing packets dropped", false},
    {"IcmpInMsgs", "", " ICMP messages received", true},
    {"IcmpInErrors", "", " input ICMP message failed", true},
    {"IcmpInDestUnreachs", "destination unreachable: ", "", false},
    {"IcmpInTimeExcds", "timeout in transit: ", "", false},
    {"IcmpInParmProbs", "wrong parameters: ", "", false},
    {"IcmpInEchos", "echo requests: ", "", false},
    {"IcmpInEchoReps", "echo replies: ", "", false},
    {"IcmpOutMsgs", "", " ICMP messages sent", true},
    {"IcmpOutDestUnreachs", "destination unreachable: ", "", false},
    {"IcmpOutEchoReps", "echo replies: ", "", false},
    {"IcmpOutErrors", "", " ICMP messages failed", true},
    {"IcmpOutTimeExcds", "time exceeded: ", "", false},
    {"IcmpOutEchos", "echo requests: ", "", false},
    {"IcmpOutParmProbs", "wrong parameters: ", "", false},
    {"TcpActiveOpens", "", " active connection openings", true},
    {"TcpPassiveOpens", "", " passive connection openings", true},
    {"TcpAttemptFails", "", " failed connection attempts", true},
    {"TcpEstabResets", "", " connection resets received", true},
    {"TcpCurrEstab", "", " connections established", true},
    {"TcpInSegs", "", " segments received", true},
    {"TcpOutSegs", "", " segments sent out", true},
    {"TcpRetransSegs", "", " segments retransmitted", true},
    {"TcpInErrs", "", " bad segments received", true},
    {"TcpOutRsts", "", " resets sent", true},
    {"UdpInDatagrams", "", " packets received", true},
    {"UdpNoPorts", "", " packets to unknown port received", true},
    {"UdpInErrors", "", " packet receive errors", true},
    {"UdpOutDatagrams", "", " packets sent", true},
    {"UdpRcvbufErrors", "", " receive buffer errors", true},
    {"UdpSndbufErrors", "", " send buffer errors", true},
    {"TcpExtSyncookiesSent", "", " SYN cookies sent", false},
    {"TcpExtSyncookiesRecv", "", " SYN cookies received", false},
    {"TcpExtSyncookiesFailed", "", " invalid SYN cookies received", false},
    {"TcpExtEmbryonicRsts", "", " resets received for embryonic SYN_RECV sockets", false},
    {"TcpExtPruneCalled", "", " packets pruned from receive queue because of socket buffer overrun",
     false},
    {"TcpExtRcvPruned", "", " packets pruned from receive queue", false},
    {"TcpExtOfoPruned", "",
     " packets dropped from out-of-order queue because of socket buffer overrun", false},
    {"TcpExtOutOfWindowIcmps", "", " ICMP packets dropped because they were out-of-window", false},
    {"TcpExtLockDroppedIcmps", "", " ICMP packets dropped because socket was locked", false},
    {"TcpExtTW", "", " TCP sockets finished time wait in fast timer", false},
    {"TcpExtTWRecycled", "", " time wait sockets recycled by time stamp", false},
    {"TcpExtPAWSPassive", "", " passive connections rejected because of time stamp", false},
    {"TcpExtPAWSActive", "", " active connections rejected because of time stamp", false},
    {"TcpExtPAWSEstab", "", " packets rejected in established connections because of timestamp",
     false},
    {"TcpExtDelayedACKs", "", " delayed acks sent", false},
    {"TcpExtDelayedACKLocked", "", " delayed acks further delayed because of locked socket", false},
    {"TcpExtDelayedACKLost", "Quick ack mode was activated ", " times", false},
    {"TcpExtListenOverflows", "", " times the listen queue of a socket overflowed", false},
    {"TcpExtListenDrops", "", " SYNs to LISTEN sockets dropped", false},
    {"TcpExtTCPHPHits", "", " packet headers predicted", true},
    {"TcpExtTCPPureAcks", "", " acknowledgments not containing data payload received", false},
    {"TcpExtTCPHPAcks", "", " predicted acknowledgments", false},
    {"TcpExtTCPRenoRecovery", "", " times recovered from packet loss due to fast retransmit",
     false},
    {"TcpExtTCPSACKReorder", "Detected reordering ", " times using SACK", false},
    {"TcpExtTCPRenoReorder", "Detected reordering ", " times using reno fast retransmit", false},
    {"TcpExtTCPTSReorder", "Detected reordering ", " times using time stamp", false},
    {"TcpExtTCPFullUndo", "", " congestion windows fully recovered without slow start", false},
    {"TcpExtTCPPartialUndo", "", " congestion windows partially recovered using Hoe heuristic",
     false},
    {"TcpExtTCPLossUndo", "", " congestion windows recovered without slow start after partial ack",
     false},
    {"TcpExtTCPRenoFailures", "", " timeouts after reno fast retransmit", false},
    {"TcpExtTCPLossFailures", "", " timeouts in loss state", false},
    {"TcpExtTCPFastRetrans", "", " fast retransmits", false},
    {"TcpExtTCPSlowStartRetrans", "", " retransmits in slow start", false},
    {"TcpExtTCPAbortOnData", "", " connections reset due to unexpected data", false},
    {"TcpExtTCPAbortOnClose", "", " connections reset due to early user close", false},
    {"TcpExtTCPAbortOnMemory", "", " connections aborted due to memory pressure", false},
    {"TcpExtTCPAbortOnTimeout", "", " connections aborted due to timeout", false},
    {"TcpExtTCPAbortOnLinger", "", " connections aborted after user close in linger timeout",
     false},
    {"TcpExtTCPRcvCollapsed", "", " packets collapsed in receive queue due to low socket buffer",
     false},
});

const Sentence* sentence_of(std::string_view name) {
    const auto* const found = std::find_if(kSentences.begin(), kSentences.end(),
                                           [&](const Sentence& s) { return s.name == name; });
    return found == kSentences.end() ? nullptr : found;
}

/// Types of ICMP messages stand under a title of their own, further in.
std::string_view histogram_of(std::string_view name) {
    constexpr std::array<std::string_view, 4> kTotals{"IcmpInMsgs", "IcmpInErrors", "IcmpOutMsgs",
                                                      "IcmpOutErrors"};
    if (!name.starts_with("Icmp") ||
        std::find(kTotals.begin(), kTotals.end(), name) != kTotals.end()) {
        return {};
    }
    return name.starts_with("IcmpIn") ? "ICMP input histogram:" : "ICMP output histogram:";
}

class Statistics {
 public:
    void put(const tcp::MibEntry& entry, std::uint64_t value) {
        if (entry.group != group_) {
            group_ = entry.group;
            out_ += fmt::format("{}:\n", group_);
            title_ = {};
        }
        const std::string_view histogram = histogram_of(entry.name);
        if (!histogram.empty() && histogram != title_) {
            out_ += fmt::format("    {}\n", histogram);
            title_ = histogram;
        }
        const std::string_view indent = histogram.empty() ? "    " : "        ";
        const Sentence* const sentence = sentence_of(entry.name);
        if (value == 0 && (sentence == nullptr || !sentence->zero)) {
            return;
        }
        out_ += sentence != nullptr
                    ? fmt::format("{}{}{}{}\n", indent, sentence->before, value, sentence->after)
                    : fmt::format("{}{}: {}\n", indent, entry.name.substr(group_.size()), value);
    }

    std::string text() { return std::move(out_); }

 private:
    std::string out_;
    std::string_view group_;
    std::string_view title_;
};

/// -t and -u keep what is theirs.
bool is_shown(std::string_view group, const NetstatQuery& query) {
    if (!query.tcp && !query.udp) {
        return true;
    }
    return (query.tcp && group.starts_with("Tcp")) || (query.udp && group == "Udp") ||
           group == "IpExt";
}

}  // namespace

std::string netstat_statistics(const host::Host& host, const NetstatQuery& query) {
    Statistics statistics;
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        const auto counter = static_cast<tcp::Mib>(i);
        const tcp::MibEntry& entry = tcp::describe(counter);
        if (is_shown(entry.group, query)) {
            statistics.put(entry, host.mibs().get(counter));
        }
    }
    return statistics.text();
}

}  // namespace netsim::shell
