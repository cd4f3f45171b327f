# What cmake --install lays down, in three components, which are also the Debian packages (TumblePackages.cmake).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tumble)

if(TUMBLE_PROGRAM)
    install(TARGETS tumble RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tumble_program)
endif()
install(TARGETS tumble_c EXPORT tumble LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT tumble_library NAMELINK_COMPONENT tumble_development)
install(TARGETS tumble_core tumble_c_static EXPORT tumble_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT tumble_development)
# --strip leaves archives as they are, and a tree with tests has debug information in this one (capi/CMakeLists.txt).
install(CODE "if(CMAKE_INSTALL_DO_STRIP)
    execute_process(COMMAND ${CMAKE_STRIP} --strip-debug
        \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libtumble.a\")
endif()" COMPONENT tumble_development)
install(FILES include/tumble.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT tumble_development)
install(DIRECTORY include/tumble DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT tumble_development)
# Fortran modules are of one compiler each: the sources go along, to be compiled with the caller's own.
install(FILES capi/fortran/tumble_c.f90 capi/fortran/tumble.f90 capi/fortran/tumble_runs.f90 capi/fortran/tumble_operators.f90
    DESTINATION ${CMAKE_INSTALL_DATADIR}/tumble/fortran
    COMPONENT tumble_development)
install(DIRECTORY capi/julia/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tumble/julia COMPONENT tumble_development)

# CMake's find_package. The static targets have a file of their own: it is read where what they need is found.
configure_file(cmake/tumble-config.cmake.in generated/tumble-config.cmake @ONLY)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/tumble-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/tumble-config.cmake ${PROJECT_BINARY_DIR}/generated/tumble-config-version.cmake
    DESTINATION ${package_dir} COMPONENT tumble_development)
install(EXPORT tumble FILE tumble-targets.cmake NAMESPACE tumble:: DESTINATION ${package_dir} COMPONENT tumble_development)
install(EXPORT tumble_static FILE tumble-static-targets.cmake NAMESPACE tumble:: DESTINATION ${package_dir}
    COMPONENT tumble_development)

# pkg-config. The prefix is told from where the file lies, so that a moved installation stays right. A linker that is called
# through the C compiler must also be told of the C++ runtime.
file(RELATIVE_PATH TUMBLE_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" TUMBLE_PC_TO_PREFIX ${TUMBLE_PC_TO_PREFIX})
set(runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM runtime ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_DUPLICATES runtime)
list(TRANSFORM TUMBLE_LINK_NAMES PREPEND "-l" OUTPUT_VARIABLE linked)
list(TRANSFORM runtime PREPEND "-l")
list(JOIN linked " " linked)
list(JOIN runtime " " runtime)
set(TUMBLE_PC_LIBS_PRIVATE "-ltumble_core ${linked} ${CMAKE_THREAD_LIBS_INIT} -l${CMAKE_DL_LIBS} ${runtime}")
configure_file(cmake/tumble.pc.in generated/tumble.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/generated/tumble.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT tumble_development)
