// A run of a script from its first line to its report.
#include "lua/session.hpp"

#include <malloc.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <ostream>
#include <utility>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "lua/bind.hpp"
#include "lua/settings.hpp"
#include "sim/simulation.hpp"

namespace netsim::lua {
namespace {

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1U << 19U)) >> 20U) + " MiB";
}

std::string whole_ms(Time t) {
    return format_duration(Duration(to_ns(t) / 1'000'000 * 1'000'000));
}

std::string file_name(const std::string& name) {
    std::string result;
    for (const char c : name) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
        result += plain ? c : '_';
    }
    return result.empty() ? "case" : result;
}

}  // namespace

Box::Box(Session& session, std::string name, const NetworkOptions& options)
    : session_(session),
      name_(std::move(name)),
      scheduler_(*this),
      network_(std::make_unique<Network>(options)) {
    report_.name = name_;
    report_.seed = options.seed;
    const RunOptions& run = session_.options();
    if (run.trace) {
        network_->trace(*run.out, *run.trace);
    }
    if (run.states) {
        network_->watch_states();
    }
    if (run.ladder) {
        network_->watch_ladder();
    }
    if (run.report) {
        network_->watch_report(session_.next_report_share());
    }
    network_->on_progress([this](Time now) {
        const RunOptions& o = session_.options();
        if (o.interrupted && o.interrupted()) {
            network_->interrupt();
        }
        session_.runtime().check_out();
        if (session_.runtime().failed()) {
            network_->stop();  // nobody reads the trace any more
        }
        if (o.progress) {
            o.progress(name_, now, end_, network_->events());
        }
    });
}

Network& Box::net() {
    if (!network_) {
        throw MisuseError("the network of case \"" + name_ +
                          "\" is gone: take what you need before its scenario returns");
    }
    return *network_;
}

void Box::begin() {
    begun_ = true;
    resident_before_ = sim::resident_bytes();
    check_settings();
    session_.check_arguments();
    if (Driver* driver = session_.options().driver) {
        driven_ = driver->takes(name_);
    }
    if (session_.options().pcap_dir) {
        const std::string path = session_.capture_path(name_);
        session_.options().pcap_per ? net().capture(path, *session_.options().pcap_per)
                                    : net().capture(path);
    }
}

RunResult Box::run_network(std::optional<Time> until, const RunLimits& limits) {
    if (driven_) {
        return session_.options().driver->run(*network_, until.value_or(kNever), limits);
    }
    return until ? network_->run_until(*until, limits) : network_->run(limits);
}

std::string Box::run(std::optional<Time> until) {
    Network& network = net();
    const RunOptions& options = session_.options();
    Runtime& runtime = session_.runtime();
    if (running_) {
        throw MisuseError("net:run() is running already: a process waits with host:sleep()");
    }
    if (!begun_) {
        begin();
    }
    if (options.until) {
        until = std::min(until.value_or(kNever), Time(*options.until));
    }
    RunLimits limits = options.run_limits;
    if (limits.events_max > 0) {
        if (network.events() >= limits.events_max) {
            return "events";
        }
        limits.events_max -= network.events();
    }
    end_ = until.value_or(kNever);
    running_ = true;
    if (options.running) {
        options.running(&network);
    }
    RunResult result;
    try {
        result = run_network(until, limits);
    } catch (...) {
        running_ = false;
        if (options.running) {
            options.running(nullptr);
        }
        throw;
    }
    running_ = false;
    if (options.running) {
        options.running(nullptr);
    }
    runtime.begin_call();
    report_.ended = result.reason;
    if (result.reason == "memory") {
        report_.memory = tell_memory(limits.memory_bytes_max);
    }
    if (result.reason == "left") {
        runtime.fail({Ending::kLeft, "left", {}});
    }
    if (result.reason == "interrupted") {
        runtime.fail({Ending::kInterrupted, "interrupted", {}});
    }
    if (runtime.failed()) {
        throw MisuseError(runtime.failure().message);  // unwinds the script; the first report stays
    }
    return result.reason;
}

