#pragma once
// The copies of phase_sums for each instruction set; phase_sums.cpp picks one.
#include "atoms/phase_sums.hpp"

namespace tumble {

using SumWaves = void (*)(const float* c_re, const float* c_im, const float* e_re, const float* e_im,
                          std::int64_t atoms, int columns, float* out_re, float* out_im);
using MomentWaves = void (*)(const WaveGrid& grid, const float* ex_re, const float* ex_im, const float* ey_re,
                             const float* ey_im, WaveMoments& out);

namespace portable {
void sum_waves(const float*, const float*, const float*, const float*, std::int64_t, int, float*, float*);
void moment_waves(const WaveGrid&, const float*, const float*, const float*, const float*, WaveMoments&);
}  // namespace portable

namespace avx2 {
void sum_waves(const float*, const float*, const float*, const float*, std::int64_t, int, float*, float*);
void moment_waves(const WaveGrid&, const float*, const float*, const float*, const float*, WaveMoments&);
}  // namespace avx2

namespace avx512 {
void sum_waves(const float*, const float*, const float*, const float*, std::int64_t, int, float*, float*);
void moment_waves(const WaveGrid&, const float*, const float*, const float*, const float*, WaveMoments&);
}  // namespace avx512

}  // namespace tumble
