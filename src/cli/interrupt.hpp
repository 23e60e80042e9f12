// Ctrl-C, or a SIGTERM: the first one asks the running network to stop at its next event, the
// second one kills.
#pragma once

namespace netsim {
class Network;
}

namespace netsim::cli {

void catch_interrupts();
bool interrupted();
/// As if there had been none: the next one is the first.
void forget_interrupt();
/// The network to stop; null: none is running.
void set_running(Network* network);

}  // namespace netsim::cli
