// poll and epoll.
#include <fmt/format.h>

#include "packetdrill/calls.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {
namespace {

constexpr std::int64_t kAlways = poll::kErr | poll::kHup;

std::int64_t required(const CallLine& line, const Value& of, std::string_view name) {
    const Value* v = member(of, name);
    if (v == nullptr || v->kind != Value::Kind::kNumber) {
        throw Mismatch{fmt::format("{}: the struct needs {}=NUMBER", line.name, name)};
    }
    return v->number;
}

}  // namespace

std::int64_t Calls::poll_bits(std::int64_t fd) {
    const auto found = descriptors_.find(fd);
    if (found == descriptors_.end()) {
        return kPollNval;
    }
    constexpr std::int64_t kRdNorm = 0x40;
    constexpr std::int64_t kWrNorm = 0x100;
    const Descriptor& d = found->second;
    std::int64_t bits = d.kind == Kind::kUdp ? udp_poll(*d.udp) : machine_.stack().poll(d.socket);
    bits |= (bits & poll::kIn) != 0 ? kRdNorm : 0;
    bits |= (bits & poll::kOut) != 0 ? kWrNorm : 0;
    return bits;
}

/// What epoll asks of a descriptor. Linux ep_item_poll().
std::int64_t Calls::watched_bits(std::int64_t fd, const Watch& watch) {
    constexpr std::int64_t kBits = 0xffffff;
    return poll_bits(fd) & ((watch.events & kBits) | kAlways);
}

/// A call with a time-out in ms, -1: none. `step` is told whether it has passed.
Running Calls::timed(std::int64_t timeout_ms, std::function<std::optional<Outcome>(bool)> step) {
    Running call;
    const Time end = timeout_ms < 0
                         ? kNever
                         : machine_.now() + std::chrono::milliseconds(
                                                std::min<std::int64_t>(timeout_ms, 0x7fffffff));
    if (timeout_ms > 0) {
        call.alarm = end;
    }
    call.step = [this, end, step = std::move(step)] { return step(machine_.now() >= end); };
    return call;
}

Running Calls::poll_call(const CallLine& line) {
    need_arguments(line, 3, 3);
    const Value list = argument(line, 0);
    if (list.kind != Value::Kind::kList) {
        throw Mismatch{"poll: expected a list of {fd=..., events=..., revents=...}"};
    }
    for (const Value& item : list.items) {
        required(line, item, "fd");
        required(line, item, "events");
    }
    auto revents = std::make_shared<std::vector<std::int64_t>>();
    Running call =
        timed(number(line, 2), [this, list, revents](bool over) -> std::optional<Outcome> {
            revents->clear();
            std::int64_t count = 0;
            for (const Value& item : list.items) {
                const std::int64_t bits = poll_bits(member(item, "fd")->number) &
                                          (member(item, "events")->number | kAlways | kPollNval);
                revents->push_back(bits);
                count += bits != 0 ? 1 : 0;
            }
            return count > 0 || over ? std::optional<Outcome>(Outcome{count}) : std::nullopt;
        });
    call.finish = [list, revents](std::int64_t) {
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            const Value* want = member(list.items[i], "revents");
            if (want != nullptr && want->kind == Value::Kind::kNumber &&
                want->number != (*revents)[i]) {
                throw Mismatch{fmt::format("poll: descriptor {}: expected revents {:#x}, got {:#x}",
                                           member(list.items[i], "fd")->number, want->number,
                                           (*revents)[i])};
            }
        }
    };
    return call;
}

Running Calls::epoll_create_call(const CallLine& line) {
    need_arguments(line, 1, 1);
    Running call = immediate([] { return Outcome{0, Errno::kOk, true}; });
    call.finish = [this](std::int64_t fd) { store(fd, {}, false).kind = Kind::kEpoll; };
    return call;
}

