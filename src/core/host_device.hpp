#pragma once
// Marks element functions that the CPU and the CUDA backend share.
#if defined(__CUDACC__)
#define TUMBLE_HD __host__ __device__
#else
#define TUMBLE_HD
#endif
