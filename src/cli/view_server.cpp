// cpp-httplib does HTTP; here is who is let in, and what each address says.
#include "cli/view_server.hpp"

#include <httplib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "netsim/result.hpp"
#include "report/document.hpp"

namespace netsim::cli {
namespace {

using nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr const char* kLoopback = "127.0.0.1";
constexpr std::size_t kThreads = 32;
constexpr int kPagesMax = 20;  // each holds one of the threads
constexpr std::size_t kOrderMax = std::size_t{64} << 10U;
constexpr milliseconds kBetweenStates{80};
constexpr milliseconds kAlive{2000};  // a page that is gone is noticed by writing to it
constexpr int kNoContent = 204;
constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kUnavailable = 503;

/// Not for any simulation: it keeps other programs and pages of this machine out.
std::string random_token() {
    std::array<unsigned char, 16> octets{};
    if (getrandom(octets.data(), octets.size(), 0) != static_cast<ssize_t>(octets.size())) {
        throw InputError(std::string("view: no random token: ") + std::strerror(errno));
    }
    std::string token;
    for (const unsigned char octet : octets) {
        token += "0123456789abcdef"[octet >> 4U];
        token += "0123456789abcdef"[octet & 15U];
    }
    return token;
}

const char* name_of(ViewPhase phase) {
    switch (phase) {
        case ViewPhase::kWaiting:
            return "waiting";
        case ViewPhase::kRunning:
            return "running";
        case ViewPhase::kPaused:
            return "paused";
        case ViewPhase::kOver:
            break;
    }
    return "over";
}

std::string dumped(const ordered_json& json) {
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string event_of(const ViewState& state) {
    ordered_json json{
        {"revision", state.revision},
        {"state", name_of(state.phase)},
        {"case", state.case_name},
        {"case_index", state.case_index},
        {"cases", state.cases},
        {"now", to_seconds(state.now)},
        {"end", nullptr},
        {"speed", nullptr},
        {"packet", state.packet},
        {"run", state.run},
    };
    if (state.end != kNever) {
        json["end"] = to_seconds(state.end);
    }
    if (state.speed) {
        json["speed"] = *state.speed;
    }
    return "event: state\ndata: " + dumped(json) + "\n\n";
}

std::optional<double> speed_of(const ordered_json& order) {
    const auto speed = order.find("speed");
    if (speed == order.end() || speed->is_null()) {
        return std::nullopt;
    }
    if (!speed->is_number() || !(speed->get<double>() > 0) || std::isinf(speed->get<double>())) {
        throw InputError("speed: expected a number above 0, or null: as fast as it can");
    }
    return speed->get<double>();
}

ViewRestart restart_of(const ordered_json& order) {
    ViewRestart restart;
    if (const auto parameters = order.find("parameters"); parameters != order.end()) {
        if (!parameters->is_object()) {
            throw InputError("parameters: expected an object of names and texts");
        }
        for (const auto& [name, value] : parameters->items()) {
            if (!value.is_string()) {
                throw InputError("parameters: " + name + ": expected its value as text");
            }
            restart.parameters.emplace_back(name, value.get<std::string>());
        }
    }
    if (const auto seed = order.find("seed"); seed != order.end() && !seed->is_null()) {
        if (!seed->is_number_unsigned()) {
            throw InputError("seed: expected a whole number, not negative");
        }
        restart.seed = seed->get<std::uint64_t>();
    }
    return restart;
}

/// What a page asks for. InputError.
void obey(ViewDesk& desk, const std::string& text) {
    const ordered_json order = ordered_json::parse(text, nullptr, false);
    const auto what = order.is_object() ? order.find("do") : order.end();
    if (!order.is_object() || what == order.end() || !what->is_string()) {
        throw InputError(
            "expected {\"do\": \"pause\", \"resume\", \"step\", \"speed\" or \"restart\"}");
    }
    const std::string word = what->get<std::string>();
    if (word == "pause") {
        desk.pause();
    } else if (word == "resume") {
        desk.resume();
    } else if (word == "step") {
        desk.step();
    } else if (word == "speed") {
        desk.set_speed(speed_of(order));
    } else if (word == "restart") {
        desk.restart(restart_of(order));
    } else {
        throw InputError("do \"" + word + "\": expected pause, resume, step, speed or restart");
    }
}

}  // namespace

struct ViewServer::Impl {
    explicit Impl(ViewDesk& its_desk) : desk(its_desk) {}

    void serve(const std::string& script);
    bool admits(const httplib::Request& request) const;
    void stream(httplib::Response& response);

