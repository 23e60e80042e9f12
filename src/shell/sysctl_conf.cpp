// Lines of sysctl.conf(5), as procps 4.0 reads them.
#include "shell/sysctl_conf.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "netsim/result.hpp"

namespace netsim::shell {
namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

std::string dotted_name(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '/', '.');
    return out;
}

std::vector<SysctlSetting> parse_sysctl_conf(std::string_view text, std::string_view file) {
    std::vector<SysctlSetting> settings;
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.size(), text.find('\n', at));
        std::string_view line = trimmed(text.substr(at, end - at));
        at = end + 1;
        ++number;
        if (line.empty() || line.front() == '#' || line.front() == ';') {
            continue;
        }
        SysctlSetting setting{number, {}, {}, line.front() == '-'};
        line.remove_prefix(setting.ignore_errors ? 1 : 0);
        const std::size_t equals = line.find('=');
        setting.name = dotted_name(trimmed(line.substr(0, equals)));
        if (equals == std::string_view::npos || setting.name.empty()) {
            throw InputError(
                fmt::format("{}:{}: \"{}\" is no setting such as "
                            "net.ipv4.tcp_syncookies = 1",
                            file, number, line));
        }
        setting.value = std::string(trimmed(line.substr(equals + 1)));
        settings.push_back(std::move(setting));
    }
    return settings;
}

std::vector<SysctlSetting> apply_sysctl_conf(tcp::Sysctl& sysctl, std::string_view text,
                                             std::string_view file) {
    std::vector<SysctlSetting> done;
    tcp::Sysctl changed = sysctl;
    for (SysctlSetting& setting : parse_sysctl_conf(text, file)) {
        try {
            tcp::set_sysctl(changed, setting.name, setting.value);
        } catch (const InputError& error) {
            if (!setting.ignore_errors) {
                throw InputError(fmt::format("{}:{}: {}", file, setting.line, error.what()));
            }
            continue;
        }
        done.push_back(std::move(setting));
    }
    sysctl = std::move(changed);
    return done;
}

std::string sysctl_text(const tcp::Sysctl& sysctl, std::string_view name) {
    std::string value = tcp::get_sysctl(sysctl, name);
    if (value.find_first_not_of("0123456789 -") == std::string::npos) {
        std::replace(value.begin(), value.end(), ' ', '\t');
    }
    return value;
}

}  // namespace netsim::shell
