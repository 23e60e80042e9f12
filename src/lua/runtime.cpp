// The interpreter's allocator, limits and error reports.
#include "lua/runtime.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.hpp"
#include "base/units.hpp"

namespace netsim::lua {
namespace {

// Instructions between two looks at the limits.
constexpr int kHookEvery = 1000;

// In front of each block: the number its object got when it was made. Lua tells the allocator what
// kind of object a new block is for.
struct alignas(16) Header {
    std::uint64_t id;
    std::uint64_t size;
};

bool is_numbered(std::size_t kind) {
    return kind == LUA_TTABLE || kind == LUA_TFUNCTION || kind == LUA_TTHREAD;
}

int run_protected(lua_State* L) {
    const auto* f = static_cast<const std::function<void(lua_State*)>*>(lua_touserdata(L, 1));
    lua_settop(L, 0);
    (*f)(L);
    return 0;
}

std::string one_line(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\r') {
            c = ' ';
        }
    }
    return text;
}

// "file:line: what" also where the message came without its place.
std::string with_place(lua_State* coroutine, const std::string& message) {
    return one_line(begins_with_place(message) ? message : place(coroutine) + message);
}

int panic(lua_State* L) {
    // Reached only if a call was made outside protect(): a bug of netsim, not of the script.
    static_cast<void>(L);
    check_failed("a Lua error outside a protected call", __FILE__, __LINE__);
}

}  // namespace

Runtime::Runtime(const Limits& limits, std::uint64_t seed, std::ostream& out)
    : limits_(limits), out_(&out), main_random_(seed, "lua") {
    state_ = lua_newstate(&Runtime::allocate, this);
    if (state_ == nullptr) {
        throw std::bad_alloc();
    }
    running_ = state_;
    lua_atpanic(state_, panic);
    // No process owns the main coroutine; new threads copy this word.
    *static_cast<void**>(lua_getextraspace(state_)) = nullptr;
    lua_sethook(state_, &Runtime::on_count, LUA_MASKCOUNT, kHookEvery);
}

Runtime::~Runtime() {
    lua_close(state_);
}

Runtime& Runtime::of(lua_State* L) {
    void* user = nullptr;
    lua_getallocf(L, &user);
    return *static_cast<Runtime*>(user);
}

void* Runtime::allocate(void* user, void* block, std::size_t old_size, std::size_t new_size) {
    auto& self = *static_cast<Runtime*>(user);
    auto* header = block != nullptr ? static_cast<Header*>(block) - 1 : nullptr;
    if (new_size == 0) {
        if (header != nullptr) {
            self.memory_used_ -= header->size + sizeof(Header);
            std::free(header);
        }
        return nullptr;
    }
    const std::uint64_t had = header != nullptr ? header->size + sizeof(Header) : 0;
    const std::uint64_t wants = new_size + sizeof(Header);
    // Shrinking must not fail (lua_Alloc's contract).
    if (wants > had && self.memory_used_ - had + wants > self.limits_.memory_bytes) {
        return nullptr;
    }
    auto* fresh = static_cast<Header*>(std::realloc(header, wants));
    if (fresh == nullptr) {
        return nullptr;
    }
    if (header == nullptr) {
        fresh->id = is_numbered(old_size) ? ++self.last_object_id_ : 0;
    }
    fresh->size = new_size;
    self.memory_used_ += wants - had;
    return fresh + 1;
}

void Runtime::on_count(lua_State* L, lua_Debug* /*debug*/) {
    Runtime& self = of(L);
    if (!self.failed()) {
        self.instructions_run_ += kHookEvery;
        self.instructions_call_ += kHookEvery;
        if (self.interrupt_poll_ && self.interrupt_poll_()) {
            self.fail({Ending::kInterrupted, place(L) + "interrupted", {}});
        } else if (self.instructions_run_ > self.limits_.instructions_run ||
                   self.instructions_call_ > self.limits_.instructions_call) {
            const bool run = self.instructions_run_ > self.limits_.instructions_run;
            const std::uint64_t limit =
                run ? self.limits_.instructions_run : self.limits_.instructions_call;
            self.fail({Ending::kLimit,
                       place(L) + "the script ran more than " + std::to_string(limit) +
                           " instructions" + (run ? "" : " without letting time pass") +
                           ": it seems to loop for ever (raise the limit with --instructions)",
                       {}});
        } else {
            return;
        }
    }
    // From now on every instruction of this coroutine is an error: pcall() cannot swallow it.
    lua_sethook(L, &Runtime::on_count, LUA_MASKCOUNT, 1);
    lua_pushlstring(L, self.failure_.message.data(), self.failure_.message.size());
    lua_error(L);
}

void Runtime::fail(Failure failure) {
    if (!failed()) {
        failure_ = std::move(failure);
        lua_sethook(running_, &Runtime::on_count, LUA_MASKCOUNT, 1);
    }
}

void Runtime::fail_memory(const std::string& where) {
    fail({Ending::kLimit,
          where + "the script used more than " + format_bytes(limits_.memory_bytes) +
              " of memory (raise the limit with --lua-memory)",
          {}});
}

void Runtime::check_out() {
    if (*out_ || failed()) {
        return;
    }
    // The error number of the write that failed may be gone: one more octet brings it back.
    out_->clear();
    errno = 0;
    out_->put('\n').flush();
    const int error = errno;
    fail({Ending::kOutputClosed,
          error == EPIPE || error == 0
              ? std::string()
              : std::string("cannot write to standard output: ") + std::strerror(error),
          {}});
}

