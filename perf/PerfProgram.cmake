# perf_program(<name> SOURCES ... [PEERS ...] [LIBS ...])
#
# One source, an executable <name>_<peer> for each peer: proactor (drop-in), proactor_typed,
# asio_epoll and asio_io_uring, or those that PEERS names. See support/context.hpp.
#
# perf_bare_program(<name> SOURCES ... [LIBS ...]): one executable that decides itself what it uses.
#
# The target `perf` builds them all, into one folder.

set(PERF_PROGRAM_FOLDER "${PROJECT_BINARY_DIR}/perf/bin")
set(PERF_PEERS proactor proactor_typed asio_epoll asio_io_uring)

# Everything that two programs of one peer share: flags and, since the sources are small beside what
# they include, the precompiled header.
foreach(peer IN LISTS PERF_PEERS)
    add_library(perf_flags_${peer} INTERFACE)
    target_link_libraries(perf_flags_${peer} INTERFACE
        proactor_warnings Boost::headers Threads::Threads)
    target_include_directories(perf_flags_${peer} INTERFACE "${PROJECT_SOURCE_DIR}/perf")
    target_compile_features(perf_flags_${peer} INTERFACE cxx_std_20)

    add_library(perf_precompiled_${peer} OBJECT support/precompiled.cpp)
    target_link_libraries(perf_precompiled_${peer} PRIVATE perf_flags_${peer})
    target_precompile_headers(perf_precompiled_${peer} PRIVATE
        "${PROJECT_SOURCE_DIR}/perf/support/context.hpp")
    set_target_properties(perf_precompiled_${peer} PROPERTIES CXX_EXTENSIONS OFF)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(perf_flags_${peer} INTERFACE -fpch-preprocess)
    elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        # A header that is newer but the same, after a fresh checkout, is not an error.
        target_compile_options(perf_flags_${peer} INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
endforeach()
target_link_libraries(perf_flags_proactor INTERFACE proactor::drop_in)
target_link_libraries(perf_flags_proactor_typed INTERFACE proactor::proactor)
target_compile_definitions(perf_flags_proactor_typed INTERFACE PERF_TYPED=1)
target_compile_definitions(perf_flags_asio_epoll INTERFACE PERF_ASIO=1)
target_link_libraries(perf_flags_asio_io_uring INTERFACE Liburing::uring)
target_compile_definitions(perf_flags_asio_io_uring INTERFACE
    PERF_ASIO=1 BOOST_ASIO_HAS_IO_URING BOOST_ASIO_DISABLE_EPOLL)

function(perf_executable program)
    add_executable(${program} ${ARGN})
    target_link_libraries(${program} PRIVATE perf_support perf_allocations)
    set_target_properties(${program} PROPERTIES
        CXX_EXTENSIONS OFF
        RUNTIME_OUTPUT_DIRECTORY "${PERF_PROGRAM_FOLDER}")
    add_dependencies(perf ${program})
endfunction()

function(perf_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PEERS;LIBS")
    if(NOT arg_PEERS)
        set(arg_PEERS ${PERF_PEERS})
    endif()
    foreach(peer IN LISTS arg_PEERS)
        perf_executable(${name}_${peer} ${arg_SOURCES})
        target_link_libraries(${name}_${peer} PRIVATE perf_flags_${peer} ${arg_LIBS})
        target_precompile_headers(${name}_${peer} REUSE_FROM perf_precompiled_${peer})
    endforeach()
endfunction()

function(perf_bare_program program)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
    perf_executable(${program} ${arg_SOURCES})
    target_link_libraries(${program} PRIVATE
        ${arg_LIBS} proactor_warnings Boost::headers Threads::Threads)
endfunction()
