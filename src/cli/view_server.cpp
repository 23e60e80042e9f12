// Boost.Beast does HTTP, a thread for each connection; here is who is let in, and what each address
// says. (cpp-httplib would be less to write, but brings libraries that double netsim's start.)
#include "cli/view_server.hpp"

#include <sys/random.h>

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "netsim/result.hpp"
#include "report/document.hpp"

namespace netsim::cli {
namespace {

using nlohmann::ordered_json;
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr const char* kLoopback = "127.0.0.1";
constexpr std::size_t kConnectionsMax = 64;
constexpr std::size_t kOrderMax = std::size_t{64} << 10U;
constexpr milliseconds kBetweenStates{80};
constexpr milliseconds kFarewellTime{500};
constexpr milliseconds kAlive{2000};  // a page that is gone is noticed by writing to it

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
    Impl(ViewDesk& its_desk, std::uint16_t port, const std::string& script);
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    Impl(Impl&&) = delete;
    Impl& operator=(Impl&&) = delete;

    struct Connection {
        explicit Connection(tcp::socket its_socket) : socket(std::move(its_socket)) {}

        tcp::socket socket;
        std::atomic<bool> over{false};
        std::thread thread{};
    };

    void accept();
    void take(tcp::socket socket);
    void serve(tcp::socket& socket);
    bool admits(const Request& request) const;
    Response answer(const Request& request);
    void stream(tcp::socket& socket);

    ViewDesk& desk;
    std::string token = random_token();
    std::string host;  // as a browser names it
    std::string address;
    std::string page;
    asio::io_context io;
    tcp::acceptor acceptor{io};
    std::list<Connection> connections;  // the thread's
    std::thread thread;
};

ViewServer::Impl::Impl(ViewDesk& its_desk, std::uint16_t port, const std::string& script)
    : desk(its_desk), page(report::to_live_page(script)) {
    error_code error;
    acceptor.open(tcp::v4());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind({asio::ip::make_address_v4(kLoopback), port}, error);
    if (!error) {
        acceptor.listen(tcp::acceptor::max_listen_connections, error);
    }
    if (error) {
        throw InputError("view: --port " + std::to_string(port) + ": " + error.message());
    }
    host = std::string(kLoopback) + ":" + std::to_string(acceptor.local_endpoint().port());
    address = "http://" + host + "/" + token + "/";
    accept();
    thread = std::thread([this] { io.run(); });
}

ViewServer::Impl::~Impl() {
    desk.close();
    io.stop();
    thread.join();
    error_code ignored;
    for (Connection& one : connections) {  // nothing more is read; pages get the farewell
        one.socket.shutdown(tcp::socket::shutdown_receive, ignored);
    }
    const auto patience = ViewDesk::WallClock::now() + kFarewellTime;
    for (Connection& one : connections) {
        while (!one.over && ViewDesk::WallClock::now() < patience) {
            std::this_thread::sleep_for(milliseconds(1));
        }
        one.socket.shutdown(tcp::socket::shutdown_both, ignored);  // of one that does not read
        one.thread.join();
    }
}

void ViewServer::Impl::accept() {
    acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
        if (!error) {
            take(std::move(socket));
        } else {  // no descriptor is left, it may be
            std::this_thread::sleep_for(kBetweenStates);
        }
        accept();
    });
}

void ViewServer::Impl::take(tcp::socket socket) {
    for (auto one = connections.begin(); one != connections.end();) {
        if (one->over) {
            one->thread.join();
            one = connections.erase(one);
        } else {
            ++one;
        }
    }
    if (connections.size() >= kConnectionsMax) {
        return;  // closed at once
    }
    Connection& one = connections.emplace_back(std::move(socket));
    one.thread = std::thread([this, &one] {
        serve(one.socket);
        one.over = true;
    });
}

/// One request after the other.
void ViewServer::Impl::serve(tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    while (!desk.closed()) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(kOrderMax);
        error_code error;
        http::read(socket, buffer, parser, error);
        if (error) {
            break;
        }
        const Request request = parser.release();
        if (admits(request) && request.method() == http::verb::get &&
            request.target() == "/" + token + "/events") {
            stream(socket);
            break;
        }
        Response response = answer(request);
        response.set(http::field::cache_control, "no-store");
        response.set("X-Content-Type-Options", "nosniff");
        response.set("X-Frame-Options", "DENY");
        response.set("Cross-Origin-Resource-Policy", "same-origin");
        response.set("Referrer-Policy", "no-referrer");
        response.version(request.version());
        response.keep_alive(request.keep_alive());
        response.prepare_payload();
        http::write(socket, response, error);
        if (error || !request.keep_alive()) {
            break;
        }
    }
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
}

/// A page of another site that a name of its own has led here (DNS rebinding) has another Host.
bool ViewServer::Impl::admits(const Request& request) const {
    const std::string given(request[http::field::host]);
    return given == host || given == "localhost" + host.substr(host.find(':'));
}

Response ViewServer::Impl::answer(const Request& request) {
    const auto with = [](http::status status, const char* type, std::string text) {
        Response response;
        response.result(status);
        response.set(http::field::content_type, type);
        response.body() = std::move(text);
        return response;
    };
    if (!admits(request)) {
        return with(http::status::forbidden, "text/plain",
                    "this server answers to " + host + " only\n");
    }
    const std::string root = "/" + token + "/";
    const std::string target(request.target());
    const bool get = request.method() == http::verb::get;
    if (get && target == root) {
        desk.page_opened();
        return with(http::status::ok, "text/html; charset=utf-8", page);
    }
    if (get && target == root + "report.json") {
        const std::shared_ptr<const std::string> picture = desk.picture();
        return picture == nullptr
                   ? with(http::status::not_found, "text/plain", "nothing has run yet\n")
                   : with(http::status::ok, "application/json", *picture);
    }
    if (request.method() == http::verb::post && target == root + "control") {
        try {
            if (!request[http::field::content_type].starts_with("application/json")) {
                throw InputError("expected application/json");
            }
            obey(desk, request.body());
            Response done;
            done.result(http::status::no_content);
            return done;
        } catch (const InputError& error) {
            return with(http::status::bad_request, "application/json",
                        dumped({{"error", error.what()}}));
        }
    }
    return with(http::status::not_found, "text/plain", "there is nothing at this address\n");
}

/// States as they change, until the page goes away.
void ViewServer::Impl::stream(tcp::socket& socket) {
    constexpr std::string_view kHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "Connection: close\r\n\r\n";
    error_code error;
    asio::write(socket, asio::buffer(kHead), error);
    for (std::uint64_t seen = 0; !error;) {
        const auto [state, change] = desk.state_after(seen, ViewDesk::WallClock::now() + kAlive);
        if (desk.closed()) {
            constexpr std::string_view kFarewell = "event: state\ndata: {\"state\":\"gone\"}\n\n";
            asio::write(socket, asio::buffer(kFarewell), error);
            break;
        }
        const std::string text = change == seen ? ": still here\n\n" : event_of(state);
        seen = change;
        asio::write(socket, asio::buffer(text), error);
        std::this_thread::sleep_for(kBetweenStates);
    }
}

ViewServer::ViewServer(ViewDesk& desk, std::uint16_t port, const std::string& script)
    : impl_(std::make_unique<Impl>(desk, port, script)) {}

ViewServer::~ViewServer() = default;

const std::string& ViewServer::address() const {
    return impl_->address;
}

}  // namespace netsim::cli
