# What holds for our own build only: warnings, sanitizers, linker, ccache. Never for a foreign project.

set(PROACTOR_SANITIZER "" CACHE STRING "Empty, address (with undefined) or thread")
set_property(CACHE PROACTOR_SANITIZER PROPERTY STRINGS "" address thread)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT DEFINED CMAKE_COMPILE_WARNING_AS_ERROR)
    set(CMAKE_COMPILE_WARNING_AS_ERROR ON)
endif()
add_library(proactor_warnings INTERFACE)
target_compile_options(proactor_warnings INTERFACE -Wall -Wextra -Wpedantic)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # These follow values through inlined code of Boost's and of the standard library's, and are
    # wrong about it at -O2: worth reading, not worth a failed build.
    foreach(warning IN ITEMS uninitialized maybe-uninitialized array-bounds stringop-overflow
            stringop-overread dangling-pointer use-after-free free-nonheap-object)
        target_compile_options(proactor_warnings INTERFACE -Wno-error=${warning})
    endforeach()
    # GCC 12 takes the inlined allocation of Asio's coroutine frames for a mismatch.
    target_compile_options(proactor_warnings INTERFACE -Wno-mismatched-new-delete)
endif()

if(PROACTOR_SANITIZER STREQUAL "address")
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(PROACTOR_SANITIZER STREQUAL "thread")
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
elseif(NOT PROACTOR_SANITIZER STREQUAL "")
    message(FATAL_ERROR "PROACTOR_SANITIZER is '${PROACTOR_SANITIZER}': address or thread")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A precompiled header alone is more than what GCC allocates before it collects garbage, which
    # then takes an eighth of the time and frees little.
    add_compile_options("SHELL:--param ggc-min-heapsize=1048576") # KiB
endif()

# A test with a sanitizer has 200 MB and links three times as fast. Release keeps what users have.
find_program(PROACTOR_LLD ld.lld)
if(PROACTOR_LLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_link_options(-fuse-ld=lld)
endif()

# With a precompiled header, ccache has to be told that time stamps do not matter.
find_program(PROACTOR_CCACHE ccache)
if(PROACTOR_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
        "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
        "${PROACTOR_CCACHE}")
endif()
