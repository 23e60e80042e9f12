# One INTERFACE target carries the flags of the whole project.
add_library(netsim_flags INTERFACE)
target_compile_options(netsim_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wnull-dereference -Werror
  # Contracted or reassociated floating point would make digests depend on the machine.
  -ffp-contract=off
  # g++ 12 warns falsely of overlap in "text" + std::string (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(NETSIM_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # In one translation unit no file is the main file, whose own types g++ lets have members of an
  # anonymous namespace.
  target_compile_options(netsim_flags INTERFACE -Wno-subobject-linkage)
endif()
if(NETSIM_INVARIANTS)
  target_compile_definitions(netsim_flags INTERFACE NETSIM_INVARIANTS)
endif()
