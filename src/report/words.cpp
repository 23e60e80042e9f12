// Counters' meanings are those of tcp/mib.def, as sentences; drops' stand in drop_sentences.def.
#include "report/words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "tcp/mib.hpp"

namespace netsim::report {
namespace {

constexpr auto kDropSentences = std::to_array<std::pair<std::string_view, std::string_view>>({
#define DROP_SENTENCE(reason, sentence) {reason, sentence},
#include "report/drop_sentences.def"
#undef DROP_SENTENCE
});

bool begins_many(std::string_view reason) {
    return reason.ends_with(' ');
}

}  // namespace

std::string counter_sentence(std::string_view counter) {
    const auto mib = tcp::find_mib(counter);
    if (!mib) {
        return {};
    }
    std::string text(tcp::describe(*mib).meaning);
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text + ".";
}

std::string_view drop_sentence(std::string_view reason) {
    const auto* exact = std::find_if(kDropSentences.begin(), kDropSentences.end(),
                                     [&](const auto& one) { return one.first == reason; });
    if (exact == kDropSentences.end()) {
        exact = std::find_if(kDropSentences.begin(), kDropSentences.end(), [&](const auto& one) {
            return begins_many(one.first) && reason.starts_with(one.first);
        });
    }
    return exact == kDropSentences.end() ? std::string_view{} : exact->second;
}

}  // namespace netsim::report
