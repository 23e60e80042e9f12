# cmake --install: the program, the libraries and headers of the C++ API with a CMake package
# (find_package(netsim), netsim::netsim), the scripts and the topologies.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# What include/netsim needs at link time, and no more: lua and model stay inside the program.
set(netsim_public_layers base wire sim net tcp host app observe shell report api)
list(TRANSFORM netsim_public_layers PREPEND netsim_ OUTPUT_VARIABLE netsim_public_targets)

add_library(netsim_netsim INTERFACE)
set_target_properties(netsim_netsim PROPERTIES EXPORT_NAME netsim)
target_link_libraries(netsim_netsim INTERFACE netsim_api)
target_compile_features(netsim_netsim INTERFACE cxx_std_20)

install(TARGETS netsim_netsim ${netsim_public_targets} EXPORT netsimTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT netsimTargets NAMESPACE netsim:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/netsim)
configure_package_config_file(cmake/netsimConfig.cmake.in netsimConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/netsim)
write_basic_package_version_file(netsimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/netsimConfig.cmake ${CMAKE_BINARY_DIR}/netsimConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/netsim)

install(DIRECTORY include/netsim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY lua topologies DESTINATION ${CMAKE_INSTALL_DATADIR}/netsim)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET netsim)
  install(TARGETS netsim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
