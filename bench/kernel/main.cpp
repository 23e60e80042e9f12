// netsim-kernel-bench: what the running kernel's TCP costs per event, as JSON on standard output.
// Works in a network namespace of its own; without the right to make one, over loopback only.
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <string>

#include "exchanges.hpp"
#include "namespace.hpp"

namespace {

using namespace netsim::kernel_bench;

constexpr std::size_t kEvents = 1000;  // per batch: the TUN device's queue holds their answers
constexpr int kBatches = 15;
constexpr std::size_t kHandshakes = 1000;  // per batch; all together fewer than there are ports
constexpr unsigned kSecondsMax = 60;

void out_of_time(int /*signal*/) {
    static constexpr char kText[] = "netsim-kernel-bench: not done after 60 s\n";
    static_cast<void>(!write(STDERR_FILENO, kText, sizeof kText - 1));
    _exit(1);
}

/// Softirqs then run on the CPU, and inside the calls, of the one thread that is timed.
void stay_on_one_cpu() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
    sched_setaffinity(0, sizeof one, &one);
}

bool enough_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > kEvents + 64;
}

std::string cpu_model() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) {
            return line.substr(line.find(':') + 2);
        }
    }
    return "unknown";
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
}

/// Empty: all was timed; else why nothing but loopback could be.
std::string measure(Meter& meter) {
    std::string why;
    const bool alone = enter_namespace(why);
    if (alone && !loopback_up()) {
        throw std::runtime_error("loopback of the new namespace does not come up");
    }
    stay_on_one_cpu();
    for (int i = 0; i < kBatches; ++i) {
        time_loopback(meter, kHandshakes);
        time_wakeup(meter, kEvents);
    }
    if (!alone) {
        return why;
    }
    if (!enough_descriptors()) {
        return "RLIMIT_NOFILE is below " + std::to_string(kEvents + 64);
    }
    const int tun = open_tun();
    if (tun < 0) {
        return std::string("TUN device: ") + std::strerror(errno);
    }
    // Absent in older kernels or not namespaced: the exchanges say so if it matters.
    static_cast<void>(set_sysctl("net.core.somaxconn", "65535"));
    static_cast<void>(set_sysctl("net.ipv4.tcp_max_syn_backlog", "65536"));
    static_cast<void>(set_sysctl("net.ipv4.conf.all.rp_filter", "0"));
    for (int i = 0; i < kBatches; ++i) {
        time_stateless(meter, tun, kEvents);
        time_listener(meter, tun, kEvents);
        time_cookies(meter, tun, kEvents);
        time_connect(meter, tun, kEvents);
    }
    close(tun);
    return {};
}

void print(const Meter& meter, const std::string& why) {
    utsname system{};
    uname(&system);
    std::printf("{\n  \"kernel\": %s,\n  \"cpu\": %s,\n", quoted(system.release).c_str(),
                quoted(cpu_model()).c_str());
    std::printf("  \"events\": %zu,\n  \"batches\": %d,\n", kEvents, kBatches);
    if (!why.empty()) {
        std::printf("  \"missing\": %s,\n", quoted(why).c_str());
    }
    std::printf("  \"measured_ns\": {\n");
    const char* comma = "";
    for (const auto& [name, ns] : meter.medians()) {
        std::printf("%s    \"%s\": %.1f", comma, name.c_str(), ns);
        comma = ",\n";
    }
    std::printf("\n  }\n}\n");
}

}  // namespace

int main(int argc, char** /*argv*/) {
    if (argc > 1) {
        std::fprintf(stderr,
                     "netsim-kernel-bench takes no arguments; see bench/kernel/README.md\n");
        return 2;
    }
    std::signal(SIGALRM, out_of_time);
    alarm(kSecondsMax);
    try {
        Meter meter;
        const std::string why = measure(meter);
        print(meter, why);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "netsim-kernel-bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
