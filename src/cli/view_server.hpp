// The pages of netsim view, over HTTP: to this machine only, and only to who knows the address with
// its token. docs/report-format.md describes what is exchanged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli/view_desk.hpp"

namespace netsim::cli {

class ViewServer {
 public:
    /// Listens on 127.0.0.1; `port` 0: any that is free. InputError "view: --port 80: ...".
    ViewServer(ViewDesk& desk, std::uint16_t port, const std::string& script);
    /// Pages that are open lose their connection.
    ~ViewServer();
    ViewServer(const ViewServer&) = delete;
    ViewServer& operator=(const ViewServer&) = delete;
    ViewServer(ViewServer&&) = delete;
    ViewServer& operator=(ViewServer&&) = delete;

    /// "http://127.0.0.1:PORT/TOKEN/"
    const std::string& address() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace netsim::cli
