// How C++ becomes callable from Lua: a trampoline that turns exceptions into Lua errors with the
// calling script's file:line, and classes made of method tables whose unknown members are errors
// naming the nearest known one.
#pragma once

#include <lua.hpp>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "lua/runtime.hpp"
#include "netsim/result.hpp"

namespace netsim::lua {

/// A call that makes no sense (design §3.11): an error in the script, with a traceback.
class MisuseError : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

/// Raises "file:line: message" as a Lua error. `input`: bad input, reported without a traceback.
[[noreturn]] void raise(lua_State* L, const std::string& message, bool input);

template <int (*F)(lua_State*)>
int guarded(lua_State* L) {
    std::string message;
    bool input = false;
    try {
        return F(L);
    } catch (const InputError& error) {
        message = error.what();
        input = true;
    } catch (const std::exception& error) {
        message = error.what();
    }
    // Lua's own errors are no std::exception: they pass through untouched.
    raise(L, message, input);
}

/// The same for the continuation of a call that yielded.
template <int (*F)(lua_State*)>
int guarded_again(lua_State* L, int /*status*/, lua_KContext /*context*/) {
    return guarded<F>(L);
}

struct Member {
    const char* name;
    lua_CFunction function;
};

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): the name and the function are one word
#define NETSIM_LUA(function) ::netsim::lua::guarded<&function>

/// A class as Lua sees it. `fields` are read without parentheses. `find`, if any, gets (self, key)
/// for names in neither table and returns the number of values, 0 for none.
struct ClassSpec {
    const char* name;  // "host", as messages say it
    std::span<const Member> methods;
    std::span<const Member> fields;
    lua_CFunction destroy;
    lua_CFunction find = nullptr;
    lua_CFunction close = nullptr;   // __close
    lua_CFunction length = nullptr;  // __len
};

void register_class(lua_State* L, const ClassSpec& spec);

/// Puts functions into the table at the top of the stack, with names for messages and tostring().
void register_functions(lua_State* L, const std::string& prefix, std::span<const Member> functions);

/// A C++ object inside a userdata. The number orders it among others, as creation did.
template <typename T>
struct Object {
    std::uint64_t id;
    T value;
};

template <typename T>
T& push_object(lua_State* L, T value) {
    void* memory = lua_newuserdatauv(L, sizeof(Object<T>), 0);
    auto* object =
        ::new (memory) Object<T>{Runtime::of(L).next_object_id(), std::move(value)};  // NOLINT
    luaL_setmetatable(L, T::kClass);
    return object->value;
}

/// The object at `index` if it is a T; else null.
template <typename T>
T* test_object(lua_State* L, int index) {
    void* memory = luaL_testudata(L, index, T::kClass);
    return memory != nullptr ? &static_cast<Object<T>*>(memory)->value : nullptr;
}

std::string wrong_type(lua_State* L, int index, std::string_view expected);

template <typename T>
T& check_object(lua_State* L, int index) {
    T* object = test_object<T>(L, index);
    if (object == nullptr) {
        throw MisuseError(wrong_type(L, index, T::kClass));
    }
    return *object;
}

/// `self` of a method: the usual mistake is a dot in place of the colon.
template <typename T>
T& check_self(lua_State* L) {
    T* object = test_object<T>(L, 1);
    if (object == nullptr) {
        throw MisuseError("call it with a colon, as in " + std::string(T::kClass) + ":name(...)");
    }
    return *object;
}

template <typename T>
int destroy_object(lua_State* L) {
    static_cast<Object<T>*>(lua_touserdata(L, 1))->~Object<T>();
    return 0;
}

void push_string(lua_State* L, std::string_view text);

/// nil, message, extra: an expected outcome.
int push_failure(lua_State* L, std::string_view message, std::string_view name);

}  // namespace netsim::lua
