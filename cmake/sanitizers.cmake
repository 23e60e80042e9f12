# NETSIM_SANITIZE=address,undefined or thread (presets dev and tsan): one setting for all targets,
# carried by netsim_flags to what is compiled and to what is linked.
set(NETSIM_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
if(NETSIM_SANITIZE)
  target_compile_options(netsim_flags INTERFACE
    -fsanitize=${NETSIM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # Instrumented code makes g++ see null and uninitialised values where there are none (in
    # libstdc++'s <regex>, for one); the release build keeps both warnings.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-null-dereference;-Wno-maybe-uninitialized>)
  target_link_options(netsim_flags INTERFACE -fsanitize=${NETSIM_SANITIZE})
endif()
