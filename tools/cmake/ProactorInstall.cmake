# The CMake package: find_package(proactor) gives proactor::proactor and proactor::drop_in.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/proactor")

install(TARGETS proactor proactor_drop_in EXPORT proactor_targets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT proactor_targets
    NAMESPACE proactor::
    FILE proactorTargets.cmake
    DESTINATION "${package_folder}")

configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/tools/cmake/proactorConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/proactorConfig.cmake"
    INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/proactorConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/proactorConfig.cmake"
    "${PROJECT_BINARY_DIR}/proactorConfigVersion.cmake"
    "${PROJECT_SOURCE_DIR}/tools/cmake/FindLiburing.cmake"
    DESTINATION "${package_folder}")
