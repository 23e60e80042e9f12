// A part of Debian's /etc/services.
#include "observe/services.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace netsim::observe {
namespace {

constexpr std::array<std::pair<std::uint16_t, std::string_view>, 16> kServices{{
    {7, "echo"},
    {9, "discard"},
    {20, "ftp-data"},
    {21, "ftp"},
    {22, "ssh"},
    {23, "telnet"},
    {25, "smtp"},
    {53, "domain"},
    {80, "http"},
    {110, "pop3"},
    {143, "imap2"},
    {179, "bgp"},
    {443, "https"},
    {3306, "mysql"},
    {5432, "postgresql"},
    {8080, "http-alt"},
}};

}  // namespace

std::string_view service_name(std::uint16_t port) {
    const auto* const found =
        std::find_if(kServices.begin(), kServices.end(),
                     [&](const auto& service) { return service.first == port; });
    return found == kServices.end() ? std::string_view() : found->second;
}

std::optional<std::uint16_t> service_port(std::string_view name) {
    const auto* const found =
        std::find_if(kServices.begin(), kServices.end(),
                     [&](const auto& service) { return service.second == name; });
    return found == kServices.end() ? std::nullopt : std::optional(found->first);
}

std::string port_name(std::uint16_t port, bool numeric) {
    const std::string_view name = numeric ? std::string_view() : service_name(port);
    return name.empty() ? std::to_string(port) : std::string(name);
}

}  // namespace netsim::observe
