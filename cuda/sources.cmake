# The files of the CUDA side: compiled by nvcc and the host compiler for the module (CMakeLists.txt here), and all by the host
# compiler for the emulated device (tests/emulation).
set(TUMBLE_CUDA_HOST_SOURCES
    atom_entries.cpp copy_entry.cpp cuda_operations.cpp equation_entries.cpp image_entries.cpp panel_entries.cpp pose_entries.cpp
    search_entries.cpp
    slice_entries.cpp
    runtime/check.cpp runtime/device.cpp runtime/fft_plan.cpp runtime/memory_plan.cpp runtime/repeated_work.cpp
    runtime/staged_copies.cpp)
set(TUMBLE_CUDA_KERNEL_SOURCES
    kernels/atom_sums.cu kernels/brick_insertion.cu kernels/brick_sort.cu kernels/central_slice.cu kernels/choice.cu kernels/coarse_list.cu kernels/curve.cu
    kernels/density_compensation.cu kernels/image_preparation.cu kernels/insertion.cu kernels/panel_packing.cu kernels/polar_images.cu kernels/pose_polish.cu
    kernels/projected_overlap.cu kernels/score.cu)
list(TRANSFORM TUMBLE_CUDA_HOST_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
list(TRANSFORM TUMBLE_CUDA_KERNEL_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