Running Calls::epoll_ctl_call(const CallLine& line) {
    need_arguments(line, 4, 4);
    const std::int64_t operation = number(line, 1);
    const std::int64_t fd = number(line, 2);
    const Value& event = argument(line, 3);
    Watch watch;
    constexpr std::int64_t kAdd = 1;
    constexpr std::int64_t kDelete = 2;
    constexpr std::int64_t kModify = 3;
    if (operation != kDelete) {
        watch.events = required(line, event, "events");
        const Value* data = nullptr;
        for (const std::string_view name : {"fd", "ptr", "u32", "u64"}) {
            data = data == nullptr ? member(event, name) : data;
        }
        watch.data = data != nullptr ? number_or(*data, fd) : fd;
    }
    const std::int64_t epoll = number(line, 0);
    return immediate([this, epoll, operation, fd, watch] {
        constexpr auto kExists = static_cast<Errno>(17);
        constexpr auto kNotThere = static_cast<Errno>(2);
        Descriptor* e = find(epoll);
        if (e == nullptr || find(fd) == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (e->kind != Kind::kEpoll || operation < kAdd || operation > kModify) {
            return Outcome::failed(Errno::kEINVAL);
        }
        if (operation == kModify && (watch.events & kEpollExclusive) != 0) {
            return Outcome::failed(Errno::kEINVAL);  // epoll_ctl(2): with EPOLL_CTL_ADD only
        }
        const bool watched = e->watches.contains(fd);
        if (watched == (operation == kAdd)) {
            return Outcome::failed(watched ? kExists : kNotThere);
        }
        if (operation == kDelete) {
            e->watches.erase(fd);
        } else {
            e->watches[fd] = watch;
            e->watches[fd].fresh = watched_bits(fd, watch) != 0;  // ep_insert(), ep_modify()
        }
        return Outcome{};
    });
}

/// What epoll_wait() reports: (events, data). Edges are used up.
std::vector<std::pair<std::int64_t, std::int64_t>> Calls::ready(std::int64_t epoll,
                                                                std::size_t most) {
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (auto& [fd, watch] : descriptors_.at(epoll).watches) {
        const bool edge = (watch.events & kEpollEt) != 0;
        if (watch.disabled || (edge && !watch.fresh) || all.size() >= most) {
            continue;
        }
        const std::int64_t bits = watched_bits(fd, watch);
        if (bits == 0) {  // off the list of the ready, until it wakes again
            watch.fresh = false;
            continue;
        }
        all.emplace_back(bits, watch.data);
        watch.fresh = false;
        watch.disabled = (watch.events & kEpollOneshot) != 0;
    }
    return all;
}

void Calls::on_event(const tcp::SocketEvent& event) {
    for (auto& [unused, descriptor] : descriptors_) {
        for (auto& [fd, watch] : descriptor.watches) {
            const auto found = descriptors_.find(fd);
            const bool wanted =
                (event.events & static_cast<unsigned>((watch.events & 0xffffff) | kAlways)) != 0;
            if (found != descriptors_.end() && found->second.socket == event.socket && wanted) {
                watch.fresh = true;
            }
        }
    }
}

Running Calls::epoll_wait_call(const CallLine& line) {
    need_arguments(line, 4, 4);
    const std::int64_t epoll = number(line, 0);
    Value wanted = argument(line, 1);
    if (wanted.kind == Value::Kind::kStruct) {  // one event may stand without its list
        Value list;
        list.kind = Value::Kind::kList;
        list.items.push_back(wanted);
        wanted = list;
    }
    const std::int64_t most = number(line, 2);
    auto got = std::make_shared<std::vector<std::pair<std::int64_t, std::int64_t>>>();
    Running call =
        timed(number(line, 3), [this, epoll, most, got](bool over) -> std::optional<Outcome> {
            const Descriptor* e = find(epoll);
            if (e == nullptr || e->kind != Kind::kEpoll || most <= 0) {
                return Outcome::failed(e == nullptr ? Errno::kEBADF : Errno::kEINVAL);
            }
            *got = ready(epoll, static_cast<std::size_t>(most));
            const auto count = static_cast<std::int64_t>(got->size());
            return count > 0 || over ? std::optional<Outcome>(Outcome{count}) : std::nullopt;
        });
    call.finish = [wanted, got](std::int64_t) {
        for (std::size_t i = 0; i < got->size() && i < wanted.items.size(); ++i) {
            const Value* events = member(wanted.items[i], "events");
            if (events != nullptr && number_or(*events, (*got)[i].first) != (*got)[i].first) {
                throw Mismatch{fmt::format("epoll_wait: expected events {:#x}, got {:#x}",
                                           events->number, (*got)[i].first)};
            }
            for (const std::string_view name : {"fd", "ptr", "u32", "u64"}) {
                const Value* data = member(wanted.items[i], name);
                if (data != nullptr && number_or(*data, (*got)[i].second) != (*got)[i].second) {
                    throw Mismatch{fmt::format("epoll_wait: expected {}={}, got {}", name,
                                               data->number, (*got)[i].second)};
                }
            }
        }
    };
    return call;
}

}  // namespace netsim::packetdrill
