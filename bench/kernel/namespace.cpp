// Namespaces and devices: unshare(2), netdevice(7), the kernel's Documentation/networking/tuntap.
#include "namespace.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace netsim::kernel_bench {
namespace {

ifreq request(const char* name) {
    ifreq r{};
    std::strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    return r;
}

void set_address(ifreq& r, std::uint32_t address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(address);
    std::memcpy(&r.ifr_addr, &in, sizeof in);
}

bool up(int control, const char* name) {
    ifreq r = request(name);
    if (ioctl(control, SIOCGIFFLAGS, &r) != 0) {
        return false;
    }
    r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP | IFF_RUNNING);
    return ioctl(control, SIOCSIFFLAGS, &r) == 0;
}

bool write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    return static_cast<bool>(file);
}

}  // namespace

bool enter_namespace(std::string& why) {
    if (unshare(CLONE_NEWNET) == 0) {
        return true;
    }
    const uid_t user = getuid();
    const gid_t group = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        why = std::string("unshare(CLONE_NEWUSER | CLONE_NEWNET): ") + std::strerror(errno);
        return false;
    }
    static_cast<void>(write_file("/proc/self/setgroups", "deny"));
    if (!write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1") ||
        !write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1")) {
        why = "the user namespace's uid_map cannot be written";
        return false;
    }
    return true;
}

bool loopback_up() {
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool done = control >= 0 && up(control, "lo");
    close(control);
    return done;
}

int open_tun() {
    const int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (tun < 0) {
        return -1;
    }
    ifreq r = request("bench0");
    r.ifr_flags = IFF_TUN | IFF_NO_PI;
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = control >= 0 && ioctl(tun, TUNSETIFF, &r) == 0;
    r = request("bench0");
    r.ifr_qlen = kRing;
    done = done && ioctl(control, SIOCSIFTXQLEN, &r) == 0;
    set_address(r, kHost);
    done = done && ioctl(control, SIOCSIFADDR, &r) == 0;
    set_address(r, 0xfffe0000U);
    done = done && ioctl(control, SIOCSIFNETMASK, &r) == 0;
    done = done && up(control, "bench0");
    const int error = errno;
    close(control);
    if (!done) {
        close(tun);
        errno = error;
        return -1;
    }
    return tun;
}

bool set_sysctl(const std::string& name, const std::string& value) {
    std::string path = "/proc/sys/" + name;
    for (std::size_t i = 10; i < path.size(); ++i) {
        path[i] = path[i] == '.' ? '/' : path[i];
    }
    return write_file(path, value);
}

}  // namespace netsim::kernel_bench
