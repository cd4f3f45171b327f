# Every dependency is a Debian package; docs/dependencies.md gives the reason for each.

# Notes the name by which a linker knows a library ("fftw3f"): the installed static libraries need it of their users, whose
# machine may keep the file elsewhere.
set(TUMBLE_LINK_NAMES "")
function(tumble_note_link_name file)
    get_filename_component(file ${file} REALPATH)
    get_filename_component(file ${file} NAME)
    string(REGEX REPLACE "^lib([^.]+)\\..*" "\\1" name ${file})
    set(TUMBLE_LINK_NAMES ${TUMBLE_LINK_NAMES} ${name} PARENT_SCOPE)
endfunction()

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(fmt REQUIRED)
# Its headers alone: src/core/fmt_text.cpp holds what its library would, in a namespace of our own, so that nothing is defined
# twice in a program that has another fmt beside ours.
add_library(tumble_fmt INTERFACE)
target_include_directories(tumble_fmt SYSTEM INTERFACE $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
target_compile_definitions(tumble_fmt INTERFACE "FMT_BEGIN_NAMESPACE=namespace fmt { inline namespace tumble {" "FMT_END_NAMESPACE=} }")
find_package(nlohmann_json 3.9 REQUIRED)
if(TUMBLE_PROGRAM)
    find_package(CLI11 REQUIRED)
endif()

# FFT: one interface (src/fourier/fft.hpp), two libraries behind it.
add_library(tumble_fft INTERFACE)
if(TUMBLE_FFT STREQUAL "fftw")
    find_path(FFTW3_INCLUDE_DIR fftw3.h REQUIRED)
    find_library(FFTW3F_LIBRARY fftw3f REQUIRED)
    target_include_directories(tumble_fft SYSTEM INTERFACE ${FFTW3_INCLUDE_DIR})
    target_link_libraries(tumble_fft INTERFACE ${FFTW3F_LIBRARY})
    tumble_note_link_name(${FFTW3F_LIBRARY})
elseif(TUMBLE_FFT STREQUAL "pocketfft")
    find_path(POCKETFFT_INCLUDE_DIR pocketfft_hdronly.h HINTS ${TUMBLE_POCKETFFT_DIR} REQUIRED)
    target_include_directories(tumble_fft SYSTEM INTERFACE ${POCKETFFT_INCLUDE_DIR})
else()
    message(FATAL_ERROR "TUMBLE_FFT is '${TUMBLE_FFT}': expected fftw or pocketfft")
endif()

# HDF5 is on by default and optional: without it there is no run.h5, hence no --resume.
set(TUMBLE_HDF5 AUTO CACHE STRING "Write run.h5: AUTO, ON or OFF")
if(NOT TUMBLE_HDF5 STREQUAL "OFF")
    find_package(HDF5 COMPONENTS C)
    if(HDF5_FOUND)
        add_library(tumble_hdf5 INTERFACE)
        target_include_directories(tumble_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
        target_link_libraries(tumble_hdf5 INTERFACE ${HDF5_C_LIBRARIES})
        list(GET HDF5_C_LIBRARIES 0 file)
        tumble_note_link_name(${file})
        set(TUMBLE_HDF5 ON)
    elseif(TUMBLE_HDF5 STREQUAL "ON")
        message(FATAL_ERROR "TUMBLE_HDF5 is ON but no HDF5 C library was found (Debian: libhdf5-dev)")
    else()
        set(TUMBLE_HDF5 OFF)
    endif()
endif()
message(STATUS "tumble: FFT ${TUMBLE_FFT}, HDF5 ${TUMBLE_HDF5}")
