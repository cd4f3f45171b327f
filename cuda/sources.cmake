# The files of the CUDA side: compiled by nvcc and the host compiler for the module (CMakeLists.txt here), and all by the host
# compiler for the emulated device (tests/emulation).
set(TUMBLE_CUDA_HOST_SOURCES
    cuda_operations.cpp image_entries.cpp
    slice_entries.cpp panel_entries.cpp pose_entries.cpp
    runtime/check.cpp runtime/device.cpp runtime/fft_plan.cpp)
set(TUMBLE_CUDA_KERNEL_SOURCES
    kernels/central_slice.cu kernels/polar_images.cu kernels/panel_packing.cu kernels/pose_polish.cu)
list(TRANSFORM TUMBLE_CUDA_HOST_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
list(TRANSFORM TUMBLE_CUDA_KERNEL_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
