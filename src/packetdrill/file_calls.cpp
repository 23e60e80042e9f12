// Files and pipes, as far as scripts move bytes between them and sockets: open, pipe, sendfile,
// splice. Files exist within the script only (dd makes them); their bytes are zeros.
#include <fmt/format.h>

#include "packetdrill/calls.hpp"
#include "packetdrill/constants.hpp"

namespace netsim::packetdrill {
namespace {

constexpr std::uint64_t kPipeMax = 65536;  // 16 pages
constexpr auto kNoEntry = static_cast<Errno>(2);

std::uint64_t count_argument(const CallLine& line, std::size_t index) {
    const std::int64_t n = number(line, index);
    if (n < 0) {
        throw Mismatch{line.name + ": the count must not be negative"};
    }
    return static_cast<std::uint64_t>(n);
}

}  // namespace

Running Calls::open_call(const CallLine& line) {
    need_arguments(line, 2, 3);
    const Value& path = argument(line, 0);
    const std::int64_t flags = number(line, 1);
    constexpr std::int64_t kCreate = 0x40;
    constexpr std::int64_t kTruncate = 0x200;
    if (path.kind != Value::Kind::kText) {
        throw Mismatch{"open: the path must be a \"text\""};
    }
    if ((flags & ~(3 | kCreate | kTruncate | kONonblock)) != 0) {
        throw Mismatch{"open: only O_RDONLY, O_WRONLY, O_RDWR, O_CREAT and O_TRUNC are supported"};
    }
    const bool there = machine_.files.contains(path.text);
    if (!there && (flags & kCreate) == 0) {
        return immediate([] { return Outcome::failed(kNoEntry); });
    }
    if (!there || (flags & kTruncate) != 0) {
        machine_.files[path.text] = 0;
    }
    Running call = immediate([] { return Outcome{0, Errno::kOk, true}; });
    call.finish = [this, path](std::int64_t fd) {
        Descriptor& d = store(fd, {}, false);
        d.kind = Kind::kFile;
        d.path = path.text;
    };
    return call;
}

/// pipe([5, 6]): the script names both ends.
Running Calls::pipe_call(const CallLine& line) {
    need_arguments(line, 1, 1);
    const Value ends = argument(line, 0);
    if (ends.kind != Value::Kind::kList || ends.items.size() != 2) {
        throw Mismatch{"pipe: expected [READ_END, WRITE_END]"};
    }
    Running call = immediate([] { return Outcome{}; });
    call.finish = [this, ends](std::int64_t) {
        const auto pipe = std::make_shared<Pipe>();
        for (std::size_t i = 0; i < 2; ++i) {
            Descriptor& d = store(ends.items[i].number, {}, false);
            d.kind = i == 0 ? Kind::kPipeOut : Kind::kPipeIn;
            d.pipe = pipe;
        }
    };
    return call;
}

/// read() of a file or of a pipe's end.
std::optional<Outcome> Calls::read_local(Descriptor& d, std::uint64_t size) {
    if (d.kind == Kind::kFile) {
        const std::uint64_t end = machine_.files[d.path];
        const std::uint64_t count = std::min(size, end > d.offset ? end - d.offset : 0);
        d.offset += count;
        return Outcome{static_cast<std::int64_t>(count)};
    }
    if (d.kind != Kind::kPipeOut) {
        return Outcome::failed(Errno::kEBADF);
    }
    if (d.pipe->bytes == 0 && d.pipe->writer) {
        return d.nonblocking ? std::optional<Outcome>(Outcome::failed(Errno::kEAGAIN))
                             : std::nullopt;
    }
    const std::uint64_t count = std::min(size, d.pipe->bytes);
    d.pipe->bytes -= count;
    return Outcome{static_cast<std::int64_t>(count)};
}

/// sendfile(OUT, IN, [OFFSET], COUNT), the offset being NULL for the file's own.
Running Calls::sendfile_call(const CallLine& line) {
    need_arguments(line, 4, 4);
    const std::int64_t out = number(line, 0);
    const std::int64_t in = number(line, 1);
    const Value& at = argument(line, 2);
    const bool given = at.kind == Value::Kind::kList && at.items.size() == 1;
    const std::int64_t offset = given ? at.items[0].number : 0;
    const std::uint64_t count = count_argument(line, 3);
    auto done = std::make_shared<std::uint64_t>(0);
    Running call;
    call.step = [this, out, in, given, offset, count, done]() -> std::optional<Outcome> {
        const Descriptor* to = find(out);
        Descriptor* from = find(in);
        if (to == nullptr || from == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (from->kind != Kind::kFile || to->kind != Kind::kSocket || offset < 0) {
            return Outcome::failed(Errno::kEINVAL);
        }
        const std::uint64_t begin = given ? static_cast<std::uint64_t>(offset) : from->offset;
        const std::uint64_t end = machine_.files[from->path];
        Transfer what;
        what.fd = out;
        what.size = std::min(count, end > begin ? end - begin : 0);
        if (what.size == 0) {
            return Outcome{};
        }
        const auto result = send_some(to->socket, !to->nonblocking, what, *done);
        machine_.drain();
        if (result && result->error == Errno::kOk && !given) {
            from->offset += static_cast<std::uint64_t>(result->value);
        }
        return result;
    };
    return call;
}

std::optional<Outcome> Calls::splice_in(const Descriptor& from, Pipe& into, std::uint64_t size,
                                        std::int64_t flags) {
    if (!into.reader) {
        return Outcome::failed(Errno::kEPIPE);
    }
    const std::uint64_t room = kPipeMax - into.bytes;
    const bool waits = !from.nonblocking && (flags & kSpliceNonblock) == 0;
    if (room == 0) {
        return waits ? std::nullopt : std::optional<Outcome>(Outcome::failed(Errno::kEAGAIN));
    }
    const auto got =
        machine_.stack().splice(from.socket, std::min(size, room), machine_.now(), machine_.out());
    machine_.drain();
    if (!got && got.error() == Errno::kEAGAIN && waits) {
        return std::nullopt;
    }
    into.bytes += got.value_or(0);
    return outcome(got);
}

std::optional<Outcome> Calls::splice_out(Pipe& from, const Descriptor& to, std::uint64_t size,
                                         std::int64_t flags) {
    const bool waits = !to.nonblocking && (flags & kSpliceNonblock) == 0;
    if (from.bytes == 0) {
        return !from.writer ? std::optional<Outcome>(Outcome{})
               : waits      ? std::nullopt
                            : std::optional<Outcome>(Outcome::failed(Errno::kEAGAIN));
    }
    Transfer what;
    what.size = std::min(size, from.bytes);
    what.flags = (flags & kSpliceMore) != 0 ? kMsgMore : 0;
    std::uint64_t done = 0;
    const auto result = send_some(to.socket, false, what, done);
    if (result && result->error == Errno::kEAGAIN && waits) {
        return std::nullopt;
    }
    from.bytes -= done;
    return result;
}

/// splice(IN, NULL, OUT, NULL, SIZE, FLAGS): one of the two is a pipe.
Running Calls::splice_call(const CallLine& line) {
    need_arguments(line, 6, 6);
    const std::int64_t in = number(line, 0);
    const std::int64_t out = number(line, 2);
    const std::uint64_t size = count_argument(line, 4);
    const std::int64_t flags = number(line, 5);
    if (argument(line, 1).text != "NULL" || argument(line, 3).text != "NULL") {
        throw Mismatch{"splice: sockets and pipes have no offset; it must be NULL"};
    }
    Running call;
    call.step = [this, in, out, size, flags]() -> std::optional<Outcome> {
        const Descriptor* from = find(in);
        const Descriptor* to = find(out);
        if (from == nullptr || to == nullptr) {
            return Outcome::failed(Errno::kEBADF);
        }
        if (from->kind == Kind::kSocket && to->kind == Kind::kPipeIn) {
            return splice_in(*from, *to->pipe, size, flags);
        }
        if (from->kind == Kind::kPipeOut && to->kind == Kind::kSocket) {
            return splice_out(*from->pipe, *to, size, flags);
        }
        return Outcome::failed(Errno::kEINVAL);
    };
    return call;
}

}  // namespace netsim::packetdrill
