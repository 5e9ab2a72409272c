# proactor_test(<area> WIDTH typed|drop_in SOURCES ... [LABELS ...] [LIBS ...] [SERIAL])
#
# An executable <area>_<width> of Boost.Test cases and, for each driver, the ctest entry
# <area>.<width>.<driver>, which runs it under PROACTOR_DRIVER=<driver>. Labels: area, width, driver
# and what LABELS adds; the label `threads` also makes the entry run alone. No sources, no test.
#
# Also defined here, for areas that cannot use proactor_test:
#   PROACTOR_TEST_DRIVERS   every driver that a test runs on
#   PROACTOR_TEST_WIDTHS    the widths of this build: drop_in alone under a sanitizer and with the
#                           newest Boost, else both
#   PROACTOR_TEST_TIMEOUT   the TIMEOUT of a ctest entry, in seconds
#   PROACTOR_TEST_WATCH     put before a command: prints all stacks when it takes too long
#   PROACTOR_TEST_IF_DRIVER put between these for an entry of one driver: skips it where the system
#                           cannot have the driver
#   threads_tests           target: everything that the label `threads` runs

set(PROACTOR_TEST_DRIVERS io_uring epoll)
set(PROACTOR_TEST_WIDTHS typed drop_in CACHE STRING "The widths in which areas are tested")
set(PROACTOR_TEST_TIMEOUT 60)
if(PROACTOR_SANITIZER)
    set(PROACTOR_TEST_WIDTHS drop_in)
    set(PROACTOR_TEST_TIMEOUT 120)
endif()
math(EXPR watch_seconds "${PROACTOR_TEST_TIMEOUT} - 12")
set(PROACTOR_TEST_WATCH sh "${PROJECT_SOURCE_DIR}/tools/test-watch.sh" ${watch_seconds})

option(PROACTOR_TEST_PCH "Precompile Asio, Boost.Test and <proactor.hpp> for the tests" ON)

find_package(Boost ${Boost_VERSION_STRING} EXACT QUIET CONFIG
    COMPONENTS context OPTIONAL_COMPONENTS unit_test_framework)
if(NOT Boost_FOUND OR NOT TARGET Boost::context)
    find_package(Boost 1.81 REQUIRED COMPONENTS context OPTIONAL_COMPONENTS unit_test_framework)
endif()
if(TARGET Boost::unit_test_framework)
    add_library(test_framework INTERFACE)
    target_link_libraries(test_framework INTERFACE Boost::unit_test_framework)
    target_compile_definitions(test_framework INTERFACE BOOST_TEST_DYN_LINK)
else() # a Boost of which there are headers only
    add_library(test_framework STATIC EXCLUDE_FROM_ALL
        "${PROJECT_SOURCE_DIR}/test/support/framework.cpp")
    target_link_libraries(test_framework PUBLIC Boost::headers)
    target_compile_definitions(test_framework PUBLIC
        BOOST_TEST_NO_MAIN BOOST_TEST_ALTERNATIVE_INIT_API)
endif()

add_custom_target(threads_tests)

add_executable(driver_available "${PROJECT_SOURCE_DIR}/test/support/driver_available.cpp")
target_link_libraries(driver_available PRIVATE proactor::proactor proactor_warnings)
add_dependencies(threads_tests driver_available)
set(PROACTOR_TEST_IF_DRIVER
    sh "${PROJECT_SOURCE_DIR}/test/support/if_driver.sh" $<TARGET_FILE:driver_available>)

