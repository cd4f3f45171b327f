target_sources(tumble_benchmarks PRIVATE ${CMAKE_CURRENT_LIST_DIR}/fourier_benchmark.cpp
    ${CMAKE_CURRENT_LIST_DIR}/fourier_pipe_menon.cpp)
