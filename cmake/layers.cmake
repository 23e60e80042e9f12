# netsim_layer(NAME LIBS...): one static library per folder under src/, from all .cpp files in it.
# With NETSIM_UNITY they are one translation unit: a twentieth of the time to compile, and calls within
# a layer are inlined across files.
function(netsim_layer name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(NOT sources)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty_${name}.cpp "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty_${name}.cpp)
  endif()
  add_library(netsim_${name} STATIC ${sources})
  if(NETSIM_UNITY)
    set_target_properties(netsim_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  endif()
  set_target_properties(netsim_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(netsim_${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src> $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>)
  # What runs for each packet: -O3 saves 4 to 5 % of the instructions of a handshake (docs/performance.md).
  if(name MATCHES "^(base|wire|sim|net|tcp|host|app)$")
    target_compile_options(netsim_${name} PRIVATE $<$<CONFIG:Release>:-O3>)
  endif()
  target_link_libraries(netsim_${name} PUBLIC ${ARGN} PRIVATE $<BUILD_INTERFACE:netsim_flags>)
endfunction()
