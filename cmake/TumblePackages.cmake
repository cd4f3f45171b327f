# Debian packages by `cpack -G DEB`: the shared library, what is needed to build on it, and the program, as Debian parts them.
if(NOT PROJECT_IS_TOP_LEVEL)
    return()
endif()
set(library libtumble${TUMBLE_ABI})

# Every package carries its copyright; of a binary with Debian's FFTW inside, the licence is not tumble's alone.
file(READ LICENSE TUMBLE_LICENCE)
set(TUMBLE_FFT_NOTE "")
if(TUMBLE_FFT STREQUAL "fftw")
    set(TUMBLE_FFT_NOTE "The binaries of this package are linked with a library that has the interface of FFTW3. Where it is FFTW itself,
which is under the GNU General Public License, version 2 or later, they may be passed on under that licence only.\n\n")
endif()
file(CONFIGURE OUTPUT generated/copyright CONTENT "@TUMBLE_FFT_NOTE@tumble:\n\n@TUMBLE_LICENCE@" @ONLY)
set(components tumble_library tumble_development)
set(names ${library} libtumble-dev)
if(TUMBLE_PROGRAM)
    list(APPEND components tumble_program)
    list(APPEND names tumble)
endif()
foreach(component name IN ZIP_LISTS components names)
    install(FILES ${PROJECT_BINARY_DIR}/generated/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
    string(TOUPPER ${component} key)
    set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tumble)
set(CPACK_PACKAGE_VENDOR "the tumble authors")
set(CPACK_PACKAGE_CONTACT "the tumble authors <noreply@tumble.invalid>")  # dpkg demands an address; there is none
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)  # whatever the umask is
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_COMPONENT_TUMBLE_LIBRARY_DESCRIPTION "${PROJECT_DESCRIPTION}: the shared library")
set(CPACK_DEBIAN_TUMBLE_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_TUMBLE_LIBRARY_PACKAGE_RECOMMENDS zlib1g)  # loaded for compressed files alone, so that no tool finds it
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)  # what packages of others name when they are linked with it
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

set(CPACK_COMPONENT_TUMBLE_DEVELOPMENT_DESCRIPTION
    "${PROJECT_DESCRIPTION}: headers, static libraries, Fortran sources, and the files of CMake and pkg-config")
set(CPACK_DEBIAN_TUMBLE_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_TUMBLE_DEVELOPMENT_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION})")
# Only who links statically needs these.
set(recommended "")
if(TUMBLE_FFT STREQUAL "fftw")
    list(APPEND recommended libfftw3-dev)
endif()
if(TUMBLE_HDF5)
    list(APPEND recommended libhdf5-dev)
endif()
list(JOIN recommended ", " CPACK_DEBIAN_TUMBLE_DEVELOPMENT_PACKAGE_RECOMMENDS)

set(CPACK_COMPONENT_TUMBLE_PROGRAM_DESCRIPTION "${PROJECT_DESCRIPTION}: the program")
set(CPACK_DEBIAN_TUMBLE_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_TUMBLE_PROGRAM_PACKAGE_RECOMMENDS zlib1g)

# dpkg-shlibdeps finds the packages that the binaries need, with their versions; elsewhere the packages name none.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
mark_as_advanced(DPKG_SHLIBDEPS)
if(DPKG_SHLIBDEPS)
    set(CPACK_DEBIAN_TUMBLE_LIBRARY_PACKAGE_SHLIBDEPS ON)
    set(CPACK_DEBIAN_TUMBLE_PROGRAM_PACKAGE_SHLIBDEPS ON)
endif()
include(CPack)
