// Helpers for messages about names: which known name is nearest, how to list the known ones.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace netsim {

/// The candidate with the smallest edit distance (insert, delete, replace, swap neighbours; letter
/// case ignored), if it is near enough to be a misspelling; else empty. Ties: the first.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates);

/// `, did you mean "x"?` or nothing, to end a message with.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// "a, b, c"
std::string join(std::span<const std::string_view> words, std::string_view separator = ", ");

}  // namespace netsim
