# Checks every #include "..." below include/, src/ and cuda/ against the table of who may include whom (DESIGN 2, docs/architecture
# in CONTRIBUTING). Third-party headers may appear only in the folders that own them, and never in include/.
cmake_policy(SET CMP0057 NEW)

set(public tumble)
set(may_core ${public} core)
set(may_io ${public} core io)
set(may_fourier ${public} core fourier)
set(may_pose ${public} core fourier pose)
set(may_map ${public} core fourier map)
set(may_atoms ${public} core fourier map atoms)
set(may_backend ${public} core fourier pose atoms backend)
set(may_reconstruct ${public} core io fourier pose map atoms backend reconstruct)
set(may_operators ${public} core fourier pose map atoms backend reconstruct operators)
# The program is a client like any other, so that the interface is proved complete; 'benchmarks' for its verb of that name.
set(may_app ${public} io app benchmarks)

# The CUDA side: its own folders, sizes and windows of the grids, and of the other rooms only element headers.
set(may_cuda tumble core backend fourier runtime kernels)
set(cuda_headers "context.hpp" "entries.hpp" "resident.hpp")

# A type or a small function of another room that a file needs, and nothing else of that room.
set(types_only "atoms/atom_sums.hpp -> pose/prepared_images.hpp"
    "cuda/kernels/atom_sums.cu -> atoms/half_plane_grid.hpp"
    "cuda/panel_entries.cpp -> pose/polar_transform.hpp" "cuda/search_entries.cpp -> pose/soft_assignment.hpp"
    "cuda/image_entries.cpp -> pose/preparation_tables.hpp" "cuda/kernels/image_preparation.cu -> pose/preparation_tables.hpp"
    "cuda/kernels/image_preparation.hpp -> pose/image_preparation.hpp")

# Third-party header -> rooms that own it.
set(third_party "hdf5.h" "fftw3.h" "zlib.h" "Eigen/" "CLI/" "pocketfft" "cuda" "cufft" "iostream")
set(owners_cuda cuda)
set(owners_cufft cuda)
set(owners_iostream "")
set(owners_hdf5.h io)
set(owners_fftw3.h fourier)
set(owners_zlib.h io)
set(owners_CLI/ app)
set(owners_pocketfft fourier)
set(owners_Eigen/ core fourier pose map atoms reconstruct)

set(violations 0)
set(checked 0)
function(violation text)
    message("${text}")
    math(EXPR n "${violations} + 1")
    set(violations ${n} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/include/*.hpp ${ROOT}/src/*.hpp ${ROOT}/src/*.cpp
    ${ROOT}/cuda/*.hpp ${ROOT}/cuda/*.cpp ${ROOT}/cuda/*.cu)
foreach(file ${files})
    string(REGEX REPLACE "^(src/)?([^/]+)/.*" "\\2" room ${file})
    string(REGEX REPLACE "^src/" "" short ${file})
    file(STRINGS ${ROOT}/${file} lines REGEX "^ *# *include ")
    foreach(line ${lines})
        math(EXPR checked "${checked} + 1")
        if(line MATCHES "include \"([^\"]+)\"")
            set(included ${CMAKE_MATCH_1})
            if(NOT included MATCHES "/")
                if(NOT (included STREQUAL "build_configuration.hpp" AND room STREQUAL "core") AND
                   NOT (included IN_LIST cuda_headers AND room STREQUAL "cuda"))
                    violation("${file}: includes \"${included}\" without its folder")
                endif()
                continue()
            endif()
            string(REGEX REPLACE "/.*" "" other ${included})
            if(room STREQUAL "include")
                if(NOT other STREQUAL "tumble")
                    violation("${file}: a public header includes \"${included}\"")
                endif()
            elseif(NOT DEFINED may_${room})
                violation("${file}: src/${room} is not in the table of tests/repo/layering.cmake")
            elseif(room STREQUAL "cuda" AND included MATCHES "_element\\.hpp$")
                continue()
            elseif(NOT other IN_LIST may_${room} AND NOT "${short} -> ${included}" IN_LIST types_only)
                violation("${file}: ${room} may not include \"${included}\" (allowed: ${may_${room}})")
            endif()
        elseif(line MATCHES "include <([^>]+)>")
            set(included ${CMAKE_MATCH_1})
            foreach(library ${third_party})
                string(FIND ${included} ${library} at)
                if(at EQUAL 0 AND NOT room IN_LIST owners_${library})
                    violation("${file}: ${room} may not include <${included}> (owned by: ${owners_${library}})")
                endif()
            endforeach()
        endif()
    endforeach()
endforeach()

message("${checked} includes checked")
if(checked EQUAL 0 OR violations GREATER 0)
    message(FATAL_ERROR "${violations} includes break the table")
endif()