namespace {

Json cpu_json(const CpuStats& cpu, Time now) {
    Json cores = Json::array();
    const double passed = to_seconds(now);
    for (const CoreStats& core : cpu.cores) {
        const double softirq = to_seconds(core.softirq);
        const double process = to_seconds(core.process);
        cores.push_back(Json{
            {"processed", core.processed},
            {"dropped", core.dropped},
            {"time_squeeze", core.time_squeeze},
            {"backlog_peak", core.backlog_peak},
            {"softirq_seconds", softirq},
            {"process_seconds", process},
            {"utilisation", passed > 0 ? (softirq + process) / passed : 0.0},
        });
    }
    return cores;
}

}  // namespace

/// What holds the memory when its limit is reached, and what the whole run would have needed if it
/// had gone on growing as it did so far.
std::string Box::tell_memory(std::uint64_t limit) {
    const std::uint64_t used = sim::resident_bytes();
    const double now = to_seconds(net().now());
    std::string text = "the memory limit of " + mebibytes(limit) + " was reached at " +
                       whole_ms(net().now()) + ": " + mebibytes(used) + " in use (";
    std::vector<MemoryUse> uses = net().memory_use();
    uses.push_back({"Lua", 0, session_.runtime().memory_used()});
    for (const MemoryUse& use : uses) {
        if (use.bytes > used / 100 || &use == &uses.front()) {
            text += (use.count > 0 ? std::to_string(use.count) + " " : "") + use.what + " " +
                    mebibytes(use.bytes) + ", ";
        }
    }
    text.replace(text.size() - 2, 2, ")");
    if (end_ != kNever && now > 0 && used > resident_before_) {
        const double grown = static_cast<double>(used - resident_before_);
        const double whole = static_cast<double>(resident_before_) + grown * to_seconds(end_) / now;
        text += "; at this pace " + mebibytes(static_cast<std::uint64_t>(whole)) +
                " would be needed until " + whole_ms(end_);
    }
    return text;
}

void Box::finish() {
    if (!network_) {
        return;
    }
    if (!begun_ && !session_.runtime().failed()) {
        check_settings();  // a network that never ran has its names, too
    }
    Network& network = *network_;
    if (driven_) {
        running_ = true;
        if (!session_.options().driver->closing(network, !session_.runtime().failed())) {
            session_.runtime().fail({Ending::kLeft, "left", {}});
        }
        running_ = false;
    }
    if (session_.options().states) {
        report_.state_edges = network.state_edges();
    }
    if (session_.options().report) {
        report_.picture = network.report();
    }
    report_.simulated_seconds = to_seconds(network.now());
    report_.events = network.events();
    report_.handshakes = network.handshakes();
    report_.digest = network.digest();
    for (const HostRef& host : network.hosts()) {
        Json counters = Json::object();
        for (const auto& [name, value] : host.counters()) {
            counters[name] = value;
        }
        Json& one = report_.hosts[host.name()] = Json{{"counters", std::move(counters)}};
        if (host.has_cpu()) {
            one["cpu"] = cpu_json(host.cpu(), network.now());
        }
    }
    scheduler_.abandon();
    if (begun_ && session_.options().pcap_dir) {
        network.finish_captures();
    }
    if (begun_ && session_.options().ladder) {
        *session_.options().out << requested_ladder(network, name_, *session_.options().ladder);
        session_.runtime().check_out();
    }
    network_.reset();
    if (report_.ended == "memory") {
        malloc_trim(0);  // else the next case would begin at the limit
    }
}

void Box::push_cached(lua_State* L, const std::string& key, const std::function<void()>& make) {
    // One table per network in the registry, by its address, which is unique while it lives.
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, this) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, this);
    }
    if (lua_getfield(L, -1, key.c_str()) == LUA_TNIL) {
        lua_pop(L, 1);
        make();
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, key.c_str());
    }
    lua_remove(L, -2);
}

Session::Session(const RunOptions& options)
    : options_(options), runtime_(options.limits, options.seed.value_or(1), *options.out) {
    runtime_.set_session(this);
    runtime_.set_quiet(options.quiet);
    runtime_.set_interrupt_poll(options.interrupted);
    case_name_ = std::filesystem::path(options.script).stem().string();
}

Session::~Session() = default;

BoxPtr Session::make_box(const std::string& name, NetworkOptions options) {
    if (options_.seed) {
        options.seed = *options_.seed;
    }
    options.without.add(options_.without);
    auto box = std::make_shared<Box>(*this, name, options);
    boxes.push_back(box);
    return box;
}

