// Values of code blocks and Python's operators on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "packetdrill/code.hpp"

namespace netsim::packetdrill {

/// null: not a whole number
const std::int64_t* as_int(const CodeValue& a);
/// Mismatch if it is no number.
double as_double(const CodeValue& a);
bool truth(const CodeValue& a);
/// As print writes it.
std::string shown(const CodeValue& a);
/// -1, 0, 1
int compare(const CodeValue& a, const CodeValue& b);
/// + - * / // % & | ^ << >>; whole numbers wrap.
CodeValue arithmetic(std::string_view op, const CodeValue& a, const CodeValue& b);

}  // namespace netsim::packetdrill
