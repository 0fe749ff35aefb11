# What `cmake --install` puts where, and the package that find_package(kvproof) finds.
include(CMakePackageConfigHelpers)

set(KVPROOF_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/kvproof)

install(TARGETS kvproof_engine EXPORT kvproof_targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/kvproof)
install(DIRECTORY engine DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/kvproof
        FILES_MATCHING PATTERN "*.h" PATTERN tests EXCLUDE PATTERN tools EXCLUDE)
install(EXPORT kvproof_targets NAMESPACE kvproof:: DESTINATION ${KVPROOF_PACKAGE_DIR})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/kvproof-config.cmake.in
  ${PROJECT_BINARY_DIR}/kvproof-config.cmake INSTALL_DESTINATION ${KVPROOF_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kvproof-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kvproof-config.cmake ${PROJECT_BINARY_DIR}/kvproof-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/kvproof_strategy.cmake ${CMAKE_CURRENT_LIST_DIR}/kvproof_plugin.cpp.in
        DESTINATION ${KVPROOF_PACKAGE_DIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/kvproof)
