# Inside another project (add_subdirectory) only the libraries are made, and nothing is installed, unless it asks for more.
option(TUMBLE_PROGRAM "Build the program" ${PROJECT_IS_TOP_LEVEL})
option(TUMBLE_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(TUMBLE_BENCHMARKS "Build the benchmarks behind 'tumble benchmark'" ${PROJECT_IS_TOP_LEVEL})
option(TUMBLE_INSTALL "Make the rules of cmake --install" ${PROJECT_IS_TOP_LEVEL})
option(TUMBLE_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
option(TUMBLE_CHECK_HANDLES "The C interface refuses handles that have been destroyed" OFF)
if(TUMBLE_TESTS AND NOT TUMBLE_PROGRAM)
    message(FATAL_ERROR "TUMBLE_TESTS is ON and TUMBLE_PROGRAM is OFF: the tests run the program")
endif()
option(TUMBLE_COVERAGE "Count the lines of cuda/ that run on the emulated device (scripts/coverage.sh)" OFF)
set(TUMBLE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")
set(TUMBLE_FFT "fftw" CACHE STRING "CPU FFT: fftw (any library with the FFTW3 single-precision interface) or pocketfft")
set_property(CACHE TUMBLE_FFT PROPERTY STRINGS fftw pocketfft)
set(TUMBLE_POCKETFFT_DIR "" CACHE PATH "Folder that holds pocketfft_hdronly.h, for TUMBLE_FFT=pocketfft")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3")  # no NDEBUG: assertions stay on

add_library(tumble_warnings INTERFACE)
target_compile_options(tumble_warnings INTERFACE -Wall -Wextra -Wshadow -Wpedantic
    $<$<BOOL:${TUMBLE_WERROR}>:-Werror>)
# errno is never read after a maths call; the flag lets square roots and the like vectorise.
target_compile_options(tumble_warnings INTERFACE -fno-math-errno)

add_library(tumble_sanitizers INTERFACE)
if(TUMBLE_SANITIZE)
    target_compile_options(tumble_sanitizers INTERFACE -fsanitize=${TUMBLE_SANITIZE} -fno-omit-frame-pointer -g1)
    target_link_options(tumble_sanitizers INTERFACE -fsanitize=${TUMBLE_SANITIZE})
endif()

# Headers of others that most files of a target include, parsed once. In the sanitizer builds alone: the others show that each
# file includes what it needs.
function(tumble_precompile target)
    if(TUMBLE_SANITIZE)
        target_precompile_headers(${target} PRIVATE ${ARGN})
    endif()
endfunction()
