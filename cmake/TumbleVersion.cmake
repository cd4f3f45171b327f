# The version is written once, in project(); the source revision is added where there is one.
execute_process(COMMAND git -C ${CMAKE_CURRENT_SOURCE_DIR} describe --always --dirty
    OUTPUT_VARIABLE TUMBLE_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    set(TUMBLE_REVISION "release")
endif()
configure_file(cmake/build_configuration.hpp.in generated/build_configuration.hpp @ONLY)
# The number of the binary interface is written once, in the header.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS include/tumble.h)
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/include/tumble.h line REGEX "define TUMBLE_ABI")
string(REGEX MATCH "[0-9]+" TUMBLE_ABI "${line}")
