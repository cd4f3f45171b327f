# Hot loops are compiled once for each instruction set and chosen at run time by CPU features (core/cpu_features.hpp),
# so that one binary serves every x86-64 machine. A kernel file puts its code in namespace TUMBLE_ISA; its dispatcher
# picks one. On other processors only the portable copy is built.
function(tumble_kernel target source)
    get_filename_component(stem ${source} NAME_WE)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        set(sets portable avx2 avx512)
    else()
        set(sets portable)
    endif()
    set(flags_portable "")
    set(flags_avx2 -march=haswell)
    # GCC and Clang default to 256-bit vectors on AVX-512 machines; the scoring tile is written for 512.
    set(flags_avx512 -march=skylake-avx512 -mprefer-vector-width=512)
    foreach(set ${sets})
        set(object tumble_${stem}_${set})
        add_library(${object} OBJECT ${source})
        target_compile_definitions(${object} PRIVATE TUMBLE_ISA=${set} TUMBLE_ISA_${set}=1)
        # Rounding to integers and choices between values in vectors: nobody asks for errno or for floating-point traps here.
        # Neither flag changes a result.
        target_compile_options(${object} PRIVATE ${flags_${set}} -fno-math-errno -fno-trapping-math)
        target_include_directories(${object} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
        target_link_libraries(${object} PRIVATE tumble_warnings tumble_sanitizers)
        set_target_properties(${object} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
    endforeach()
endfunction()
