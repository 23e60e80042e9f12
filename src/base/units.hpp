// Quantities as users write them: "10ms", "1gbit", "20kpps", "64kb", "1000p", "50%". The units are
// tc(8)'s, letter case ignored. Each parser throws InputError naming the value and what is allowed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "netsim/time.hpp"

namespace netsim {

/// ns, us, ms, s, min, h; zero needs no unit. A minus sign is read (the caller judges ranges).
Duration parse_duration(std::string_view text);

/// Bits per second: bit, kbit, mbit, gbit, tbit (powers of 1000), kibit, mibit, gibit (of 1024);
/// bps, kbps, mbps, gbps are octets per second as in tc. A bare number is bit/s.
std::uint64_t parse_rate(std::string_view text);

/// Events per second: pps, kpps, mpps, /s, k/s, m/s, /ms, /min, /h.
double parse_frequency(std::string_view text);

/// Octets: b, k, kb, kib, m, mb, mib, g, gb, gib, all powers of 1024 as in tc; kbit, mbit, gbit.
std::uint64_t parse_bytes(std::string_view text);

/// "1000p", or a bare number.
std::uint32_t parse_packets(std::string_view text);
/// Does it end in p? Then it is for parse_packets(), else for parse_bytes().
bool counts_packets(std::string_view text);

/// "50%" or "0.5", within 0 to 1.
double parse_probability(std::string_view text);

/// A plain finite decimal number such as "1.5".
double parse_number(std::string_view text);

/// The shortest text that parse_duration() reads back exactly: "10ms", "1.5s".
std::string format_duration(Duration duration);
/// The same for parse_rate(): "1gbit", "1.5mbit".
std::string format_rate(std::uint64_t bits_per_second);
/// The same for parse_bytes(): "64kb", "1500b".
std::string format_bytes(std::uint64_t bytes);
/// Shortest decimal that reads back as the same double.
std::string format_number(double value);
/// For people: `value` to six significant digits, and its whole part in full.
double rounded_for_people(double value);

}  // namespace netsim
