// The one place with state that a signal handler can reach.
#include "cli/interrupt.hpp"

#include <atomic>
#include <csignal>

#include "netsim/network.hpp"

namespace netsim::cli {
namespace {

std::atomic<bool> flag{false};
std::atomic<Network*> running{nullptr};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<Network*>::is_always_lock_free);

void on_interrupt(int /*signal*/) {
    flag.store(true);
    if (Network* network = running.load()) {
        network->interrupt();
    }
}

}  // namespace

void catch_interrupts() {
    struct sigaction action {};

    action.sa_handler = on_interrupt;  // NOLINT(cppcoreguidelines-pro-type-union-access)
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM}) {
        sigaction(signal, &action, nullptr);
    }
}

bool interrupted() {
    return flag.load();
}

void forget_interrupt() {
    flag.store(false);
    catch_interrupts();
}

void set_running(Network* network) {
    running.store(network);
    if (network != nullptr && flag.load()) {
        network->interrupt();  // it came between two runs
    }
}

}  // namespace netsim::cli
