#include "atoms/phase_sums.hpp"

#include "atoms/phase_sums_kernel.hpp"
#include "core/cpu_features.hpp"

namespace tumble {
namespace {

struct Kernels {
    SumWaves sum;
    MomentWaves moments;
};

Kernels best_kernels() {
#if defined(__x86_64__)
    switch (detected_instruction_set()) {
        case InstructionSet::avx512:
            return {avx512::sum_waves, avx512::moment_waves};
        case InstructionSet::avx2:
            return {avx2::sum_waves, avx2::moment_waves};
        case InstructionSet::portable:
            break;
    }
#endif
    return {portable::sum_waves, portable::moment_waves};
}

const Kernels& kernels() {
    static const Kernels chosen = best_kernels();
    return chosen;
}

}  // namespace

void sum_waves(const float* c_re, const float* c_im, const float* e_re, const float* e_im, std::int64_t atoms,
               int columns, float* out_re, float* out_im) {
    kernels().sum(c_re, c_im, e_re, e_im, atoms, columns, out_re, out_im);
}

void moment_waves(const WaveGrid& grid, const float* ex_re, const float* ex_im, const float* ey_re,
                  const float* ey_im, WaveMoments& out) {
    kernels().moments(grid, ex_re, ex_im, ey_re, ey_im, out);
}

}  // namespace tumble
