# Liburing::uring. Needs no pkg-config; also installed beside proactorConfig.cmake.

find_path(Liburing_INCLUDE_DIR liburing.h)
find_library(Liburing_LIBRARY uring)

# liburing says its version in its own header since 2.4; before that only pkg-config knows.
set(Liburing_VERSION "")
if(EXISTS "${Liburing_INCLUDE_DIR}/liburing/io_uring_version.h")
    file(STRINGS "${Liburing_INCLUDE_DIR}/liburing/io_uring_version.h" lines
        REGEX "define IO_URING_VERSION_(MAJOR|MINOR) ")
    if("${lines}" MATCHES "MAJOR ([0-9]+).*MINOR ([0-9]+)")
        set(Liburing_VERSION "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")
    endif()
elseif(Liburing_LIBRARY)
    get_filename_component(folder "${Liburing_LIBRARY}" DIRECTORY)
    if(EXISTS "${folder}/pkgconfig/liburing.pc")
        file(STRINGS "${folder}/pkgconfig/liburing.pc" lines REGEX "^Version:")
        string(REGEX MATCH "[0-9.]+" Liburing_VERSION "${lines}")
    endif()
endif()

include(FindPackageHandleStandardArgs)
if(Liburing_VERSION STREQUAL "")
    # Unknown is not too old: the compiler will say what is missing.
    unset(Liburing_FIND_VERSION)
    find_package_handle_standard_args(Liburing
        REQUIRED_VARS Liburing_LIBRARY Liburing_INCLUDE_DIR)
else()
    find_package_handle_standard_args(Liburing
        REQUIRED_VARS Liburing_LIBRARY Liburing_INCLUDE_DIR
        VERSION_VAR Liburing_VERSION)
endif()
mark_as_advanced(Liburing_INCLUDE_DIR Liburing_LIBRARY)

if(Liburing_FOUND AND NOT TARGET Liburing::uring)
    add_library(Liburing::uring UNKNOWN IMPORTED)
    set_target_properties(Liburing::uring PROPERTIES
        IMPORTED_LOCATION "${Liburing_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${Liburing_INCLUDE_DIR}")
endif()
