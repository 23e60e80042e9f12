// A network namespace of our own with a TUN device: what is sent here goes nowhere else.
#pragma once

#include <cstdint>
#include <string>

namespace netsim::kernel_bench {

/// The host under measurement, and the net its peers are in; both exist only inside the namespace
/// (RFC 2544's addresses for benchmarks).
inline constexpr std::uint32_t kHost = 0xc6120001U;   // 198.18.0.1
inline constexpr std::uint32_t kPeers = 0xc6130000U;  // 198.19.0.0
inline constexpr int kRing = 8192;                    // packets the TUN device keeps for us

/// Enters a new network namespace, with a user namespace where the process has no rights. False:
/// neither is allowed; `why` says what the kernel said.
bool enter_namespace(std::string& why);
/// Loopback up; false: see errno.
bool loopback_up();
/// A TUN device with kHost/15; its descriptor, or -1 (see errno).
int open_tun();
/// Writes /proc/sys/NAME with dots as slashes; false: not there, or not allowed.
bool set_sysctl(const std::string& name, const std::string& value);

}  // namespace netsim::kernel_bench
