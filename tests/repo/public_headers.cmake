# Compiles every public header alone, with the standard library only, in the widest set of warnings.
file(GLOB_RECURSE headers RELATIVE ${ROOT}/include ${ROOT}/include/*.hpp)
set(failures 0)
foreach(header ${headers})
    execute_process(
        COMMAND ${COMPILER} -std=c++20 -fsyntax-only -Wall -Wextra -Wshadow -Wpedantic -Werror -I ${ROOT}/include
                -include ${header} -x c++ /dev/null
        RESULT_VARIABLE result ERROR_VARIABLE text)
    if(NOT result EQUAL 0)
        message("${header}: does not compile alone\n${text}")
        math(EXPR failures "${failures} + 1")
    endif()
endforeach()
list(LENGTH headers count)
message("${count} public headers compiled alone")
if(count EQUAL 0 OR failures GREATER 0)
    message(FATAL_ERROR "${failures} public headers do not compile alone")
endif()