std::string Session::capture_path(const std::string& name) {
    std::string base = file_name(name);
    for (int i = 2; !captures_.insert(base).second; ++i) {
        base = file_name(name) + "-" + std::to_string(i);
    }
    const std::filesystem::path directory(*options_.pcap_dir);
    std::error_code error;
    std::filesystem::create_directories(options_.pcap_per ? directory / base : directory, error);
    if (error) {
        throw InputError("--pcap " + *options_.pcap_dir + ": " + error.message());
    }
    return (directory / (options_.pcap_per ? base : base + ".pcapng")).string();
}

/// Many networks share the memory that one may have: 1, 4/5, 4/6...
double Session::next_report_share() {
    return 4.0 / static_cast<double>(3 + ++reports_);
}

void Session::finish_boxes(std::size_t keep) {
    const auto first = boxes.begin() + static_cast<std::ptrdiff_t>(std::min(keep, boxes.size()));
    const std::vector<BoxPtr> all(first, boxes.end());
    boxes.erase(first, boxes.end());
    std::string trouble;
    for (const BoxPtr& box : all) {
        try {
            box->finish();
        } catch (const InputError& error) {
            trouble = error.what();
        }
        report_.cases.push_back(box->report());
    }
    if (!trouble.empty()) {
        throw InputError(trouble);
    }
}

void Session::check_arguments() {
    if (params_read || options_.arguments.empty()) {
        return;
    }
    const std::string& word = options_.arguments.front();
    if (!word.starts_with("--")) {
        throw InputError("unexpected argument \"" + word + "\"");
    }
    const std::string flag = word.substr(0, word.find('='));
    const std::vector<std::string_view> known(options_.other_flags.begin(),
                                              options_.other_flags.end());
    throw InputError("unknown option " + flag + did_you_mean(flag, known) +
                     " (this script has no parameters of its own)");
}

void Session::open_libraries() {
    runtime_.protect([this](lua_State* L) {
        open_sandbox(L, options_.library_dir);
        open_netsim(L);
        open_network(L);
        open_host(L);
        open_link(L);
        open_socket(L);
        open_udp(L);
        open_process(L);
        open_stats(L);
        open_elements(L);
    });
}

RunReport Session::run() {
    const auto noting_input_errors = [this](const auto& f) {
        try {
            f();
        } catch (const InputError& error) {
            runtime_.fail({Ending::kInput, error.what(), {}});
        }
    };
    if (options_.driver != nullptr) {
        options_.driver->begins(report_);
    }
    open_libraries();
    if (!runtime_.failed()) {
        noting_input_errors([this] {
            for (const std::string& setting : options_.settings) {
                static_cast<void>(parse_setting(setting));
            }
            runtime_.run_text(options_.text, "@" + options_.script);
        });
    }
    if (!runtime_.failed()) {
        noting_input_errors([this] { check_arguments(); });
    }
    noting_input_errors([this] { finish_boxes(); });
    if (!runtime_.failed()) {
        noting_input_errors([this] { run_checks(*this); });
    }
    report_.failure = runtime_.failure();
    return std::move(report_);
}

bool RunReport::expectations_failed() const {
    return std::any_of(expectations.begin(), expectations.end(),
                       [](const Expectation& e) { return !e.ok; });
}

double RunReport::simulated_seconds() const {
    double total = 0;
    for (const CaseReport& one : cases) {
        total += one.simulated_seconds;
    }
    return total;
}

std::uint64_t RunReport::events() const {
    std::uint64_t total = 0;
    for (const CaseReport& one : cases) {
        total += one.events;
    }
    return total;
}

std::uint64_t RunReport::handshakes() const {
    std::uint64_t total = 0;
    for (const CaseReport& one : cases) {
        total += one.handshakes;
    }
    return total;
}

std::uint64_t RunReport::digest() const {
    if (cases.size() == 1) {
        return cases.front().digest;
    }
    Digest digest;
    for (const CaseReport& one : cases) {
        digest.add(one.digest);
    }
    return digest.value();
}

RunReport run_script(const RunOptions& options) {
    Session session(options);
    return session.run();
}

}  // namespace netsim::lua
