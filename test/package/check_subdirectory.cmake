# cmake -D BUILD=<build folder of the consumer> -D FLAGS=<its CMAKE_CXX_FLAGS> -P this
#
# Of a project added by add_subdirectory only the library is configured.

function(refuse what file text)
    if(text MATCHES "${what}")
        message(SEND_ERROR "${file} has '${CMAKE_MATCH_0}'")
    endif()
endfunction()

file(READ "${BUILD}/CMakeCache.txt" text)
refuse("boost_unit_test_framework|PROACTOR_CCACHE|PROACTOR_SANITIZER" CMakeCache.txt "${text}")

file(READ "${BUILD}/build.ninja" text)
string(REPLACE "${FLAGS}" "" text "${text}")
refuse("-Werror|cmake_pch|unit_test|-fsanitize|file_server" build.ninja "${text}")

file(READ "${BUILD}/proactor/cmake_install.cmake" text)
refuse("file\\(INSTALL" cmake_install.cmake "${text}")

foreach(file IN ITEMS proactor/CTestTestfile.cmake proactor/test proactor/example
        proactor/proactorConfig.cmake)
    if(EXISTS "${BUILD}/${file}")
        message(SEND_ERROR "${file} is there")
    endif()
endforeach()