    ViewDesk& desk;
    std::string token = random_token();
    std::string host;  // as a browser names it
    std::string address;
    std::string page;
    std::atomic<int> pages{0};
    httplib::Server http;
    std::thread thread;
};

/// A page of another site that a name of its own has led here (DNS rebinding) has another Host.
bool ViewServer::Impl::admits(const httplib::Request& request) const {
    const std::string given = request.get_header_value("Host");
    const std::string port = host.substr(host.find(':'));
    return given == host || given == "localhost" + port;
}

void ViewServer::Impl::stream(httplib::Response& response) {
    if (pages.fetch_add(1) >= kPagesMax) {
        --pages;
        response.status = kUnavailable;
        response.set_content("too many pages are open\n", "text/plain");
        return;
    }
    response.set_chunked_content_provider(
        "text/event-stream",
        [this, seen = std::uint64_t{0}](std::size_t /*offset*/, httplib::DataSink& sink) mutable {
            const auto [state, change] =
                desk.state_after(seen, ViewDesk::WallClock::now() + kAlive);
            if (desk.closed()) {
                sink.done();
                return false;
            }
            const std::string text = change == seen ? ": still here\n\n" : event_of(state);
            seen = change;
            if (!sink.write(text.data(), text.size())) {
                return false;
            }
            std::this_thread::sleep_for(kBetweenStates);
            return true;
        },
        [this](bool /*done*/) { --pages; });
}

void ViewServer::Impl::serve(const std::string& script) {
    const std::string root = "/" + token + "/";
    page = report::to_live_page(script);
    http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    http.set_payload_max_length(kOrderMax);
    http.set_keep_alive_timeout(1);
    http.set_default_headers({{"Cache-Control", "no-store"},
                              {"X-Content-Type-Options", "nosniff"},
                              {"X-Frame-Options", "DENY"},
                              {"Cross-Origin-Resource-Policy", "same-origin"},
                              {"Referrer-Policy", "no-referrer"}});
    http.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& answer) {
            if (admits(request)) {
                return httplib::Server::HandlerResponse::Unhandled;
            }
            answer.status = kForbidden;
            answer.set_content("this server answers to " + host + " only\n", "text/plain");
            return httplib::Server::HandlerResponse::Handled;
        });
    http.Get(root, [this](const httplib::Request&, httplib::Response& answer) {
        desk.page_opened();
        answer.set_content(page, "text/html; charset=utf-8");
    });
    http.Get(root + "report\\.json", [this](const httplib::Request&, httplib::Response& answer) {
        const std::shared_ptr<const std::string> picture = desk.picture();
        if (picture == nullptr) {
            answer.status = kNotFound;
            answer.set_content("nothing has run yet\n", "text/plain");
            return;
        }
        answer.set_content(*picture, "application/json");
    });
    http.Get(root + "events",
             [this](const httplib::Request&, httplib::Response& answer) { stream(answer); });
    http.Post(root + "control", [this](const httplib::Request& request, httplib::Response& answer) {
        try {
            if (request.get_header_value("Content-Type").rfind("application/json", 0) != 0) {
                throw InputError("expected application/json");
            }
            obey(desk, request.body);
            answer.status = kNoContent;
        } catch (const InputError& error) {
            answer.status = kBadRequest;
            answer.set_content(dumped({{"error", error.what()}}), "application/json");
        }
    });
    thread = std::thread([this] { http.listen_after_bind(); });
    while (!http.is_running()) {  // until then it cannot be stopped
        std::this_thread::sleep_for(milliseconds(1));
    }
}

ViewServer::ViewServer(ViewDesk& desk, std::uint16_t port, const std::string& script)
    : impl_(std::make_unique<Impl>(desk)) {
    // The library's own default would share the port with whoever else asks for it (SO_REUSEPORT).
    impl_->http.set_socket_options([](int socket) {
        const int on = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    errno = 0;
    const int bound = port == 0 ? impl_->http.bind_to_any_port(kLoopback)
                      : impl_->http.bind_to_port(kLoopback, port) ? int{port}
                                                                  : -1;
    if (bound <= 0) {
        throw InputError("view: --port " + std::to_string(port) + ": " +
                         (errno != 0 ? std::strerror(errno) : "cannot be listened on"));
    }
    impl_->host = std::string(kLoopback) + ":" + std::to_string(bound);
    impl_->address = "http://" + impl_->host + "/" + impl_->token + "/";
    impl_->serve(script);
}

ViewServer::~ViewServer() {
    impl_->desk.close();
    impl_->http.stop();
    impl_->thread.join();
}

const std::string& ViewServer::address() const {
    return impl_->address;
}

}  // namespace netsim::cli