bool Runtime::protect(const std::function<void(lua_State*)>& f) {
    lua_State* L = running_;
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, const_cast<std::function<void(lua_State*)>*>(&f));  // NOLINT
    const int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK) {
        return true;
    }
    const char* text = lua_tostring(L, -1);
    const std::string message = text != nullptr ? text : "error";
    lua_pop(L, 1);
    fail({message == input_error_ ? Ending::kInput : Ending::kRuntime, one_line(message), {}});
    return false;
}

/// Lua's own messages begin with the last characters of a long path, behind dots.
std::string Runtime::with_whole_path(const std::string& message) const {
    constexpr std::string_view kDots = "...";
    const std::size_t colon = message.find(':');
    if (!message.starts_with(kDots) || colon == std::string::npos ||
        !chunk_name_.starts_with('@')) {
        return message;
    }
    const std::string tail = message.substr(kDots.size(), colon - kDots.size());
    return chunk_name_.ends_with(tail) ? chunk_name_.substr(1) + message.substr(colon) : message;
}

Failure Runtime::describe(lua_State* coroutine) const {
    Failure failure;
    const char* text = lua_isstring(coroutine, -1) != 0 ? lua_tostring(coroutine, -1) : nullptr;
    const std::string message =
        text != nullptr ? std::string(text)
                        : std::string("error object is a ") + luaL_typename(coroutine, -1);
    failure.message = with_place(coroutine, with_whole_path(message));
    failure.ending = message == input_error_ ? Ending::kInput : Ending::kRuntime;
    if (failure.ending == Ending::kRuntime) {
        luaL_traceback(state_, coroutine, nullptr, 0);
        failure.traceback = lua_tostring(state_, -1);
        lua_pop(state_, 1);
    }
    return failure;
}

void Runtime::add_context(const std::string& line) {
    if (!failure_.traceback.empty()) {
        failure_.traceback = line + "\n" + failure_.traceback;
    }
}

bool Runtime::resume(lua_State* coroutine, int arguments, int& results) {
    lua_State* const caller = std::exchange(running_, coroutine);
    const std::uint64_t outer = std::exchange(instructions_call_, 0);
    const int status = lua_resume(coroutine, caller, arguments, &results);
    running_ = caller;
    instructions_call_ = outer;
    if (status == LUA_OK || status == LUA_YIELD) {
        return !failed();
    }
    if (status == LUA_ERRMEM) {
        fail_memory(place(coroutine));
    }
    if (!failed()) {
        Failure failure;
        if (!protect([&](lua_State*) { failure = describe(coroutine); })) {
            return false;
        }
        fail(std::move(failure));
    }
    return false;
}

bool Runtime::run_text(std::string_view text, const std::string& chunk_name) {
    std::string body(text);
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (body.starts_with(kByteOrderMark)) {
        body.erase(0, kByteOrderMark.size());
    }
    if (body.starts_with('#')) {
        body.insert(0, "--");  // "#!/usr/bin/env netsim run": its line still counts
    }
    chunk_name_ = chunk_name;
    lua_State* thread = nullptr;
    const bool loaded = protect([&](lua_State* L) {
        thread = lua_newthread(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, "netsim.main");
        if (luaL_loadbufferx(thread, body.data(), body.size(), chunk_name.c_str(), "t") != LUA_OK) {
            const std::string message = with_whole_path(lua_tostring(thread, -1));
            note_input_error(message);
            lua_pushlstring(L, message.data(), message.size());
            lua_error(L);
        }
    });
    if (!loaded) {
        return false;
    }
    int results = 0;
    if (!resume(thread, 0, results)) {
        return false;
    }
    if (lua_status(thread) == LUA_YIELD) {
        fail({Ending::kRuntime, place(thread) + "coroutine.yield() outside a coroutine", {}});
        return false;
    }
    return true;
}

std::uint64_t Runtime::object_id(lua_State* L, int index) const {
    const void* object = lua_topointer(L, index);
    if (object == nullptr || (lua_iscfunction(L, index) != 0 && builtins_.contains(object))) {
        return 0;
    }
    const auto* bytes = static_cast<const unsigned char*>(object);
    if (lua_isthread(L, index)) {
        bytes -= LUA_EXTRASPACE;  // the block of a coroutine begins with its extra space
    }
    Header header{};
    std::memcpy(&header, bytes - sizeof(Header), sizeof(Header));
    return header.id;
}

std::string Runtime::builtin_name(const void* function) const {
    const auto found = builtins_.find(function);
    return found != builtins_.end() ? found->second : std::string();
}

void Runtime::name_builtin(const void* function, std::string name) {
    builtins_.emplace(function, std::move(name));
}

void Runtime::reseed(std::uint64_t seed) {
    main_random_ = Rng(seed, "lua");
}

bool begins_with_place(std::string_view message) {
    const std::size_t colon = message.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    std::size_t i = colon + 1;
    while (i < message.size() && message[i] >= '0' && message[i] <= '9') {
        ++i;
    }
    return i > colon + 1 && i < message.size() && message[i] == ':';
}

std::string place(lua_State* L, int first_level) {
    lua_Debug debug{};
    for (int level = first_level; lua_getstack(L, level, &debug) != 0; ++level) {
        lua_getinfo(L, "Sl", &debug);
        if (debug.currentline > 0) {
            // Not short_src, which keeps the last 59 characters of a file's name.
            const std::string file = *debug.source == '@' ? debug.source + 1 : debug.short_src;
            return file + ":" + std::to_string(debug.currentline) + ": ";
        }
    }
    return {};
}

}  // namespace netsim::lua
