target_sources(tumble_benchmarks PRIVATE search_benchmark.cpp search_scene.cpp)
tumble_kernel(tumble_benchmarks search_baseline_kernel.cpp)
target_compile_definitions(tumble_benchmarks PRIVATE TUMBLE_FFT_$<UPPER_CASE:${TUMBLE_FFT}>=1)
