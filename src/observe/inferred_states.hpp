// Which state each end of a connection is in, as far as its segments tell: for captures, where
// nobody asked the two kernels. RFC 9293 §3.3.2.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "wire/packet.hpp"

namespace netsim::observe {

struct InferredChange {
    std::string_view from;
    std::string_view to;
};

class InferredStates {
 public:
    /// What `side` does with a segment it sends, or gets; nullopt: its state stays.
    std::optional<InferredChange> sends(std::size_t side, const wire::TcpHeader& tcp);
    std::optional<InferredChange> gets(std::size_t side, const wire::TcpHeader& tcp);

 private:
    struct Side {
        std::string_view state;  // empty: nothing is known yet
        wire::SeqNum syn_end;    // past its SYN
        std::optional<wire::SeqNum> fin_end{};
        wire::SeqNum expected;                   // of the other's numbers
        std::optional<wire::SeqNum> peer_fin{};  // its end; it came, perhaps before what it follows
        bool peer_known = false;
    };

    static std::optional<InferredChange> enter(Side& side, std::string_view state,
                                               std::string_view before = {});
    static std::optional<InferredChange> peer_closed(Side& side);

    std::array<Side, 2> sides_;
};

}  // namespace netsim::observe