# Everything that two executables of one width share: flags, main(), the precompiled header. They
# reuse that header, so their flags have to be the same.
foreach(width IN ITEMS typed drop_in)
    set(drop_in 0)
    set(library proactor::proactor)
    if(width STREQUAL "drop_in")
        set(drop_in 1)
        set(library proactor::drop_in)
    endif()

    add_library(test_flags_${width} INTERFACE)
    target_link_libraries(test_flags_${width} INTERFACE
        ${library} proactor_warnings test_framework Boost::context)
    target_include_directories(test_flags_${width} INTERFACE "${PROJECT_SOURCE_DIR}/test")
    target_compile_definitions(test_flags_${width} INTERFACE
        PROACTOR_TEST_DROP_IN=${drop_in})

    add_library(test_main_${width} OBJECT EXCLUDE_FROM_ALL
        "${PROJECT_SOURCE_DIR}/test/support/main.cpp")
    target_link_libraries(test_main_${width} PRIVATE test_flags_${width})
    set_target_properties(test_main_${width} PROPERTIES CXX_EXTENSIONS OFF)
    if(PROACTOR_TEST_PCH)
        target_precompile_headers(test_main_${width} PRIVATE
            <boost/asio.hpp> <boost/test/unit_test.hpp> <proactor.hpp>)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            target_compile_options(test_flags_${width} INTERFACE -fpch-preprocess)
        elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
            # A header that is newer but the same, after a fresh checkout, is not an error.
            target_compile_options(test_flags_${width} INTERFACE
                "SHELL:-Xclang -fno-pch-timestamp")
        endif()
    endif()
endforeach()

# One test entry: its name, the program, and what the environment has.
function(proactor_test_entry name program)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "SERIAL" "ENVIRONMENT;LABELS")
    add_test(NAME ${name} COMMAND ${PROACTOR_TEST_WATCH} ${PROACTOR_TEST_IF_DRIVER}
        $<TARGET_FILE:${program}>)
    set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "${arg_ENVIRONMENT}"
        LABELS "${arg_LABELS}"
        TIMEOUT ${PROACTOR_TEST_TIMEOUT}
        SKIP_RETURN_CODE 77
        RUN_SERIAL ${arg_SERIAL})
endfunction()

# MASKED: also on contexts over a ring that lacks opcodes. test/support/masked_driver.cpp then stands before
# the library's own function.
function(proactor_test area)
    cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL;MASKED" "WIDTH" "SOURCES;LABELS;LIBS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "proactor_test(${area}): what is '${arg_UNPARSED_ARGUMENTS}'?")
    endif()
    if(NOT arg_WIDTH MATCHES "^(typed|drop_in)$")
        message(FATAL_ERROR "proactor_test(${area}): WIDTH is typed or drop_in")
    endif()
    if(NOT arg_SOURCES)
        return()
    endif()

    set(program ${area}_${arg_WIDTH})
    add_executable(${program} ${arg_SOURCES} $<TARGET_OBJECTS:test_main_${arg_WIDTH}>)
    target_link_libraries(${program} PRIVATE test_flags_${arg_WIDTH} ${arg_LIBS})
    set_target_properties(${program} PROPERTIES CXX_EXTENSIONS OFF)
    if(PROACTOR_TEST_PCH)
        target_precompile_headers(${program} REUSE_FROM test_main_${arg_WIDTH})
    endif()
    if("threads" IN_LIST arg_LABELS)
        set(arg_SERIAL ON)
        add_dependencies(threads_tests ${program})
    endif()

    foreach(driver IN LISTS PROACTOR_TEST_DRIVERS)
        proactor_test_entry(${area}.${arg_WIDTH}.${driver} ${program} SERIAL ${arg_SERIAL}
            ENVIRONMENT "PROACTOR_DRIVER=${driver}"
            LABELS ${area} ${arg_WIDTH} ${driver} ${arg_LABELS})
    endforeach()
    if(arg_MASKED)
        target_sources(${program} PRIVATE "${PROJECT_SOURCE_DIR}/test/support/masked_driver.cpp")
        target_link_options(${program} PRIVATE
            "LINKER:--wrap=_ZN8proactor11open_driverERKNS_14driver_optionsE")
        proactor_test_entry(${area}.${arg_WIDTH}.io_uring_masked ${program} SERIAL ${arg_SERIAL}
            ENVIRONMENT "PROACTOR_DRIVER=io_uring" "PROACTOR_TEST_MASKED=1"
            LABELS ${area} ${arg_WIDTH} io_uring ${arg_LABELS})
    endif()
endfunction()
