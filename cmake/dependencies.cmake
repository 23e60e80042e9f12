# All from Debian 12; the launcher installs what is missing (packages.txt).
# Static: the shared one loads Boost.Regex and with it 30 MB of ICU at every start.
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.74 REQUIRED COMPONENTS graph)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(absl REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)

# Random123 is headers only and has no CMake package.
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)

# Nettle (MD5, for signed segments) has no CMake package.
find_path(NETTLE_INCLUDE_DIR nettle/md5.h REQUIRED)
find_library(NETTLE_LIBRARY nettle REQUIRED)

# libedit (the line editor of netsim shell) has no CMake package.
find_path(LIBEDIT_INCLUDE_DIR histedit.h REQUIRED)
find_library(LIBEDIT_LIBRARY edit REQUIRED)

find_package(Threads REQUIRED)

# Lua 5.4 built as C++, so that errors unwind C++ frames (docs/decisions). Not the C library.
find_path(LUA_INCLUDE_DIR lua.h PATH_SUFFIXES lua5.4 REQUIRED)
find_library(LUA_CXX_LIBRARY lua5.4-c++ REQUIRED)
add_library(netsim_lua54 INTERFACE)
target_include_directories(netsim_lua54 SYSTEM INTERFACE ${LUA_INCLUDE_DIR})
target_link_libraries(netsim_lua54 INTERFACE ${LUA_CXX_LIBRARY} ${CMAKE_DL_LIBS})
