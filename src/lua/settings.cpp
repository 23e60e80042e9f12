// What the command line says of hosts' sysctls, as each network hears of it.
#include "lua/settings.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "lua/session.hpp"
#include "net/conntrack_settings.hpp"
#include "tcp/sysctl.hpp"

namespace netsim::lua {
namespace {

bool is_known_sysctl(const std::string& name) {
    return tcp::is_sysctl(name) || net::is_conntrack_sysctl(name);
}

}  // namespace

// "web.net.ipv4.tcp_syncookies=0" or "net.ipv4.tcp_syncookies=0". Host names may contain dots, so
// the sysctl is found from the right.
Setting parse_setting(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw InputError("--set " + text + ": expected HOST.SYSCTL=VALUE or SYSCTL=VALUE");
    }
    const std::string left = text.substr(0, equals);
    const std::string value = text.substr(equals + 1);
    if (is_known_sysctl(left)) {
        return {"", left, value};
    }
    for (std::size_t dot = left.find('.'); dot != std::string::npos;
         dot = left.find('.', dot + 1)) {
        if (is_known_sysctl(left.substr(dot + 1))) {
            return {left.substr(0, dot), left.substr(dot + 1), value};
        }
    }
    std::vector<std::string_view> known;
    for (const tcp::SysctlEntry& entry : tcp::sysctl_table()) {
        known.push_back(entry.name);
    }
    for (const net::ConntrackSysctl& entry : net::conntrack_sysctls()) {
        known.push_back(entry.name);
    }
    // A host in front makes every name look far: compare the part from "net." on, too.
    const std::size_t net = left.find("net.");
    const std::string word = net == std::string::npos ? left : left.substr(net);
    throw InputError("--set " + text + ": unknown sysctl \"" + word + "\"" +
                     did_you_mean(word, known) + " (netsim sysctl lists all)");
}

void Box::apply_settings(HostRef host) {
    for (const SysctlConf& conf : session_.options().sysctl_confs) {
        if (conf.host.empty() || conf.host == host.name()) {
            host.load_sysctl_conf(conf.text, conf.file);
            host.set_file("/etc/sysctl.conf", conf.text);
        }
    }
    for (const std::string& text : session_.options().settings) {
        const Setting setting = parse_setting(text);
        if (setting.host.empty() || setting.host == host.name()) {
            host.set_sysctl(setting.name, setting.value);
        }
    }
}

void Box::apply_settings(RouterRef router) {
    for (const std::string& text : session_.options().settings) {
        const Setting setting = parse_setting(text);
        if (setting.host == router.name() ||
            (setting.host.empty() && net::is_conntrack_sysctl(setting.name))) {
            router.set_netfilter_sysctl(setting.name, setting.value);
        }
    }
}

void Box::check_settings() {
    std::vector<std::string> names;
    for (const HostRef& host : net().hosts()) {
        names.push_back(host.name());
    }
    for (const RouterRef& router : net().routers()) {
        names.push_back(router.name());
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto check = [&](const std::string& flag, const std::string& host) {
        if (!host.empty() && std::find(known.begin(), known.end(), host) == known.end()) {
            throw InputError(flag + ": no host \"" + host + "\"" + did_you_mean(host, known) +
                             " (hosts: " + join(known) + ")");
        }
    };
    for (const std::string& text : session_.options().settings) {
        check("--set " + text, parse_setting(text).host);
    }
    for (const SysctlConf& conf : session_.options().sysctl_confs) {
        check("--sysctl-conf " + conf.host + "=" + conf.file, conf.host);
    }
}

}  // namespace netsim::lua
