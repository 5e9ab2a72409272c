# The targets proactor::proactor and proactor::drop_in.

# This compiles a probe, under the warning flags of whoever adds us; -Werror must not decide it.
set(saved_flags "${CMAKE_REQUIRED_FLAGS}")
if(NOT MSVC)
    string(APPEND CMAKE_REQUIRED_FLAGS " -w")
endif()
find_package(Threads REQUIRED)
set(CMAKE_REQUIRED_FLAGS "${saved_flags}")

# CONFIG first, because FindBoost is gone from newer CMake; FindBoost second, for a Boost that was
# only unpacked and has no CMake package.
if(NOT TARGET Boost::headers)
    find_package(Boost 1.81 QUIET CONFIG)
    if(NOT Boost_FOUND)
        find_package(Boost 1.81 REQUIRED)
    endif()
endif()

# A platform is a folder: everything under src/driver/<folder>/ is compiled where it is named here.
set(driver_folders)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    list(APPEND driver_folders io_uring readiness epoll linux_aio posix)
endif()

file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.cpp")
foreach(source IN LISTS sources)
    if(source MATCHES "/src/driver/([^/]+)/" AND NOT CMAKE_MATCH_1 IN_LIST driver_folders)
        list(REMOVE_ITEM sources "${source}")
    endif()
endforeach()

add_library(proactor ${sources})
add_library(proactor::proactor ALIAS proactor)
target_compile_features(proactor PUBLIC cxx_std_20)
set_target_properties(proactor PROPERTIES
    CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON)
# The library's own calls are to itself and may be inlined, position independent or not.
target_compile_options(proactor PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
target_include_directories(proactor PRIVATE
    "${PROJECT_SOURCE_DIR}/include"
    "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(proactor PUBLIC Boost::headers Threads::Threads)

if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    find_package(Liburing 2.3 REQUIRED)
    # PRIVATE: no user sees the header; those who link the static library still get -luring.
    target_link_libraries(proactor PRIVATE Liburing::uring)
endif()

if(PROJECT_IS_TOP_LEVEL)
    target_include_directories(proactor INTERFACE
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
        "$<INSTALL_INTERFACE:include>")
    target_link_libraries(proactor PRIVATE "$<BUILD_INTERFACE:proactor_warnings>")
else()
    # A foreign project's warning flags judge its own code, not ours.
    target_include_directories(proactor SYSTEM INTERFACE "${PROJECT_SOURCE_DIR}/include")
    if(NOT MSVC)
        target_compile_options(proactor PRIVATE -Wno-error)
    endif()
endif()

# The folder shadows one header of Boost's, so it has to be searched before Boost's: never as a
# system folder (those are searched last), also not by users of the installed package.
add_library(proactor_drop_in INTERFACE)
add_library(proactor::drop_in ALIAS proactor_drop_in)
set_target_properties(proactor_drop_in PROPERTIES
    EXPORT_NAME drop_in
    EXPORT_NO_SYSTEM ON)
target_include_directories(proactor_drop_in BEFORE INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include/proactor/drop_in>"
    "$<INSTALL_INTERFACE:include/proactor/drop_in>")
target_link_libraries(proactor_drop_in INTERFACE proactor)
