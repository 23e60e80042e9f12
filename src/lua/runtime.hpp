// One sandboxed Lua 5.4 interpreter: its memory and instruction limits, its random numbers, where
// print() goes, and how a script's failure is kept until the edge reports it. No globals: tests
// make several.
#pragma once

#include <cstdint>
#include <functional>
#include <lua.hpp>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netsim/rng.hpp"

namespace netsim::lua {

class Session;

struct Limits {
    std::uint64_t instructions_run = 50'000'000'000;  // of the whole script
    std::uint64_t instructions_call = 1'000'000'000;  // of one callback, or between two net:run()
    std::uint64_t memory_bytes = std::uint64_t{2} << 30U;
};

/// Why a script ended before its last line.
enum class Ending : std::uint8_t {
    kNone,
    kInput,         // bad input: one line
    kRuntime,       // an error of the script: one line and a traceback
    kLimit,         // instructions or memory
    kInterrupted,   // Ctrl-C
    kHelp,          // --help was answered
    kLeft,          // whoever drives the run has seen enough
    kOutputClosed,  // the reader of standard output went away, or the disk is full
};

struct Failure {
    Ending ending = Ending::kNone;
    std::string message;    // "file:line: what"
    std::string traceback;  // runtime errors only
};

class Runtime {
 public:
    Runtime(const Limits& limits, std::uint64_t seed, std::ostream& out);
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    Runtime(Runtime&&) = delete;
    Runtime& operator=(Runtime&&) = delete;

    /// The runtime that owns a state or coroutine.
    static Runtime& of(lua_State* L);

    lua_State* state() const { return state_; }

    /// Runs `f` so that a Lua error inside is caught; false, and the failure noted, if there was
    /// one.
    bool protect(const std::function<void(lua_State*)>& f);

    /// Compiles text (never bytecode) and runs it to its end. False: see failure().
    bool run_text(std::string_view text, const std::string& chunk_name);

    /// Resumes a coroutine whose function and arguments, or resume values, are on its stack; the
    /// instructions of one call are counted from here. True if it yielded or returned; otherwise
    /// the failure is noted. `results`: how many values it left on its stack.
    bool resume(lua_State* coroutine, int arguments, int& results);

    /// Notes why the script must end; the first one stays. Every Lua instruction from then on is
    /// an error, so that pcall() cannot swallow it.
    void fail(Failure failure);

    void fail_memory(const std::string& where);

    const Failure& failure() const { return failure_; }

    bool failed() const { return failure_.ending != Ending::kNone; }

    /// Marks a message as the user's bad input: reported without a traceback.
    void note_input_error(std::string message) { input_error_ = std::move(message); }

    /// Polled while the script runs; true: end it as Ctrl-C does.
    void set_interrupt_poll(std::function<bool()> poll) { interrupt_poll_ = std::move(poll); }

    /// The instructions of one call are counted from zero again.
    void begin_call() { instructions_call_ = 0; }

    /// An object's number in order of creation: the same in every run, unlike its address.
    std::uint64_t object_id(lua_State* L, int index) const;

    std::uint64_t next_object_id() { return ++last_object_id_; }

    /// The name of a built-in function, to print and to sort by.
    std::string builtin_name(const void* function) const;
    void name_builtin(const void* function, std::string name);

    /// The stream math.random draws from; null: the script's own. Returns the one before.
    Rng* set_random(Rng* stream) { return std::exchange(random_, stream); }

    Rng& random() { return random_ != nullptr ? *random_ : main_random_; }

    /// Starts the script's own stream afresh, as at the start of a case.
    void reseed(std::uint64_t seed);

    std::ostream& out() { return *out_; }

    /// What a script prints into: nowhere if quiet.
    std::ostream& script_out() { return quiet_ ? nowhere_ : *out_; }

    void set_quiet(bool quiet) { quiet_ = quiet; }

    bool quiet() const { return quiet_; }

    /// Ends the script if standard output took nothing any more.
    void check_out();

    std::uint64_t memory_used() const { return memory_used_; }

    lua_State* running() const { return running_; }

    /// The run this interpreter belongs to; null in tests of the sandbox alone.
    Session* session() const { return session_; }

    void set_session(Session* session) { session_ = session; }

    /// "in a process of host \"web\" at 1.5s": put in front of a traceback.
    void add_context(const std::string& line);

 private:
    static void* allocate(void* user, void* block, std::size_t old_size, std::size_t new_size);
    static void on_count(lua_State* L, lua_Debug* debug);
    Failure describe(lua_State* coroutine) const;
    std::string with_whole_path(const std::string& message) const;

    Limits limits_;
    std::ostream* out_;
    std::ostream nowhere_{nullptr};
    bool quiet_ = false;
    std::uint64_t memory_used_ = 0;
    std::uint64_t last_object_id_ = 0;
    std::uint64_t instructions_run_ = 0;
    std::uint64_t instructions_call_ = 0;
    std::function<bool()> interrupt_poll_;
    Failure failure_;
    std::string input_error_;
    std::string chunk_name_;                       // the script's, "@FILE"
    std::map<const void*, std::string> builtins_;  // looked up, never iterated
    Rng main_random_;
    Rng* random_ = nullptr;
    Session* session_ = nullptr;
    lua_State* running_ = nullptr;
    lua_State* state_ = nullptr;
};

/// "file:line: " of the innermost Lua function of a coroutine; empty if there is none.
std::string place(lua_State* L, int first_level = 0);

/// Does a message begin with "file:line: "?
bool begins_with_place(std::string_view message);

/// Opens the libraries a script may use; removes or replaces what would make runs differ or reach
/// outside. `library_dir`: where require "netsim.x" looks.
void open_sandbox(lua_State* L, const std::string& library_dir);

/// pairs, next, tostring, table.sort in an order, and with texts, that are the same in every run.
void open_order(lua_State* L);

/// What tostring() gives, with object numbers in place of addresses; pushes it.
std::string_view push_text(lua_State* L, int index);

/// Pushes an array of the keys of the table at `index`, in the order pairs() visits them.
void push_sorted_keys(lua_State* L, int index);

}  // namespace netsim::lua
